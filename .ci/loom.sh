#!/usr/bin/env bash
# Every interleaving, up to a number of preemptions, of each lock-free protocol as it is shipped.
# Three preemptions find what two do not and stay below a minute a model; --full goes to four.
source "$(dirname "$0")/common.bash"
status=0
for crate in $layers gomalloc; do
  if [ -z "$(find "crates/$crate/src" -name models.rs -o -path '*models/*.rs' 2>/dev/null)" ]; then
    # Arithmetic has nothing to model; any other layer is told.
    [ "$crate" = sizeclass ] || note_skipped "$crate has no models"
    continue
  fi
  package=$([ "$crate" = gomalloc ] && echo gomalloc || echo "gomalloc-$crate")
  log=target/ci/loom-$crate.log
  mkdir -p target/ci
  echo "+ cargo test -p $package --lib -- models"
  # Debug assertions on: the invariants are part of what is checked.
  LOOM_MAX_PREEMPTIONS=$((3 + FULL)) RUSTFLAGS='--cfg gomalloc_loom -C debug-assertions' \
    cargo test --release --target-dir target/loom -p "$package" --lib -- models 2>&1 | tee "$log"
  [ "${PIPESTATUS[0]}" = 0 ] || status=1
  # A filter that matches nothing passes; models that are not compiled would look the same.
  grep -q '^test .*models.* ok$' "$log" || { echo "failed: no model of $crate ran"; status=1; }
done
exit $status
