#!/usr/bin/env bash
# Other people's programs on the C library: same output, same exit status, and really on it.
# .ci/programs.sh [NAME…]: all programs (with FULL=1 the long ones, too), or those named.
#
# Each program runs twice, without the library and under `gomalloc run`. It passes if standard output and
# exit status are the same, and counts only if in the second run
#   - a process of the expected name had the library mapped (said by .ci/programs/witness.c) and its own
#     record shows at least 100,000 allocations,
#   - no process on the library had a heap of libc's: the program break never moved,
#   - every binding of a name of the malloc family led to the library (said by the loader).
source "$(dirname "$0")/common.bash"
[ "$(uname -sm)" = "Linux x86_64" ] || skip "only Linux on x86-64 is tested with programs"
command -v cc >/dev/null || skip "no C compiler"

root=$PWD/target/ci/programs
mkdir -p "$root"
run cargo build --quiet --release -p gomalloc-cli -p gomalloc-preload || exit 1
gomalloc=$PWD/target/release/gomalloc library=$PWD/target/release/libgomalloc.so
cc -O1 -shared -fPIC -o "$root/witness.so" .ci/programs/witness.c || exit 1
export LC_ALL=C TZ=UTC

least=100000
# What puts a command under another user.
as=()
family='malloc|calloc|realloc|reallocarray|free|posix_memalign|aligned_alloc|memalign|valloc|pvalloc|cfree'
family+='|malloc_usable_size|_Zn[wa]m.*|_Zd[la]Pv.*|__libc_(malloc|calloc|realloc|free|memalign)'

# PROCESS's largest number of allocations in the figures of a run with --json --per-process.
allocations() { # FILE PROCESS
  awk -v wanted="\"$2\"," '/"processes":/ {inside = 1} !inside {next}
    $1 == "\"name\":" {name = substr($0, index($0, $2))}
    $1 == "\"by_size\":" {name = ""}
    $1 == "\"mallocs\":" && name == wanted {if ($2 + 0 > most) most = $2 + 0}
    END {print most + 0}' "$1"
}

