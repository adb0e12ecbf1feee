//! Where memory comes from: nothing reaches libc's heap; when there is none, functions say so.

use std::collections::BTreeSet;

use crate::library;
use crate::program::{compile, must_be_done, preloaded, run};

#[test]
fn out_of_memory_is_an_answer() {
    must_be_done("limits.c", &["512"]);
}

/// The dynamic loader's own words: in a program of C and C++ every name of the family, whoever
/// refers to it, is bound to the library.
#[test]
fn every_reference_is_bound_to_the_library() {
    let library = library::shared();
    let library = library.to_str().expect("the path is text");
    let mut command = preloaded(&compile("operators.cpp", &[]));
    command.env("LD_DEBUG", "bindings").env("LD_BIND_NOW", "1");
    let ended = run(command);
    assert!(ended.status.success(), "{ended:#?}");
    let family: BTreeSet<&str> = crate::exports::NAMES.iter().copied().collect();
    let mut seen = BTreeSet::new();
    for line in ended.errors.lines() {
        // "PID: binding file FROM [0] to TO [0]: normal symbol `NAME' [VERSION]"
        let Some((_, words)) = line.split_once("binding file ") else {
            continue;
        };
        let Some((files, symbol)) = words.split_once(": normal symbol `") else {
            continue;
        };
        let name = symbol.split('\'').next().unwrap_or_default();
        let to = files.split(" to ").nth(1).unwrap_or_default();
        // The library's own look-up of the next one's function is no way around it.
        if family.contains(name) && !files.starts_with(library) {
            assert!(to.starts_with(library), "bound elsewhere: {line}");
            seen.insert(name);
        }
    }
    for name in ["malloc", "calloc", "realloc", "free", "_Znwm", "_ZdlPvm"] {
        assert!(seen.contains(name), "{name} is nowhere in {seen:?}");
    }
}
