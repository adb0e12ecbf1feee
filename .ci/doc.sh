#!/usr/bin/env bash
# Every item named in prose is a link, and every link leads somewhere.
source "$(dirname "$0")/common.bash"
RUSTDOCFLAGS='-D warnings' run cargo doc --workspace --no-deps
