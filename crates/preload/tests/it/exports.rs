//! What the library shows to others: this list of names, its flags, its header, its archive.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::library;
use crate::program::{compile, run, unique};

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

/// An installed tree is found by `pkg-config` wherever it lies; where there is none, by hand.
#[test]
fn an_installed_tree_is_found() {
    let prefix = unique("prefix");
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(prefix.join("lib/pkgconfig")).expect("the scratch directory can be written");
    fs::create_dir_all(prefix.join("include")).expect("the scratch directory can be written");
    let file = prefix.join("lib/pkgconfig/gomalloc.pc");
    for (from, to) in [
        (library::shared(), prefix.join("lib/libgomalloc.so")),
        (
            source.join("include/gomalloc.h"),
            prefix.join("include/gomalloc.h"),
        ),
        (source.join("gomalloc.pc"), file.clone()),
    ] {
        fs::copy(&from, &to).expect("a file of the tree can be copied");
    }
    let flags = flags(&file);
    let arguments: Vec<&OsStr> = flags.split_whitespace().map(OsStr::new).collect();
    let mut command = Command::new(compile("header.c", &arguments));
    command
        .env("LD_LIBRARY_PATH", prefix.join("lib"))
        .env_remove("LD_PRELOAD");
    run(command).must_be_done();
}

/// What `pkg-config --cflags --libs` says about the file.
fn flags(file: &Path) -> String {
    match Command::new("pkg-config")
        .args(["--cflags", "--libs"])
        .arg(file)
        .output()
    {
        Ok(output) if output.status.success() => {
            String::from_utf8(output.stdout).expect("flags are text")
        }
        Ok(output) => panic!("pkg-config: {output:?}"),
        Err(_) => {
            let prefix = file.ancestors().nth(3).expect("PREFIX/lib/pkgconfig/FILE");
            let prefix = prefix.to_str().expect("the path is text");
            format!("-I{prefix}/include -L{prefix}/lib -lgomalloc")
        }
    }
}

/// Header, `pkg-config` file and package carry one version.
#[test]
fn one_version_everywhere() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(source.join(name)).expect("the file is there");
    let version = env!("CARGO_PKG_VERSION");
    let line = format!("\nVersion: {version}\n");
    assert!(
        read("gomalloc.pc").contains(&line),
        "gomalloc.pc is not {version}"
    );
    let header = read("include/gomalloc.h");
    for (part, number) in ["MAJOR", "MINOR", "PATCH"].iter().zip(version.split('.')) {
        let line = format!("#define GOMALLOC_VERSION_{part} {number}\n");
        assert!(header.contains(&line), "gomalloc.h is not {version}");
    }
}

/// A program that has the archive linked in uses it, without any shared library of ours.
#[test]
fn the_archive_can_be_linked() {
    let mut command = Command::new(with_archive());
    command.env_remove("LD_PRELOAD");
    run(command).must_be_done();
}

/// A program with more rights than its user takes no settings from him, and leaves him no file.
#[test]
fn privileged_programs_ignore_the_environment() {
    let program = with_archive();
    let directory = unique("privileged");
    fs::create_dir(&directory).expect("the scratch directory can be written");
    // Only root can make a program set-uid to another user.
    let nobody = Some(65534);
    if chown(&program, nobody, None).is_err() || chown(&directory, nobody, None).is_err() {
        return;
    }
    let settings = |privileged: bool| {
        let mode = if privileged { 0o4755 } else { 0o755 };
        fs::set_permissions(&program, Permissions::from_mode(mode)).expect("our own file");
        let mut command = Command::new(&program);
        command
            .env_remove("LD_PRELOAD")
            .env("GOMALLOC", "colour=red")
            .env("GOMALLOC_RUN_DIR", &directory);
        let ended = run(command);
        assert!(ended.status.success(), "{ended:#?}");
        let records = fs::read_dir(&directory).expect("our own directory").count();
        (ended.errors.lines().count(), records)
    };
    assert_eq!(settings(true), (0, 0));
    assert_eq!(settings(false), (1, 1), "without the privilege both count");
}

/// Compiles a program with the archive linked in.
fn with_archive() -> PathBuf {
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
    compile("archive.c", &arguments)
}
