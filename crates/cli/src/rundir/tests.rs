//! Sweeping: what is dead goes, what is alive stays.

use std::fs;
use std::process::Command;

use super::{Tag, now_ns, sweep};
use crate::record::tests::Page;

fn own() -> Tag {
    Tag::own()
}

#[test]
fn a_tag_is_a_number_of_a_process_and_a_time() {
    assert_eq!(
        Tag::parse("12.34"),
        Some(Tag {
            pid: 12,
            started_ns: 34
        })
    );
    for name in [
        "", ".", "12", "12.", ".34", "a.34", "12.34.56", "-1.2", "12.34~",
    ] {
        assert_eq!(Tag::parse(name), None, "{name}");
    }
    assert_eq!(
        Tag {
            pid: 12,
            started_ns: 34
        }
        .to_string(),
        "12.34"
    );
}

#[test]
fn a_process_is_alive_until_it_ends_and_its_number_alone_proves_nothing() {
    assert!(own().is_alive());
    assert!(
        !Tag {
            started_ns: 1,
            ..own()
        }
        .is_alive(),
        "a record older than the process is another's"
    );
    let mut child = Command::new("true").spawn().unwrap();
    let tag = Tag {
        pid: child.id(),
        started_ns: now_ns(),
    };
    // A zombie is dead, too, before anyone has waited for it.
    while tag.is_alive() {
        std::thread::yield_now();
    }
    child.wait().unwrap();
    assert!(!tag.is_alive());
}

#[test]
fn sweeping_leaves_what_is_alive() {
    let root = tempfile::tempdir().unwrap();
    let dead = Tag {
        pid: own().pid,
        started_ns: 1,
    };
    let record = |directory: &str, tag: Tag| {
        let directory = root.path().join(directory);
        fs::create_dir_all(&directory).unwrap();
        Page::new().write(&directory.join(tag.to_string()));
    };
    record("live", dead);
    record("live", own());
    record("run-1.5", dead);
    // The run was killed, a process of it goes on.
    record("run-1.6", own());
    record(&format!("run-{}", own()), dead);
    fs::write(root.path().join("live/notes"), "somebody's").unwrap();
    sweep(root.path());
    let names = |directory: &str| {
        let mut names: Vec<_> = super::names(&root.path().join(directory)).collect();
        names.sort();
        names
    };
    assert_eq!(
        names("live").len(),
        2,
        "own and the foreign file: {:?}",
        names("live")
    );
    assert!(names("live").contains(&"notes".to_owned()));
    let runs = names("");
    assert!(!runs.contains(&"run-1.5".to_owned()), "{runs:?}");
    assert!(runs.contains(&"run-1.6".to_owned()), "{runs:?}");
    assert_eq!(runs.len(), 3, "{runs:?}");
}
