//! What the library shows to others: this list of names, its flags, its header, its archive.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::process::Command;

use crate::library;
use crate::program::{compile, run};

/// Every exported name.
pub(crate) const NAMES: &[&str] = &[
    // C and POSIX
    "malloc",
    "calloc",
    "realloc",
    "reallocarray",
    "free",
    "free_sized",
    "free_aligned_sized",
    "posix_memalign",
    "aligned_alloc",
    "memalign",
    "valloc",
    "pvalloc",
    // glibc
    "cfree",
    "malloc_usable_size",
    "malloc_trim",
    "mallinfo",
    "mallinfo2",
    "mallopt",
    "malloc_stats",
    "malloc_info",
    "__libc_malloc",
    "__libc_calloc",
    "__libc_realloc",
    "__libc_reallocarray",
    "__libc_free",
    "__libc_cfree",
    "__libc_memalign",
    "__posix_memalign",
    "__libc_valloc",
    "__libc_pvalloc",
    "__libc_mallinfo",
    "__libc_mallopt",
    // operator new
    "_Znwm",
    "_Znam",
    "_ZnwmRKSt9nothrow_t",
    "_ZnamRKSt9nothrow_t",
    "_ZnwmSt11align_val_t",
    "_ZnamSt11align_val_t",
    "_ZnwmSt11align_val_tRKSt9nothrow_t",
    "_ZnamSt11align_val_tRKSt9nothrow_t",
    // operator delete
    "_ZdlPv",
    "_ZdaPv",
    "_ZdlPvm",
    "_ZdaPvm",
    "_ZdlPvRKSt9nothrow_t",
    "_ZdaPvRKSt9nothrow_t",
    "_ZdlPvSt11align_val_t",
    "_ZdaPvSt11align_val_t",
    "_ZdlPvmSt11align_val_t",
    "_ZdaPvmSt11align_val_t",
    "_ZdlPvSt11align_val_tRKSt9nothrow_t",
    "_ZdaPvSt11align_val_tRKSt9nothrow_t",
];

fn output_of(command: &mut Command) -> String {
    let output = command
        .output()
        .expect("binutils are there with every C linker");
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).expect("the tool's output is text")
}

#[test]
#[cfg(target_pointer_width = "64")]
fn nothing_else_is_exported() {
    let mut nm = Command::new("nm");
    let table = output_of(nm.args(["-D", "--defined-only"]).arg(library::shared()));
    let exported: BTreeSet<&str> = table
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .collect();
    let wanted: BTreeSet<&str> = NAMES.iter().copied().collect();
    assert_eq!(exported, wanted);
}

#[test]
fn never_unloaded_and_found_by_name() {
    let mut readelf = Command::new("readelf");
    let table = output_of(readelf.args(["--dynamic", "--wide"]).arg(library::shared()));
    assert!(table.contains("NODELETE"), "{table}");
    assert!(table.contains("soname: [libgomalloc.so]"), "{table}");
    assert!(!table.contains("TEXTREL"), "{table}");
}

/// The header is C and C++, alone and beside the system's.
#[test]
fn the_header_compiles() {
    let include = format!("-I{}/include", env!("CARGO_MANIFEST_DIR"));
    for source in ["header.c", "header.cpp"] {
        let library = library::shared();
        let built = compile(source, &[OsStr::new(&include), library.as_os_str()]);
        let mut command = Command::new(built);
        let directory = library.parent().expect("a library lies in a directory");
        command
            .env("LD_LIBRARY_PATH", directory)
            .env_remove("LD_PRELOAD");
        run(command).must_be_done();
    }
}

/// A program that has the archive linked in uses it, without any shared library of ours.
#[test]
fn the_archive_can_be_linked() {
    let archive = library::archive();
    let libraries = [
        "-lgcc_s",
        "-lutil",
        "-lrt",
        "-lpthread",
        "-lm",
        "-ldl",
        "-lc",
    ];
    let mut arguments = vec![archive.as_os_str()];
    arguments.extend(libraries.iter().map(OsStr::new));
    let mut command = Command::new(compile("archive.c", &arguments));
    command.env_remove("LD_PRELOAD");
    run(command).must_be_done();
}
