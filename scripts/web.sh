#!/usr/bin/env bash
# Builds the portal into pbx-web/dist when its sources changed.
#   scripts/web.sh [deps]   "deps": only what npm installs
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
use_node || die "Node is missing: scripts/setup.sh run"
cd "$root/pbx-web"

deps() {
    # npm writes this file last, so a broken installation is done again.
    if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
        say "Installing the portal's packages from npm"
        npm ci --no-audit --no-fund --loglevel=error || die "npm ci failed: is registry.npmjs.org reachable?"
        touch node_modules/.package-lock.json
    fi
}

build() {
    local now
    now=$(find src public index.html package.json package-lock.json vite.config.ts tsconfig*.json -type f -print0 2>/dev/null |
        sort -z | xargs -0 sha256sum | sha256sum)
    if [ -e dist/index.html ] && [ "$(cat "$cache/web.stamp" 2>/dev/null)" = "$now" ]; then
        return 0
    fi
    say "Building the portal"
    npm run --silent build -- --logLevel warn || die "The portal does not build."
    echo "$now" >"$cache/web.stamp"
}

with_lock deps
[ "${1:-}" = deps ] || with_lock build
