#!/usr/bin/env bash
# Warnings are errors here and only here: a refactoring in progress must be able to run its tests.
source "$(dirname "$0")/common.bash"
cargo clippy --version >/dev/null 2>&1 || component stable clippy || skip "clippy cannot be installed"
status=0
run cargo clippy --workspace --all-targets -- -D warnings || status=1
# The modelled build compiles other files; without this nobody would see their warnings.
# Stand-ins that only the ordinary tests use are dead code there.
packages=()
for layer in $layers; do
  grep -rqs 'gomalloc_loom' "crates/$layer/src" && packages+=(-p "gomalloc-$layer")
done
[ ${#packages[@]} = 0 ] || RUSTFLAGS='--cfg gomalloc_loom' run cargo clippy --target-dir target/loom "${packages[@]}" --lib --tests -- -D warnings -A dead_code || status=1
exit $status
