# Sourced by the job scripts: where they stand, how they skip, how they install.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export FULL=${FULL:-0} DEBIAN_FRONTEND=noninteractive

# Layer crates, lowest first, by folder.
layers="sync sizeclass arena heap central cache stackpool"

skip() { echo "skipped: $*"; exit 77; }
note_skipped() { echo "skipped: $*"; }
run() { echo "+ $*"; "$@"; }

# Debian packages, if this is such a system and we may: apt PACKAGE…
apt() {
  command -v apt-get >/dev/null || return 1
  local as=()
  [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && as=(sudo -n) || return 1; }
  dpkg -s "$@" >/dev/null 2>&1 && return 0
  local log=target/ci/apt.log
  mkdir -p target/ci
  { "${as[@]}" apt-get -qq update && "${as[@]}" apt-get -qq install -y --no-install-recommends "$@"; } >"$log" 2>&1 \
    || { tail -3 "$log"; return 1; }
}

# A component of a toolchain: component TOOLCHAIN NAME…
component() {
  local toolchain=$1; shift
  rustup component add --toolchain "$toolchain" "$@" >/dev/null 2>&1
}

# A command from crates.io: tool CRATE. Not optimised: building it is what takes the time.
tool() {
  command -v "$1" >/dev/null && return 0
  mkdir -p target/ci
  CARGO_PROFILE_DEV_DEBUG=0 timeout 600 cargo install --debug --locked --quiet "$1" >target/ci/install-"$1".log 2>&1 || { tail -3 target/ci/install-"$1".log; return 1; }
}

has_nightly() { rustup run nightly rustc --version >/dev/null 2>&1; }
