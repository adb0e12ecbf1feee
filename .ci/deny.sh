#!/usr/bin/env bash
# Licences, banned crates, sources. Advisories need a database from the network, which may not be reachable.
source "$(dirname "$0")/common.bash"
# Building the tool takes longer than most jobs; a machine that has it, or --full, checks.
command -v cargo-deny >/dev/null || [ "$FULL" = 1 ] || skip "cargo-deny is not installed; --full builds it"
tool cargo-deny || skip "cargo-deny cannot be installed"
status=0
run cargo deny check licenses bans sources || status=1
if timeout 120 cargo deny fetch db >/dev/null 2>&1; then
  run cargo deny check advisories || status=1
else
  note_skipped "the advisory database cannot be reached"
fi
exit $status
