#!/usr/bin/env bash
# The layers on 32 bits, run natively: another address space, other layouts of the page table.
source "$(dirname "$0")/common.bash"
[ "$(uname -sm)" = "Linux x86_64" ] || skip "only Linux on x86-64 runs 32-bit programs natively"
# gcc-multilib itself conflicts with the cross compilers; these three are what linking needs.
echo 'int main(void) { return 0; }' >/tmp/i686.$$.c
linked() { cc -m32 -o /tmp/i686.$$ /tmp/i686.$$.c 2>/dev/null && /tmp/i686.$$; }
linked || apt gcc-12-multilib lib32gcc-12-dev libc6-dev-i386 || apt gcc-multilib
linked; can=$?
rm -f /tmp/i686.$$ /tmp/i686.$$.c
[ $can = 0 ] || skip "no 32-bit C library to link with"
rustup target add i686-unknown-linux-gnu >/dev/null 2>&1 || skip "rustup has no i686-unknown-linux-gnu for this toolchain"
packages=()
# Some tests of arena, heap and stackpool have numbers of 64 bits in them; until they are mended,
# --full alone runs these crates, and fails.
for crate in $layers; do
  case $crate in
    arena | heap | stackpool) [ "$FULL" = 1 ] || { note_skipped "$crate: tests with 64-bit numbers, in --full only"; continue; } ;;
  esac
  packages+=(-p "gomalloc-$crate")
done
run cargo test --no-fail-fast --target i686-unknown-linux-gnu "${packages[@]}"
