#!/usr/bin/env bash
# Every workload runs on the allocators that need nothing but Rust, alternated by the same command
# that compares them. No figure is taken: machines of continuous integration are shared.
source "$(dirname "$0")/common.bash"
peers=gomalloc,system
[ "$FULL" = 0 ] || peers=gomalloc,system,mimalloc-v2,mimalloc-v3,jemalloc,snmalloc,rpmalloc,rusty_alloc,tcmalloc
run cargo run --release -p gomalloc-benches --bin compare -- --smoke --rounds 1 --allocators "$peers" >target/ci/compare.md || exit 1
grep -q 'geometric mean\|ns an operation' target/ci/compare.md || { echo "failed: no table"; exit 1; }
grep '^skipped: ' target/ci/compare.md
exit 0
