#!/usr/bin/env bash
# Takes the README's pictures from a product with two phones in a call.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$root/scripts/setup.sh" test
use_rust && use_node
"$root/scripts/web.sh"
(cd "$root/pbx-server" && cargo build --locked --quiet --workspace --bin voxera)
cd "$root/pbx-web"
VOXERA_BIN="$target/debug/voxera" npm run --silent pictures
