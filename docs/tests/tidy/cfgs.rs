//! The rule about conditional compilation: a seam has one chooser, and the list of choosers is here.
//!
//! Counted are conditions on the platform, on Miri, on fuzzing and on the model flag. Features and
//! `debug_assertions` are part of a crate's interface and are not counted; test files may ask what they like.

use crate::{assert_none, root, rust_files, sources};

/// Conditions that are counted.
const COUNTED: [&str; 11] = [
    "gomalloc_loom",
    "miri",
    "fuzzing",
    "unix",
    "windows",
    "target_os",
    "target_arch",
    "target_env",
    "target_family",
    "target_pointer_width",
    "target_vendor",
];

/// Files and folders (with a final `/`) that choose, and what they choose.
const CHOOSERS: &[(&str, &str)] = &[
    (
        "crates/sync/src/",
        "core's primitives or loom's, the futex of the system",
    ),
    (
        "crates/arena/src/lib.rs",
        "which seams to the system a build has",
    ),
    ("crates/arena/src/os/", "the operating system"),
    (
        "crates/arena/src/platform.rs",
        "address bits and hints of the target",
    ),
    (
        "crates/cache/src/empty.rs",
        "the shared empty cache is a static, and loom's atomics cannot be in one",
    ),
    (
        "crates/gomalloc/src/lib.rs",
        "the system's fork handlers, if it forks",
    ),
    (
        "crates/gomalloc/src/thread.rs",
        "how a thread's end is noticed",
    ),
    (
        "crates/preload/src/lib.rs",
        "the C library is there on Linux only",
    ),
    (
        "crates/preload/src/cxx.rs",
        "the letter that stands for `size_t` in C++'s names",
    ),
    (
        "crates/gomalloc/src/settings/environment.rs",
        "where a process's environment and limits are read",
    ),
    (
        "crates/gomalloc/src/maintain.rs",
        "the system's coarse clock",
    ),
];

/// Lines that may stand anywhere: where tests, models and drivers are switched on.
const ANYWHERE: [&str; 5] = [
    "#[cfg(all(test, gomalloc_loom))]",
    "#[cfg(all(test, not(gomalloc_loom)))]",
    "#[cfg(any(test, fuzzing))]",
    "#[cfg(any(test, fuzzing, debug_assertions))]",
    "#[cfg(any(test, fuzzing, feature = \"ops\"))]",
];

/// Whether `line` holds a counted condition.
fn is_counted(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let conditional = ["cfg(", "cfg_attr(", "cfg!("]
        .iter()
        .any(|form| code.contains(form));
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    conditional
        && code
            .split(|c| !is_word(c))
            .any(|word| COUNTED.contains(&word))
}

/// Whether the item under line `index` is a constructor: loom's atomics have no `const fn new`,
/// so a value that holds some has one constructor that is `const` and one that is not.
fn is_constructor(lines: &[&str], index: usize) -> bool {
    let plain = matches!(
        lines[index].trim(),
        "#[cfg(gomalloc_loom)]" | "#[cfg(not(gomalloc_loom))]"
    );
    let item = lines[index + 1..].iter().find(|line| {
        let line = line.trim();
        !line.starts_with('#') && !line.starts_with("//")
    });
    plain && item.is_some_and(|line| line.contains("fn ") && line.contains("new"))
}

#[test]
fn conditions_stand_where_the_choice_is_made() {
    let mut findings = Vec::new();
    for file in rust_files() {
        let chooser = CHOOSERS.iter().any(|(path, _)| file.path.starts_with(path));
        let limits = file.path.ends_with("/limits.rs") || file.path.ends_with("/models.rs");
        if chooser || limits || sources::is_test(&file) {
            continue;
        }
        let lines: Vec<&str> = file.text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let allowed = ANYWHERE.contains(&line.trim()) || is_constructor(&lines, index);
            if is_counted(line) && !allowed {
                findings.push(format!("{}:{}: {}", file.path, index + 1, line.trim()));
            }
        }
    }
    assert_none(
        "conditions stand in the choosers of docs/tests/tidy/cfgs.rs",
        &findings,
    );
}

#[test]
fn every_chooser_exists() {
    let root = root();
    let findings: Vec<String> = CHOOSERS
        .iter()
        .filter(|(path, reason)| !root.join(path).exists() || reason.is_empty())
        .map(|(path, _)| (*path).to_owned())
        .collect();
    assert_none("a chooser of the list is a file with a reason", &findings);
}
