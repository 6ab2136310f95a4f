#!/usr/bin/env bash
# The API's contract and the portal's types come from the server's code.
#   scripts/contract.sh write|check
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$root/scripts/setup.sh" run
use_rust && use_node
"$root/scripts/web.sh" deps
now=$(mktemp)
trap 'rm -f "$now"' EXIT
(cd "$root/pbx-server" && cargo build --locked --quiet --workspace --bin voxera)
"$target/debug/voxera" openapi >"$now"
cd "$root/pbx-web"
case ${1:-check} in
write)
    cp "$now" "$root/contracts/openapi.yaml"
    npm run --silent types
    ;;
check)
    diff -u "$root/contracts/openapi.yaml" "$now" >&2 || die "contracts/openapi.yaml is stale: make contract"
    npm run --silent types:check >/dev/null || die "The portal's types are stale: make contract"
    ;;
*) die "Say write or check." ;;
esac
