#!/usr/bin/env bash
# Builds and starts the whole product with its demo.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$root/scripts/setup.sh" run
use_rust && use_node
"$root/scripts/web.sh"
say "Building the server (the first time takes some minutes)"
cd "$root/pbx-server"
cargo build --locked --quiet --workspace --bin voxera
# The portal of this build, not what a release binary carries.
exec "$target/debug/voxera" serve --demo --next-free-ports --state-dir "$(state_dir)" "$@"
