//! The tidy test: rules of the house that no lint can express.
//!
//! Reads the repository's own files and the answer of `cargo metadata`; builds nothing, changes nothing
//! (but for one table that is written when somebody asks for it, see `inventory.rs`).
//! One rule a test, so that the name of what fails is the rule; every finding is printed, not only the first.
#![forbid(unsafe_code)]

mod cfgs;
mod code;
mod docs;
mod edges;
mod inventory;
mod names;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> PathBuf {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR"));
    docs.parent()
        .expect("docs lies in the repository")
        .to_path_buf()
}

/// A text file of the repository.
struct File {
    /// Path from the root, with `/`.
    path: String,
    text: String,
}

/// All files below the given folders of the root whose name ends in `suffix`, sorted.
///
/// Build output and hidden folders are left out.
fn files(folders: &[&str], suffix: &str) -> Vec<File> {
    let root = root();
    let mut pending: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    let mut found = Vec::new();
    while let Some(path) = pending.pop() {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if path.is_dir() {
            let skipped = matches!(name, "target" | "corpus" | "artifacts" | "results");
            if !skipped && !name.starts_with('.') {
                let entries = fs::read_dir(&path).expect("a folder of the repository is readable");
                pending.extend(entries.map(|entry| entry.expect("entry").path()));
            }
        } else if name.ends_with(suffix) {
            let relative = path.strip_prefix(&root).expect("below the root");
            found.push(File {
                path: relative.to_string_lossy().replace('\\', "/"),
                text: fs::read_to_string(&path).expect("a source file is UTF-8"),
            });
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

/// Every Rust file of ours.
fn rust_files() -> Vec<File> {
    let found = files(&["crates", "benches", "docs", "fuzz"], ".rs");
    assert!(found.len() > 10, "the walk found the sources");
    found
}

/// Fails with all `findings`, one a line, unless there are none.
#[track_caller]
fn assert_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}
