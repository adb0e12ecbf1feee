#!/usr/bin/env bash
# The layers' own tests in an interpreter that sees undefined behaviour, over memory from `std::alloc`,
# with pointers that keep their provenance. Tests that need the real system are marked `ignore` under Miri.
source "$(dirname "$0")/common.bash"
has_nightly || skip "no nightly toolchain, and none can be fetched by a job"
component nightly miri rust-src || cargo +nightly miri --version >/dev/null 2>&1 || skip "Miri cannot be installed"
export MIRIFLAGS='-Zmiri-strict-provenance' PROPTEST_CASES=${PROPTEST_CASES:-8}
run cargo +nightly miri setup >/dev/null 2>&1 || skip "Miri cannot build its standard library"
status=0
for crate in $layers; do
  [ -n "$(find "crates/$crate/src" -name tests.rs 2>/dev/null)" ] || { note_skipped "$crate has no unit tests"; continue; }
  begin=$SECONDS
  run cargo +nightly miri test -q -p "gomalloc-$crate" --lib || status=1
  echo "$crate: $((SECONDS - begin)) s"
  # Tree Borrows accepts other programs than Stacked Borrows; ours has to pass both.
  if [ $FULL = 1 ]; then
    MIRIFLAGS="$MIRIFLAGS -Zmiri-tree-borrows" run cargo +nightly miri test -q -p "gomalloc-$crate" --lib || status=1
  fi
done
exit $status
