#!/usr/bin/env bash
# The facade's whole suite on the layout that is not its default: Go 1.10's one block.
source "$(dirname "$0")/common.bash"
run cargo test -p gomalloc --features contiguous
