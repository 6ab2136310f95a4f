#!/usr/bin/env bash
# Every test: server (with its own PostgreSQL and real phones), portal, browser.
#   scripts/test.sh [server|web|browser]   one part only
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
part=${1:-all}
"$root/scripts/setup.sh" test
use_rust && use_node
"$root/scripts/web.sh"

server() {
    say "Testing the server"
    (cd "$root/pbx-server" && cargo test --locked --workspace --quiet --no-fail-fast)
    freeswitch
}

# Needs a FreeSWITCH that the operator installed (docs/freeswitch.md); without one it says what it skips.
freeswitch() {
    local tests=(cargo test --locked --quiet --workspace --test freeswitch --)
    if [[ -n ${FREESWITCH:-} ]]; then
        say "Testing with $("$FREESWITCH" -version)"
        (cd "$root/pbx-server" && "${tests[@]}" --ignored --test-threads=2)
    else
        local skipped
        skipped=$(cd "$root/pbx-server" && "${tests[@]}" --ignored --list | sed -n 's/: test$//p')
        say "Skipped $(wc -l <<<"$skipped") tests with a real FreeSWITCH (FREESWITCH=/path/to/freeswitch runs them):"
        printf '    %s\n' "${skipped//$'\n'/$'\n'    }"
    fi
}

web() {
    say "Testing the portal"
    (cd "$root/pbx-web" && npm run --silent test)
}

# The walks through the portal use the same binary as the server's tests.
browser() {
    say "Testing in the browser"
    (cd "$root/pbx-server" && cargo build --locked --quiet --workspace --bin voxera)
    (cd "$root/pbx-web" && VOXERA_BIN="$target/debug/voxera" npm run --silent e2e)
}

began=$SECONDS
case $part in
all)
    web
    server
    browser
    ;;
server | web | browser) "$part" ;;
*) die "Say server, web or browser, or nothing for all of them." ;;
esac
say "All of it passed in $(((SECONDS - began) / 60)) min $(((SECONDS - began) % 60)) s."
