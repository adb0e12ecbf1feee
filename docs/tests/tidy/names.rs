//! Rules about names: what a document says of our code and our tests is there.
//!
//! In a document, `` `crate: name` `` is a test of that crate, and `` `crate::path` `` an item of it.

use crate::code::{bare, is_word, words};
use crate::docs::{documents, prose};
use crate::{File, assert_none, files, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The folders below `crates`.
fn crates() -> Vec<String> {
    let entries = fs::read_dir(root().join("crates")).expect("crates is readable");
    entries
        .map(|entry| entry.expect("entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

/// The names of the functions in `text` that are tests.
pub(crate) fn tests(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        if line == "#[test]" {
            is_test = true;
        } else if let (true, Some((_, rest))) = (is_test, line.split_once("fn ")) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            found.push(rest[..end].to_owned());
            is_test = false;
        }
    }
    found
}

/// What stands between back-ticks in the prose of a document, with the number of the line.
fn quoted(file: &File) -> Vec<(usize, &str)> {
    let lines = prose(&file.text).into_iter();
    lines
        .flat_map(|(number, line)| {
            let words = line.split('`').skip(1).step_by(2);
            words.map(move |word| (number, word))
        })
        .collect()
}

/// Whether `name`, which may begin with modules as `cargo test` prints them, is a test of `files`.
fn is_test(name: &str, files: &[(String, BTreeSet<String>)]) -> bool {
    let (modules, name) = name.rsplit_once("::").unwrap_or(("", name));
    files.iter().any(|(path, tests)| {
        let mut folders = path.trim_end_matches(".rs").split('/');
        let lies_in = |module: &str| folders.any(|folder| folder == module);
        tests.contains(name) && modules.split("::").filter(|m| !m.is_empty()).all(lies_in)
    })
}

#[test]
fn tests_that_documents_name_exist() {
    let mut existing = BTreeMap::new();
    for folder in crates() {
        let sources = files(&[&format!("crates/{folder}")], ".rs");
        let tests = |file: File| (file.path, tests(&file.text).into_iter().collect());
        let tests: Vec<(String, BTreeSet<String>)> = sources.into_iter().map(tests).collect();
        existing.insert(folder, tests);
    }
    let (mut named, mut findings) = (0, Vec::new());
    for file in documents() {
        for (number, word) in quoted(&file) {
            let Some((of, name)) = word.split_once(": ") else {
                continue;
            };
            let is_name = name.chars().all(|c| is_word(c) || c == ':');
            if let (Some(tests), true) = (existing.get(of), is_name) {
                named += 1;
                if !is_test(name, tests) {
                    findings.push(format!("{}:{number}: {word}", file.path));
                }
            }
        }
    }
    assert!(named > 100, "{named} are named");
    assert_none("a test that is named exists", &findings);
}

#[test]
fn items_that_documents_name_exist() {
    let mut existing: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for folder in crates() {
        let sources = files(&[&format!("crates/{folder}/src")], ".rs");
        let names = sources.iter().flat_map(|file| {
            let code = bare(&file.text);
            words(&code)
                .map(|(word, _)| word.to_owned())
                .collect::<Vec<_>>()
        });
        existing.insert(folder, names.collect());
    }
    let mut findings = Vec::new();
    for file in documents() {
        for (number, word) in quoted(&file) {
            let mut path = word.trim_end_matches("()").split("::");
            let words = path.next().and_then(|first| existing.get(first));
            let (Some(words), true) = (words, word.contains("::")) else {
                continue;
            };
            if path.any(|name| !words.contains(name)) {
                findings.push(format!("{}:{number}: {word}", file.path));
            }
        }
    }
    assert_none("an item that is named exists", &findings);
}

#[test]
fn every_model_stands_in_the_document_about_concurrency() {
    let mut findings = Vec::new();
    let concurrency = fs::read_to_string(root().join("docs/CONCURRENCY.md")).expect("the document");
    for folder in crates() {
        for file in files(&[&format!("crates/{folder}/src")], ".rs") {
            if !file.path.ends_with("/models.rs") && !file.path.contains("/models/") {
                continue;
            }
            for name in tests(&file.text) {
                if !concurrency.contains(&format!("`{folder}: {name}`")) {
                    findings.push(format!("{}: {name}", file.path));
                }
            }
        }
    }
    assert_none("every model stands in docs/CONCURRENCY.md", &findings);
}

#[test]
fn the_lock_ranks_are_those_of_the_code() {
    let code = fs::read_to_string(root().join("crates/sync/src/rank.rs")).expect("the ranks");
    let (_, body) = code.split_once("pub enum Rank {").expect("the ranks");
    let (body, _) = body.split_once("\n}").expect("their end");
    let in_code: Vec<(String, String)> = bare(body)
        .split(',')
        .filter_map(|variant| variant.split_once('='))
        .map(|(name, number)| (number.trim().to_owned(), name.trim().to_owned()))
        .collect();
    let concurrency = fs::read_to_string(root().join("docs/CONCURRENCY.md")).expect("the document");
    let (_, section) = concurrency
        .split_once("\n## Lock ranks\n")
        .expect("the section");
    let rows = section.lines().skip_while(|line| !line.starts_with('|'));
    let in_document: Vec<(String, String)> = rows
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            (cells[1].to_owned(), cells[2].trim_matches('`').to_owned())
        })
        .collect();
    assert_eq!(in_document, in_code);
}
