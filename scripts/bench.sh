#!/usr/bin/env bash
# Measures, each number beside its baseline from the same run: scripts/bench.sh [decide|calls|relay|sound|browsers|http|answers|freeswitch]
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh
scripts/setup.sh run

cd pbx-server
cargo build --release -p voxera-server -p voxera-bench
target=${CARGO_TARGET_DIR:-target}
echo "$(nproc) × $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), load $(cut -d' ' -f1 /proc/loadavg) before the start"
echo "Each number is the median of its rounds; ± is half the distance between the extremes."
VOXERA_BIN="$(realpath "$target/release/voxera")" "$target/release/voxera-bench" "${1:-all}"
