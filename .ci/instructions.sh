#!/usr/bin/env bash
# How many instructions a pair of allocate and free of a cached small size takes, shims included,
# release build without link-time optimisation. Counts repeat exactly whatever else the machine does,
# so unlike times they can be a gate. A change that lowers a count lowers its limit here, down to the
# goal and below; a count above its goal is printed as such.
source "$(dirname "$0")/common.bash"
# what     limit   goal
limits="\
fixed      22      26
layout     34      36
c          56      38"
command -v valgrind >/dev/null || apt valgrind || skip "valgrind cannot be installed"
[ "$(uname -m)" = x86_64 ] || skip "the limits are x86-64's"
run cargo build --release -p gomalloc-benches --bin instructions || exit 1
run cargo build --release -p gomalloc-preload || exit 1

count() { # WHAT ROUNDS: instructions of the whole process
  local preload=
  [ "$1" = c ] && preload=$PWD/target/release/libgomalloc.so
  LD_PRELOAD=$preload valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/instructions "$1" "$2" 2>&1 \
    | sed -n 's/.*Collected : //p'
}
loop() { # WHAT: instructions of one round, in hundredths
  local few many
  few=$(count "$1" 100000) many=$(count "$1" 200000)
  [ -n "$few" ] && [ -n "$many" ] || { echo "valgrind counts nothing" >&2; echo 99999999; return; }
  echo $(((many - few) / 1000))
}

status=0
empty=$(loop empty)
while read -r what limit goal; do
  if [ "$what" = c ] && ! nm -D target/release/libgomalloc.so | grep -q ' T malloc$'; then
    note_skipped "c: the library has no malloc yet"
    continue
  fi
  pair=$(($(loop "$what") - empty))
  printf '%-8s %d.%02d instructions a pair, at most %d\n' "$what" $((pair / 100)) $((pair % 100)) "$limit"
  [ $pair -le $((goal * 100 + 50)) ] || echo "note: $what is above its goal of $goal"
  [ $pair -le $((limit * 100 + 50)) ] || { echo "failed: $what takes more than $limit"; status=1; }
done <<<"$limits"
exit $status
