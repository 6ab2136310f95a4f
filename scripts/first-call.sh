#!/usr/bin/env bash
# With `make run` going: two phones register with the demo's credentials and talk to each other.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
demo=$(state_dir)/demo.json
if [ ! -e "$demo" ]; then
    die "There is no demo in $(state_dir) yet. Start the product in another terminal, and leave it running: make run"
fi
[ -r "$demo" ] || die "$demo belongs to another user: make this call as the user who started the product."
have baresip || die "The phones are missing: apt-get install baresip-core (scripts/setup.sh run does it)."
exec python3 "$root/scripts/first_call.py" "$demo"
