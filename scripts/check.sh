#!/usr/bin/env bash
# Everything that is wrong without running it: format, lints, types, stale files, proofs.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$root/scripts/setup.sh" check
use_rust && use_node
"$root/scripts/web.sh"

failed=()
check() {
    local what=$1
    shift
    say "$what"
    "$@" || failed+=("$what")
}

cd "$root/pbx-server"
check "Rust: format" cargo fmt --all --check
check "Rust: lints" cargo clippy --locked --quiet --workspace --all-targets -- -D warnings
check "The contract is what the server says" "$root/scripts/contract.sh" check
cd "$root/pbx-web"
check "Portal: types" npm run --silent typecheck
check "Portal: lints" npm run --silent lint
check "Portal: size" npm run --silent size
cd "$root"
check "Requirements have their proofs" scripts/requirements.py
check "Shell scripts" shellcheck -x -P scripts scripts/*.sh packaging/*.sh .ci/run
check "Nothing big, unfinished or secret in the tree" scripts/tidy.sh

[ ${#failed[@]} -eq 0 ] || die "Not clean: $(printf '%s; ' "${failed[@]}")"
say "Clean."