# Bindings of the family that lead neither to the library nor from it, in every process that has it.
strays() { # DIRECTORY
  local with file name
  mapfile -t with < <(grep -lF '/libgomalloc.so' "$1"/bindings.*)
  [ ${#with[@]} -gt 0 ] || { echo "the loader has bound nothing to the library"; return; }
  grep -hE "binding file [^ ]+ \[0\] to [^ ]+ \[0\]: normal symbol \`($family)'" "${with[@]}" \
    | grep -vE "to [^ ]*/libgomalloc\.so |binding file [^ ]*/libgomalloc\.so " \
    | sed -E "s/.* to ([^ ]+) .*\`([^']+)'.*/\1 \2/" | sort -u \
    | while read -r file name; do
      # A program at a fixed address lends its jump slot for a function's address; the slot leads on.
      nm -D --defined-only "$file" | grep -qE " $name(@|\$)" && echo "$name in $file"
    done
}

# Runs COMMAND twice in fresh copies of the current program's directory and judges: see the head.
# A failure's reason is its result.
judge() { # PROCESS COMMAND…
  local process=$1; shift
  local plain=$work/plain ours=$work/ours
  "${as[@]}" mkdir -p "$plain" "$ours" "$work/run"
  (cd "$plain" && "${as[@]}" "$@") >"$work/plain.out" 2>"$work/plain.err" </dev/null
  local expected=$?
  (cd "$ours" && "${as[@]}" env GOMALLOC_WITNESS="$work/witness" LD_PRELOAD="$root/witness.so" \
    LD_DEBUG=bindings LD_DEBUG_OUTPUT="$work/run/bindings" \
    "$gomalloc" run --library "$library" --json --per-process --output "$work/figures" -- "$@") \
    >"$work/ours.out" 2>"$work/ours.err" </dev/null
  local status=$?
  [ $status = $expected ] || { echo "exit status $status instead of $expected: $(tail -n 1 "$work/ours.err")"; return 1; }
  [ $expected = 0 ] || { echo "the program itself fails here ($expected): $(tail -n 1 "$work/plain.err")"; return 1; }
  cmp -s "$work/plain.out" "$work/ours.out" || { echo "other output: $(diff "$work/plain.out" "$work/ours.out" | head -n 6 | tr '\n' ' ')"; return 1; }
  [ -s "$work/plain.out" ] || { echo "no output to compare"; return 1; }
  count=$(allocations "$work/figures" "$process")
  grep -q "^$process library " "$work/witness" || { echo "the library is not mapped in any $process"; return 1; }
  [ "$count" -ge $least ] || { echo "only $count allocations in $process"; return 1; }
  ! grep -m1 ' library heap$' "$work/witness" || { echo "libc's heap was used"; return 1; }
  local stray
  stray=$(strays "$work/run")
  [ -z "$stray" ] || { echo "bound elsewhere: $stray"; return 1; }
  reason="$count allocations"
}

python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null)

python_dict() {
  [ -n "$python" ] || { reason="no python3"; return 77; }
  export PYTHONMALLOC=malloc
  judge python3 "$python" -c '
words = {"key number %d" % n: "value %d" % (n * n) for n in range(1000000)}
print(len(words), words["key number 123456"], sum(map(len, words.values())))
for n in range(0, 1000000, 2):
    del words["key number %d" % n]
print(len(words), sorted(words)[:3])'
}

python_threads() {
  [ -n "$python" ] || { reason="no python3"; return 77; }
  export PYTHONMALLOC=malloc
  judge python3 "$python" -c '
import queue, threading, zlib
first, second, results = queue.Queue(100), queue.Queue(100), []
def make():
    for n in range(4000):
        first.put([("%d " % (n * i)).encode() * 50 for i in range(20)])
def change():
    while (rows := first.get()) is not None:
        second.put([zlib.compress(row) for row in rows])
    second.put(None)
def take():
    total = 0
    while (rows := second.get()) is not None:
        total = sum((zlib.crc32(zlib.decompress(row)) for row in rows), total)
    results.append(total)
makers = [threading.Thread(target=make) for _ in range(3)]
changers = [threading.Thread(target=change) for _ in range(4)]
takers = [threading.Thread(target=take) for _ in range(4)]
for thread in makers + changers + takers: thread.start()
for thread in makers: thread.join()
for _ in changers: first.put(None)
for thread in changers + takers: thread.join()
print(sum(results))'
}

# A repository of the system's headers, 120 commits, the same every time.
repository() {
  command -v git >/dev/null || apt git || { reason="git cannot be installed"; return 77; }
  local list=$root/headers.list
  repo=$root/headers.git
  [ -f "$repo/whole" ] && return 0
  rm -rf "$repo"
  (cd /usr/include && find . -type f -name '*.h' -size -200k | sort | head -n 6000) >"$list"
  [ "$(wc -l <"$list")" -gt 500 ] || { reason="too few headers in /usr/include"; return 77; }
  local date=1700000000 each commit
  export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b.c GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b.c
  each=$(($(wc -l <"$list") / 120 + 1))
  git init --quiet --bare "$repo" || return 1
  git -C "$repo" config gc.auto 0
  split -l $each -d -a 3 "$list" "$root/headers.part."
  local part
  for part in "$root"/headers.part.*; do
    date=$((date + 3600))
    export GIT_AUTHOR_DATE="$date +0000" GIT_COMMITTER_DATE="$date +0000"
    git -C /usr/include --git-dir="$repo" --work-tree=/usr/include update-index --add --stdin <"$part" || return 1
    commit=$(git --git-dir="$repo" write-tree | xargs git --git-dir="$repo" commit-tree ${commit:+-p $commit} -m "Headers from ${part##*.}") || return 1
  done
  git --git-dir="$repo" update-ref HEAD "$commit" || return 1
  rm -f "$root"/headers.part.*
  touch "$repo/whole"
}

git_log() {
  repository || return
  judge git git --git-dir="$repo" --no-pager log --patch --stat --no-color
}

git_gc() {
  repository || return
  judge git bash -c '
    cp -R "$1" here.git && cd here.git && git gc --quiet --prune=now \
      && git fsck --full --strict && git count-objects && git rev-list --objects --all | sha256sum' bash "$repo"
}

sqlite3_index() {
  command -v sqlite3 >/dev/null || apt sqlite3 || { reason="sqlite3 cannot be installed"; return 77; }
  cat >"$work/script.sql" <<'SQL'
PRAGMA journal_mode = wal;
CREATE TABLE entry (id INTEGER PRIMARY KEY, word TEXT, weight REAL, data BLOB);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
INSERT INTO entry SELECT i, printf('%08x-%d', (i * 2654435761) & 4294967295, i), i * 0.37, zeroblob(i % 50) FROM n;
CREATE INDEX by_word ON entry (word);
CREATE INDEX by_both ON entry (weight DESC, word);
SELECT count(*), min(word), max(word), sum(length(data)) FROM entry;
SELECT substr(word, 1, 2) AS start, count(*), group_concat(id % 7, '') FROM entry GROUP BY start ORDER BY start LIMIT 40;
UPDATE entry SET word = upper(word) WHERE id % 3 = 0;
DELETE FROM entry WHERE id % 5 = 0;
SELECT word, weight FROM entry WHERE word BETWEEN '7' AND '70ff' ORDER BY word;
PRAGMA integrity_check;
VACUUM;
SELECT count(*) FROM entry a JOIN entry b ON b.id = a.id + 1;
SQL
  judge sqlite3 sqlite3 file.db ".read $work/script.sql"
}

# The work is done in a child, cc1. The file is SQLite's amalgamation, out of the crate that carries it.
gcc_compiles() {
  command -v gcc >/dev/null || apt gcc || { reason="gcc cannot be installed"; return 77; }
  local project=$root/amalgamation source
  mkdir -p "$project/src" && : >"$project/src/lib.rs"
  printf '[package]\nname = "amalgamation"\nversion = "0.0.0"\nedition = "2024"\n[dependencies]\nlibsqlite3-sys = "=0.35.0"\n[workspace]\n' >"$project/Cargo.toml"
  cargo fetch --quiet --manifest-path "$project/Cargo.toml" 2>"$work/fetch.err" || { reason="libsqlite3-sys cannot be fetched: $(tail -n 1 "$work/fetch.err")"; return 77; }
  source=$(find "${CARGO_HOME:-$HOME/.cargo}/registry/src" -path '*libsqlite3-sys-0.35.0/sqlite3/sqlite3.c' | head -n 1)
  [ -f "$source" ] || { reason="libsqlite3-sys carries no sqlite3.c"; return 77; }
  judge cc1 bash -c 'gcc -O0 -w -c -o sqlite3.o "$1" && sha256sum <sqlite3.o' bash "$source"
}

perl_words() {
  command -v perl >/dev/null || apt perl || { reason="perl cannot be installed"; return 77; }
  judge perl perl -e '
    my (%count, @lines);
    for my $file (sort glob("/usr/include/*.h /usr/include/linux/*.h")) {
      open(my $in, "<", $file) or next;
      while (<$in>) { push @lines, $_; $count{lc $_}++ for /\w+/g; $count{reverse $_} .= $file; }
    }
    my @sorted = sort { $count{$b} cmp $count{$a} or $a cmp $b } keys %count;
    printf "%d lines, %d words\n", scalar @lines, scalar @sorted;
    print "$_\n" for @sorted[0 .. 200];
    print join(",", map { length } sort map { join "", reverse split // } @lines), "\n";'
}

# Lines of 2.5 KB in version order, regardless of case: sort compares copies of such keys, and copies
# of this length it allocates.
sort_100_mb() {
  local input=$root/sort.input
  [ -f "$input" ] || awk 'BEGIN {
    seed = 1
    for (line = 0; line < 40000; line++) {
      text = ""
      for (word = 0; word < 250; word++) { seed = (seed * 69069 + 1) % 4294967296; text = text sprintf("%010d", seed) }
      print "v" substr(text, 1, 2500)
    }
  }' >"$input.new" && mv "$input.new" "$input" 2>/dev/null
  [ "$(stat -c %s "$input")" -ge 100000000 ] || { reason="the input was not written"; return 1; }
  judge sort bash -c 'sort --version-sort --ignore-case --parallel=2 --buffer-size=30M "$1" | sha256sum' bash "$input"
}

# A Rust program of another author, which takes its memory from the system's allocator.
rust_program() {
  local bin=$root/rust/bin/csview
  [ -x "$bin" ] || timeout 900 cargo install --quiet --locked --root "$root/rust" --target-dir "$root/rust/target" csview --version 1.3.4 2>"$work/install.err" \
    || { reason="csview cannot be installed: $(tail -n 1 "$work/install.err")"; return 77; }
  awk 'BEGIN { for (row = 0; row < 60000; row++) printf "%d,name %d,%d,\"a longer, quoted text %d\",%.3f\n", row, row % 97, row * row % 1009, row, row / 7 }' >"$work/table.csv"
  judge csview "$bin" --style sharp "$work/table.csv"
}

# Node's strings and objects are V8's own; what lies in buffers is malloc's.
node_buffers() {
  command -v node >/dev/null || apt nodejs || { reason="nodejs cannot be installed"; return 77; }
  judge node node -e '
    const zlib = require("zlib"), crypto = require("crypto"), kept = [];
    for (let n = 0; n < 150000; n++) {
      const buffer = Buffer.alloc(2000 + n % 9000, n % 251);
      if (n % 10 == 0) kept[n % 4000] = zlib.deflateRawSync(buffer);
    }
    console.log(kept.length, crypto.createHash("sha256").update(Buffer.concat(kept.filter(Boolean))).digest("hex"));'
}

# What follows runs with FULL=1 only.

# CPython's own tests; some fail on some machines, and then must fail alike.
cpython_tests() {
  [ -n "$python" ] && "$python" -c 'import test.test_json' 2>/dev/null || { reason="this python3 has no tests"; return 77; }
  export PYTHONMALLOC=malloc
  # Some watch the clock: on a busy machine they may need another try.
  judge python3 bash -c '
    for name in json dict list threading fork1 subprocess mmap ctypes; do
      for try in 1 2 3; do "$1" -m test test_$name >log 2>&1 && break; done && echo "$name passes" || echo "$name fails"
    done' bash "$python"
}

# All of redis-benchmark, then a restart that must find everything again.
redis() {
  command -v redis-server >/dev/null && command -v redis-cli >/dev/null || apt redis-server redis-tools || { reason="redis cannot be installed"; return 77; }
  judge redis-server bash -c '
    socket=$(mktemp -u /tmp/redis.XXXXXX)
    start() { redis-server --port 0 --unixsocket $socket --dir . --save 3600 1 >>server.log & until redis-cli -s $socket ping >/dev/null 2>&1; do sleep 0.1; done; }
    start
    redis-benchmark -s $socket -n 20000 -q >benchmark.log 2>&1 || exit 1
    for n in {1..2000}; do echo "SET key:$n value:$n:$((n * n))"; done | redis-cli -s $socket >/dev/null
    redis-cli -s $socket shutdown save; wait
    start
    redis-cli -s $socket get key:1234; redis-cli -s $socket llen mylist; redis-cli -s $socket scard myset
    redis-cli -s $socket shutdown nosave; wait'
}

postgresql() {
  local bin user=()
  bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
  [ -n "$bin" ] || { apt postgresql && bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1); } || { reason="postgresql cannot be installed"; return 77; }
  # It refuses root, and its user sees nothing of ours: everything moves to a folder of its own.
  local place
  place=$(mktemp -d /tmp/programs.XXXXXX)
  mkdir "$place/work"
  cp "$gomalloc" "$library" "$root/witness.so" "$place"
  if [ "$(id -u)" = 0 ]; then chown -R postgres "$place" && user=(setpriv --reuid=postgres --regid=postgres --clear-groups); fi
  root=$place work=$place/work gomalloc=$place/gomalloc library=$place/libgomalloc.so
  as=("${user[@]}")
  judge postgres bash -c '
    PATH=$1:$PATH
    initdb -D data >initdb.log || exit 1
    pg_ctl -D data -o "-k $PWD -h \"\"" -l server.log -w start >/dev/null || exit 1
    pgbench -h "$PWD" -i -s 5 postgres 2>/dev/null || exit 1
    pgbench -h "$PWD" -c 4 -j 2 -T 60 postgres 2>/dev/null | grep -E "failed|clients"
    psql -h "$PWD" -At -c "SELECT count(*) FROM pgbench_accounts" postgres
    pg_ctl -D data -m fast stop >/dev/null' bash "$bin"
  local code=$?
  rm -rf "$place"
  return $code
}

java_hello() {
  command -v javac >/dev/null || apt default-jdk-headless || { reason="no JDK can be installed"; return 77; }
  cat >"$work/Hello.java" <<'JAVA'
public class Hello {
    public static void main(String[] arguments) throws Exception {
        var map = new java.util.HashMap<String, Integer>();
        for (int n = 0; n < 200000; n++) map.put("key " + n, n);
        Thread[] threads = new Thread[8];
        for (int t = 0; t < threads.length; t++) {
            threads[t] = new Thread(() -> {
                for (int n = 0; n < 20000; n++) {
                    var deflater = new java.util.zip.Deflater();
                    deflater.setInput(new byte[100]);
                    deflater.finish();
                    deflater.deflate(new byte[200]);
                    deflater.end();
                }
            });
            threads[t].start();
        }
        for (var thread : threads) thread.join();
        System.out.println("hello " + map.size());
    }
}
JAVA
  judge java java "$work/Hello.java"
}

shells() {
  least=0 judge bash bash -c '
    for shell in bash dash sh; do
      command -v $shell >/dev/null || continue
      $shell -c "i=0; while [ \$i -lt 300 ]; do i=\$((i + 1)); echo \$i | cat | tr 0-9 a-j; done | sort | uniq -c | tail -n 5"
    done
    declare -A map; for n in {1..100000}; do map[key$n]=$n; done; echo ${#map[@]} ${map[key777]}'
}

stress() {
  command -v stress-ng >/dev/null || apt stress-ng || { reason="stress-ng cannot be installed"; return 77; }
  least=0 judge stress-ng bash -c 'stress-ng --malloc 2 --malloc-ops 100000000 --timeout 30 --quiet && echo held'
}

memcheck() {
  command -v valgrind >/dev/null || apt valgrind || { reason="valgrind cannot be installed"; return 77; }
  least=0 judge memcheck-amd64- valgrind --quiet --error-exitcode=9 --soname-synonyms=somalloc=nouserintercepts \
    perl -e 'my %hash; $hash{$_ x 3} = [$_] for 1 .. 50000; print scalar(keys %hash), "\n"'
}

programs="python_dict python_threads git_log git_gc sqlite3_index gcc_compiles perl_words sort_100_mb rust_program node_buffers"
[ "$FULL" != 1 ] || programs+=" cpython_tests redis postgresql java_hello shells stress memcheck"
[ $# = 0 ] || programs=$*

passed=0 failed=0 skipped=0
for program in $programs; do
  declare -F "$program" >/dev/null || { echo "no program '$program'; there are: $programs" >&2; exit 2; }
  export work=$root/work/$program
  rm -rf "$work"
  mkdir -p "$work"
  begin=$SECONDS
  # In a subshell, for what it exports; its reason comes back through a file.
  (reason='' file=$work/why; "$program" >"$file" 2>&1; code=$?; [ -z "$reason" ] || echo "$reason" >"$file"; exit $code)
  code=$?
  why=$(tail -n 1 "$work/why")
  took=$((SECONDS - begin))
  case $code in
    0) passed=$((passed + 1)); echo "PASS $program: $why, $took s" ;;
    77) skipped=$((skipped + 1)); echo "SKIPPED $program: $why"; note_skipped "$program: $why" ;;
    *) failed=$((failed + 1)); echo "FAIL $program: $why, $took s" ;;
  esac
  [ $code != 0 ] || rm -rf "$work"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
