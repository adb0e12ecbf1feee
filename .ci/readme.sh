#!/usr/bin/env bash
# Every `sh` block of the README in a fresh clone in an empty folder, as a new user would copy it,
# each in a shell of its own that begins in the root of the clone and stops at the first error.
# The tests have run in this checkout already; in the clone they run again with --full.
source "$(dirname "$0")/common.bash"
git rev-parse --verify -q HEAD >/dev/null || skip "not a git checkout, so there is nothing to clone"
[ -z "$(git status --porcelain)" ] || echo "note: uncommitted changes are not in the clone"
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
# `file://` and not a path: what is not committed must not come along by a link.
run git clone --quiet "file://$PWD" "$folder/gomalloc" || exit 1
mkdir "$folder/blocks"
awk -v folder="$folder/blocks" '/^```sh$/ {p = 1; n++; next} /^```/ {p = 0} p {print > (folder "/" n)}' "$folder/gomalloc/README.md"
[ -f "$folder/blocks/1" ] || { echo "failed: README.md has no sh block"; exit 1; }
status=0
for block in "$folder"/blocks/*; do
  if [ "$FULL" = 0 ] && [ "$(cat "$block")" = "cargo test --workspace" ]; then
    note_skipped "in the clone: cargo test --workspace (it is the first job here; the clone runs it with --full)"
    continue
  fi
  sed 's/^/+ /' "$block"
  begin=$SECONDS
  (cd "$folder/gomalloc" && bash -euo pipefail "$block" >"$folder/out" 2>"$folder/err" </dev/null)
  code=$?
  took=$((SECONDS - begin))
  tail -3 "$folder/out"
  echo "standard output: $(wc -l <"$folder/out") lines; end of standard error:"
  tail -25 "$folder/err"
  echo "exit status $code after $took s"
  [ $code = 0 ] || status=1
  # The command says so itself when the program never loaded the library.
  ! grep -q 'had no effect' "$folder/err" || { echo "failed: the library had no effect"; status=1; }
  # A command that somebody copies to see whether this is for him answers within minutes.
  [ $took -le 300 ] || { echo "failed: more than five minutes"; status=1; }
done
exit $status
