//! Where memory comes from: nothing reaches libc's heap; when there is none, functions say so.

use std::collections::BTreeSet;

use crate::library;
use crate::program::{compile, must_be_done, preloaded, run};

#[test]
fn out_of_memory_is_an_answer() {
    must_be_done("limits.c", &["512"]);
}

#[test]
fn a_hard_limit_is_an_answer() {
    let mut command = preloaded(&compile("limits.c", &[]));
    command.args(["0", "inside"]);
    command.env("GOMALLOC", "hard_limit=200MiB");
    run(command).must_be_done();
}

/// Each wrong item is one line that says what was expected; the rest counts, and the program runs.
#[test]
fn wrong_settings_are_a_line_each() {
    let program = compile("limits.c", &[]);
    let mut command = preloaded(&program);
    command.args(["0", "inside"]);
    command.env("GOMALLOC", "hard_limit=200MiB,colour=red,decay_ms=soon,,=");
    let ended = run(command);
    assert!(
        ended.status.success() && ended.output == "done\n",
        "{ended:#?}"
    );
    let lines: Vec<&str> = ended.errors.lines().collect();
    assert_eq!(lines.len(), 3, "{ended:#?}");
    for (line, item) in lines.iter().zip(["colour=red", "decay_ms=soon", "="]) {
        assert!(line.starts_with("gomalloc: GOMALLOC: "), "{line}");
        assert!(line.contains(item) && line.contains("expected "), "{line}");
    }
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
