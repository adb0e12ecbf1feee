#!/usr/bin/env bash
# Mixed work on every path with a pattern in each block, for a minute (ten with --full), four threads
# on whatever cores there are. The seed is the day's: a run that fails names it, and
# `.ci/soak.sh SECONDS SEED` repeats its choices, though not the order of its threads.
source "$(dirname "$0")/common.bash"
seconds=${1:-$([ "$FULL" = 1 ] && echo 600 || echo 60)}
seed=${2:-$(date +%Y%m%d)}
run cargo build -q --release -p gomalloc --example soak || exit 1
run timeout $((seconds * 2 + 60)) "${CARGO_TARGET_DIR:-target}/release/examples/soak" \
  --seconds "$seconds" --threads 4 --seed "$seed"
