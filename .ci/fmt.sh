#!/usr/bin/env bash
# Formatting is what rustfmt says, so that nobody discusses it.
source "$(dirname "$0")/common.bash"
cargo fmt --version >/dev/null 2>&1 || component stable rustfmt || skip "rustfmt cannot be installed"
status=0
run cargo fmt --all --check || status=1
# fuzz is a workspace of its own, which the line above does not see.
[ ! -f fuzz/Cargo.toml ] || run cargo fmt --manifest-path fuzz/Cargo.toml --check || status=1
exit $status
