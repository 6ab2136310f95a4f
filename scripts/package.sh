#!/usr/bin/env bash
# Builds dist/voxera_<version>_<arch>.deb: the release binary with the portal inside.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$root/scripts/setup.sh" run
use_rust && use_node
"$root/scripts/web.sh"
(cd "$root/pbx-server" && cargo build --locked --quiet --release -p voxera-server --bin voxera)
"$root/packaging/build-deb.sh" "$target/release/voxera" "$root/dist"
ls -l "$root"/dist/*.deb
