#!/usr/bin/env bash
# The global allocator in every kind of artefact: a program without and with link-time optimisation,
# a shared library that a C program loads, and a test harness. Each is built from a scratch crate
# outside the checkout, with nothing but a dependency and one static, as a user would do it.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
here=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export CARGO_TARGET_DIR="$here/target/kinds"

crate() { # NAME, manifest lines: a library and a program with the allocator installed
  mkdir -p "$scratch/$1/src"
  cat >"$scratch/$1/Cargo.toml" <<EOF
[workspace]
[package]
name = "$1"
version = "0.0.0"
edition = "2021"
[dependencies]
gomalloc = { path = "$here/crates/gomalloc" }
$2
EOF
  cp "$here/Cargo.lock" "$scratch/$1/"
}

body='#[global_allocator]
static A: gomalloc::GoMalloc = gomalloc::GoMalloc::new();

fn work() -> u64 {
    let before = gomalloc::stats().mallocs;
    let threads: Vec<_> = (0..4u64)
        .map(|t| std::thread::spawn(move || (0..50_000u64).map(|n| (n * t).to_string()).collect::<Vec<_>>()))
        .collect();
    let strings: usize = threads.into_iter().map(|t| t.join().unwrap().len()).sum();
    assert_eq!(strings, 200_000);
    gomalloc::stats().mallocs - before
}
'

program() { # NAME, profile lines
  crate "$1" "$2"
  printf '%s\nfn main() { let n = work(); assert!(n >= 200_000, "{n}"); println!("%s: {n} allocations"); }\n' "$body" "$1" >"$scratch/$1/src/main.rs"
  cargo build -q --release --manifest-path "$scratch/$1/Cargo.toml"
  "$CARGO_TARGET_DIR/release/$1"
}

program kind-no-lto '[profile.release]
lto = "off"'
program kind-fat-lto '[profile.release]
lto = "fat"
codegen-units = 1
panic = "abort"'

crate kind-cdylib '[lib]
crate-type = ["cdylib"]'
printf '%s\n#[no_mangle]\npub extern "C" fn allocations() -> u64 { work() }\n' "$body" >"$scratch/kind-cdylib/src/lib.rs"
cargo build -q --release --manifest-path "$scratch/kind-cdylib/Cargo.toml"
cat >"$scratch/load.c" <<'EOF'
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library) { fprintf(stderr, "%s\n", dlerror()); return 1; }
  unsigned long long (*allocations)(void) = (unsigned long long (*)(void))dlsym(library, "allocations");
  unsigned long long n = allocations();
  printf("kind-cdylib: %llu allocations\n", n);
  return n >= 200000 ? 0 : 1;
}
EOF
cc -o "$scratch/load" "$scratch/load.c" -ldl
"$scratch/load" "$CARGO_TARGET_DIR/release/libkind_cdylib.so"

crate kind-harness ''
printf '%s\n#[test]\nfn harness() { assert!(work() >= 200_000); }\n' "$body" >"$scratch/kind-harness/src/lib.rs"
cargo test -q --release --lib --manifest-path "$scratch/kind-harness/Cargo.toml"
