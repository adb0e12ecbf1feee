#!/usr/bin/env bash
# The layers' own tests in an interpreter that sees undefined behaviour, over memory from `std::alloc`,
# with pointers that keep their provenance. Tests that need the real system are marked `ignore` under Miri.
source "$(dirname "$0")/common.bash"
has_nightly || skip "no nightly toolchain, and none can be fetched by a job"
component nightly miri rust-src || cargo +nightly miri --version >/dev/null 2>&1 || skip "Miri cannot be installed"
export MIRIFLAGS='-Zmiri-strict-provenance' PROPTEST_CASES=${PROPTEST_CASES:-8}
cargo +nightly miri setup >/dev/null 2>&1 || skip "Miri cannot build its standard library"
crates=()
# The others are interpreted by --full alone as long as that finds something: the contiguous layout
# takes probed memory by its address, which strict provenance rejects, and the layers above arena have
# not been through the interpreter since they took their final form.
clean="sync"
for crate in $layers; do
  case " $clean " in
    *" $crate "*) ;;
    *) [ "$FULL" = 1 ] || { note_skipped "$crate is interpreted by --full only"; continue; } ;;
  esac
  if [ -n "$(find "crates/$crate/src" -name tests.rs 2>/dev/null)" ]; then crates+=("$crate"); else note_skipped "$crate has no unit tests"; fi
done
packages=()
for crate in "${crates[@]}"; do packages+=(-p "gomalloc-$crate"); done
run cargo +nightly miri test --no-run -q "${packages[@]}" --lib || exit 1

logs=target/ci/miri
mkdir -p "$logs"
one() { # CRATE: its tests, the output in a file of its own
  local begin=$SECONDS result=passed
  cargo +nightly miri test -q -p "gomalloc-$1" --lib >"$logs/$1.log" 2>&1 || result=FAILED
  echo "$1: $result in $((SECONDS - begin)) s; $(grep '^test result' "$logs/$1.log")"
  [ $result = passed ] || { cat "$logs/$1.log"; return 1; }
}
export -f one
export logs

all() {
  # The interpreter uses one core; crates share nothing, so they run side by side.
  printf '%s\n' "${crates[@]}" | xargs -P "$(nproc)" -I{} bash -c 'one {}'
}
status=0
all || status=1
# Tree Borrows accepts other programs than Stacked Borrows; ours has to pass both.
if [ "$FULL" = 1 ]; then
  echo "with Tree Borrows:"
  MIRIFLAGS="$MIRIFLAGS -Zmiri-tree-borrows" all || status=1
fi
exit $status
