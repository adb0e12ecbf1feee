#!/usr/bin/env bash
# Every `sh` block of the README in a fresh clone in an empty folder, as a new user would type it.
# The tests have run in this checkout already; in the clone they run again with --full.
source "$(dirname "$0")/common.bash"
git rev-parse --verify -q HEAD >/dev/null || skip "not a git checkout, so there is nothing to clone"
[ -z "$(git status --porcelain)" ] || echo "note: uncommitted changes are not in the clone"
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
# `file://` and not a path: what is not committed must not come along by a link.
run git clone --quiet "file://$PWD" "$folder/gomalloc" || exit 1
cd "$folder/gomalloc" || exit 1
commands=$(awk '/^```sh$/{p=1; next} /^```/{p=0} p' README.md)
[ -n "$commands" ] || { echo "failed: README.md has no sh block"; exit 1; }
status=0
while IFS= read -r command; do
  if [ "$FULL" = 0 ] && [ "$command" = "cargo test --workspace" ]; then
    note_skipped "in the clone: $command (it is the first job; the clone runs it with --full)"
    continue
  fi
  echo "+ $command"
  bash -c "$command" >"$folder/out" 2>"$folder/err" </dev/null || status=1
  echo "output: $(wc -l <"$folder/out") lines; end of standard error:"
  tail -30 "$folder/err"
done <<<"$commands"
exit $status
