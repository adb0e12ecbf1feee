#!/usr/bin/env bash
# .ci/fuzz.sh [SECONDS]: each fuzz target for that long, from a fixed seed and an empty corpus, so
# that a short run repeats itself. What it finds in weeks is found elsewhere; this shows that the
# targets build, run, and find nothing near.
source "$(dirname "$0")/common.bash"
seconds=${1:-$((FULL ? 300 : 15))}
[ -f fuzz/Cargo.toml ] || skip "no fuzz targets yet"
has_nightly || skip "no nightly toolchain, and libFuzzer's instrumentation needs one"
echo 'int main() { return 0; }' | c++ -x c++ -o /dev/null - 2>/dev/null || apt g++ || skip "no C++ compiler for libFuzzer"
tool cargo-fuzz || skip "cargo-fuzz cannot be installed"
# The address sanitizer does not see inside an arena; the models in the drivers do the looking.
# With --full it is on, for the drivers' own memory.
sanitizer=$([ "$FULL" = 1 ] && echo address || echo none)
run cargo +nightly fuzz build --fuzz-dir fuzz -s "$sanitizer" || exit 1
status=0
for target in $(cargo +nightly fuzz list --fuzz-dir fuzz); do
  corpus=$(mktemp -d)
  [ ! -d "fuzz/seeds/$target" ] || cp -r "fuzz/seeds/$target/." "$corpus"
  run cargo +nightly fuzz run --fuzz-dir fuzz -s "$sanitizer" "$target" "$corpus" -- \
    -max_total_time="$seconds" -seed=1 -rss_limit_mb=4096 -timeout=30 -print_final_stats=1 2>&1 \
    | grep -vE '^#[0-9]+\s+(NEW|REDUCE|pulse|RELOAD)' | tail -40
  [ "${PIPESTATUS[0]}" = 0 ] || status=1
  rm -rf "$corpus"
done
exit $status
