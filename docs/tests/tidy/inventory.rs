//! The inventory of unsafe code: the table of `docs/UNSAFE.md` against the sources.
//!
//! `BLESS=1 cargo test -p gomalloc-docs` writes the table anew; the sentences around it are a
//! person's.

use crate::code::{bare, is_word, words};
use crate::{File, root, rust_files, sources};
use core::fmt::Write;
use std::fs;

const DOCUMENT: &str = "docs/UNSAFE.md";
const HEAD: &str = "| file | blocks | fn | impl | trait | why |\n|---|---:|---:|---:|---:|---|\n";

/// Where unsafe code stands in one file, and why it may.
#[derive(Default)]
struct Unsafe {
    blocks: usize,
    functions: usize,
    implementations: usize,
    traits: usize,
    why: String,
}

impl Unsafe {
    fn of(file: &File) -> Self {
        let mut found = Self::default();
        let code = bare(&file.text);
        for (word, rest) in words(&code) {
            if word == "unsafe" {
                found.count(rest.trim_start());
            }
        }
        found
    }

    fn count(&mut self, rest: &str) {
        if rest.starts_with('{') {
            self.blocks += 1;
        } else if rest.starts_with("impl") {
            self.implementations += 1;
        } else if rest.starts_with("trait") {
            self.traits += 1;
        } else if rest.starts_with("fn") || rest.starts_with("extern") {
            // A function's type has no name.
            let named = rest.split_once("fn").map(|(_, rest)| rest.trim_start());
            self.functions += usize::from(named.is_some_and(|name| name.starts_with(is_word)));
        }
    }

    fn total(&self) -> usize {
        self.blocks + self.functions + self.implementations + self.traits
    }
}

/// The reasons of a file's `expect(unsafe_code)`, those of the whole module first.
fn reasons(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let attributes = text.split("#[").skip(1).map(|rest| (1, rest));
    let modules = text.split("#![").skip(1).map(|rest| (0, rest));
    for (rank, rest) in attributes.chain(modules) {
        let attribute = rest.split("]\n").next().unwrap_or_default();
        let opens = words(attribute).any(|(word, _)| word == "unsafe_code");
        let reason = attribute.split_once("reason = \"");
        if let (true, Some((_, reason))) = (opens, reason) {
            let reason = reason.split('"').next().unwrap_or_default();
            found.push((rank, reason.to_owned()));
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    let mut reasons: Vec<String> = found.into_iter().map(|(_, reason)| reason).collect();
    reasons.dedup();
    reasons
}

/// The file of the module around the one in `path`, if that is a file of its own.
fn parent(path: &str, files: &[File]) -> Option<String> {
    let (folder, _) = path.rsplit_once('/')?;
    let candidates = [format!("{folder}.rs"), format!("{folder}/mod.rs")];
    let exists = |candidate: &String| files.iter().any(|file| file.path == *candidate);
    candidates
        .into_iter()
        .find(|candidate| candidate != path && exists(candidate))
}

/// Tests, models, drivers and stand-ins for tests, which no user runs.
fn is_proof(file: &File) -> bool {
    let names = ["/models.rs", "/ops.rs", "/fake.rs"];
    let folders = ["/ops/", "/examples/"];
    sources::is_test(file)
        || names.iter().any(|name| file.path.ends_with(name))
        || folders.iter().any(|folder| file.path.contains(folder))
}

/// Why the file may hold unsafe code: its own reasons, or the module around it.
fn why(file: &File, files: &[File]) -> String {
    let own = reasons(&file.text);
    if !own.is_empty() {
        return own.join("; ");
    }
    let mut path = parent(&file.path, files);
    while let Some(around) = path {
        let opener = files.iter().find(|other| other.path == around);
        if opener.is_some_and(|opener| !reasons(&opener.text).is_empty()) {
            let (_, name) = around.rsplit_once("/src/").unwrap_or(("", &around));
            return format!("part of `{name}`");
        }
        path = parent(&around, files);
    }
    String::new()
}

/// The table that belongs into the document.
fn table() -> String {
    let files = rust_files();
    let mut table = String::from(HEAD);
    let mut sum = Unsafe::default();
    let mut count = 0;
    let shipped = |file: &&File| file.path.starts_with("crates/") && !is_proof(file);
    for file in files.iter().filter(shipped) {
        let mut found = Unsafe::of(file);
        if found.total() == 0 {
            continue;
        }
        found.why = why(file, &files);
        assert!(
            !found.why.is_empty(),
            "{}: unsafe without a reason",
            file.path
        );
        let name = format!("`{}`", file.path);
        row(&mut table, &name, &found);
        sum.blocks += found.blocks;
        sum.functions += found.functions;
        sum.implementations += found.implementations;
        sum.traits += found.traits;
        count += 1;
    }
    row(&mut table, &format!("{count} files"), &sum);
    table
}

fn row(table: &mut String, name: &str, found: &Unsafe) {
    let Unsafe {
        blocks,
        functions,
        implementations,
        traits,
        why,
    } = found;
    writeln!(
        table,
        "| {name} | {blocks} | {functions} | {implementations} | {traits} | {why} |"
    )
    .expect("a string takes everything");
}

#[test]
fn the_inventory_of_unsafe_code_is_the_sources() {
    let path = root().join(DOCUMENT);
    let document = fs::read_to_string(&path).expect("the document");
    let start = document.find(HEAD).expect("the table");
    let length = document[start..].find("\n\n").map(|at| at + 1);
    let end = length.map_or(document.len(), |length| start + length);
    let table = table();
    if std::env::var_os("BLESS").is_some() {
        let blessed = [&document[..start], &table, &document[end..]].concat();
        fs::write(&path, blessed).expect("the document is writable");
        return;
    }
    let written: Vec<&str> = document[start..end].lines().collect();
    let changed: Vec<String> = table
        .lines()
        .filter(|line| !written.contains(line))
        .map(str::to_owned)
        .collect();
    let stale = written
        .iter()
        .filter(|line| !table.lines().any(|other| other == **line))
        .map(|line| format!("not any more: {line}"));
    crate::assert_none(
        "docs/UNSAFE.md lists the unsafe code (BLESS=1 writes the table anew)",
        &changed.into_iter().chain(stale).collect::<Vec<_>>(),
    );
}

#[test]
fn unsafe_is_counted_by_what_follows() {
    let file = File {
        path: String::new(),
        text:
            "#[unsafe(no_mangle)] unsafe extern \"C\" fn f(g: unsafe fn(u8)) { unsafe { g(1) } } \
               unsafe impl Send for X {} unsafe trait T {} // unsafe { }"
                .to_owned(),
    };
    let found = Unsafe::of(&file);
    let counts = (
        found.blocks,
        found.functions,
        found.implementations,
        found.traits,
    );
    assert_eq!(counts, (1, 1, 1, 1));
}
