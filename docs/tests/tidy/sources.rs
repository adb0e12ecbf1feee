//! Rules about single Rust files: heads, length, where tests stand, atomics, the top level.

use crate::{File, assert_none, files, root, rust_files};
use std::fs;

/// Longest file, in lines; `docs/STYLE.md` asks for 250.
const LONGEST: usize = 400;

/// What may lie in the root beside dot files and build output.
const TOP_LEVEL: [&str; 14] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "benches",
    "crates",
    "deny.toml",
    "docs",
    "fuzz",
    "target",
];

/// Files of the layers that may use std's locks, and why.
const STD_LOCKS: [(&str, &str); 2] = [
    (
        "crates/arena/src/os/host.rs",
        "a stand-in on std for Miri and models, which it must not become part of",
    ),
    (
        "crates/arena/src/os/simulated.rs",
        "a stand-in on std for tests, which asserts under its lock",
    ),
];

/// Whether a file holds tests or an example only, so that it may use what std has.
pub(crate) fn is_test(file: &File) -> bool {
    let path = &file.path;
    ["/tests.rs", "/testing.rs"]
        .iter()
        .any(|name| path.ends_with(name))
        || ["/tests/", "/testing/", "/benches/", "/examples/"]
            .iter()
            .any(|folder| path.contains(folder))
}

#[test]
fn every_file_opens_with_what_it_is() {
    let findings: Vec<String> = rust_files()
        .iter()
        // A head that is long enough to be a document of its own may be one.
        .filter(|file| {
            !file.text.starts_with("//!") && !file.text.starts_with("#![doc = include_str!")
        })
        .map(|file| format!("{}: the first line is not `//!`", file.path))
        .collect();
    assert_none("every file opens with `//!`", &findings);
}

#[test]
fn no_file_is_longer_than_a_person_reads() {
    let findings: Vec<String> = rust_files()
        .iter()
        .filter(|file| file.text.lines().count() > LONGEST)
        .map(|file| format!("{}: {} lines", file.path, file.text.lines().count()))
        .collect();
    assert_none("a file has at most 400 lines", &findings);
}

#[test]
fn tests_have_files_of_their_own() {
    let inline = concat!("mod tests", " {");
    let findings: Vec<String> = rust_files()
        .iter()
        .filter(|file| file.text.contains(inline))
        .map(|file| format!("{}: move the tests into a file", file.path))
        .collect();
    assert_none("tests stand in `foo/tests.rs`", &findings);
}

#[test]
fn atomics_come_from_sync() {
    let mut findings = Vec::new();
    // The command and its tests are an ordinary program; so are benches, documents, fuzz targets and
    // examples.
    for file in files(&["crates"], ".rs") {
        let free = file.path.starts_with("crates/sync/")
            || file.path.starts_with("crates/cli/")
            || file.path.contains("/examples/")
            || STD_LOCKS.iter().any(|(path, _)| file.path == *path);
        if free || is_test(&file) {
            continue;
        }
        for (index, line) in file.text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let named = [
                "core::sync",
                "std::sync",
                "std::cell::UnsafeCell",
                "core::cell::UnsafeCell",
            ]
            .iter()
            .any(|path| code.contains(path));
            if named {
                findings.push(format!("{}:{}: {}", file.path, index + 1, line.trim()));
            }
        }
    }
    assert_none("atomics, cells and locks come from `sync`", &findings);
}

#[test]
fn every_crate_root_locks_unsafe_out() {
    let roots = ["/src/lib.rs", "/src/main.rs"];
    let findings: Vec<String> = rust_files()
        .into_iter()
        .filter(|file| {
            roots.iter().any(|name| file.path.ends_with(name)) || file.path.contains("/src/bin/")
        })
        // Modules of a program in a folder of its own have their root beside them.
        .filter(|file| !file.path.contains("/src/bin/") || file.text.contains("fn main()"))
        // Prose needs no lock.
        .filter(|file| {
            file.text
                .lines()
                .any(|line| !line.is_empty() && !line.starts_with("//"))
        })
        .filter(|file| {
            !file.text.contains("#![deny(unsafe_code)]")
                && !file.text.contains("#![forbid(unsafe_code)]")
        })
        .map(|file| file.path)
        .collect();
    assert_none("crate roots deny or forbid unsafe_code", &findings);
}

#[test]
fn the_top_level_holds_what_the_architecture_says() {
    let entries = fs::read_dir(root()).expect("the root is readable");
    let findings: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str()))
        .collect();
    assert_none("nothing else lies in the root", &findings);
}
