//! Rules about prose: paths and links that documents name exist, and every decision is listed.

use crate::{File, assert_none, files, root, rust_files};
use std::fs;

/// Folders whose name at the start of a back-ticked word makes it a path.
const PREFIXES: [&str; 5] = ["crates/", "docs/", "benches/", "fuzz/", ".ci/"];

/// Documents of the root and of the folders.
pub(crate) fn documents() -> Vec<File> {
    let mut found = files(&["crates", "benches", "docs", "fuzz"], ".md");
    for name in [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
    ] {
        let text = fs::read_to_string(root().join(name)).expect("a document of the root");
        found.push(File {
            path: name.to_owned(),
            text,
        });
    }
    found
}

/// The lines outside fenced blocks, with their numbers.
pub(crate) fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            lines.push((index + 1, line));
        }
    }
    lines
}

/// The back-ticked words of a line that are paths without a placeholder.
fn paths(line: &str) -> Vec<&str> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted
        .filter(|word| PREFIXES.iter().any(|prefix| word.starts_with(prefix)))
        .filter(|word| !word.contains(['*', '<', '>', '{', ' ', '…']))
        .collect()
}

/// The targets of a line's Markdown links that are neither addresses nor anchors of the same file.
fn links(line: &str) -> Vec<&str> {
    let targets = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .collect()
}

#[test]
fn paths_named_in_documents_exist() {
    let root = root();
    let mut findings = Vec::new();
    for file in documents() {
        for (number, line) in prose(&file.text) {
            for path in paths(line).iter().filter(|path| !root.join(path).exists()) {
                findings.push(format!("{}:{number}: {path}", file.path));
            }
        }
    }
    for file in rust_files() {
        for (index, line) in file.text.lines().enumerate() {
            let comment = line.trim_start().starts_with("//");
            for path in paths(line)
                .iter()
                .filter(|path| comment && !root.join(path).exists())
            {
                findings.push(format!("{}:{}: {path}", file.path, index + 1));
            }
        }
    }
    assert_none("a path that is named exists", &findings);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let root = root();
    let mut findings = Vec::new();
    for file in documents() {
        let folder = root
            .join(&file.path)
            .parent()
            .expect("a folder")
            .to_path_buf();
        for (number, line) in prose(&file.text) {
            for link in links(line) {
                let (path, _) = link.split_once('#').unwrap_or((link, ""));
                if !folder.join(path).exists() {
                    findings.push(format!("{}:{number}: {link}", file.path));
                }
            }
        }
    }
    assert_none("a relative link leads to a file", &findings);
}

#[test]
fn every_decision_is_listed() {
    let list = fs::read_to_string(root().join("docs/decisions/README.md")).expect("the list");
    let findings: Vec<String> = files(&["docs/decisions"], ".md")
        .into_iter()
        .map(|file| file.path.trim_start_matches("docs/decisions/").to_owned())
        .filter(|name| name != "README.md" && !list.contains(&format!("({name})")))
        .collect();
    assert_none("a decision stands in docs/decisions/README.md", &findings);
}

#[test]
fn the_test_command_is_the_same_everywhere() {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    let (_, section) = readme.split_once("\n## Test it\n").expect("the section");
    let block = section.split("```").nth(1).expect("a block");
    let command = block.trim_start_matches("sh").trim();
    assert_eq!(command, "cargo test --workspace");
    let testing = fs::read_to_string(root().join("docs/TESTING.md")).expect("docs/TESTING.md");
    assert!(
        testing.contains(&format!("`{command}`")),
        "docs/TESTING.md names {command}"
    );
}
