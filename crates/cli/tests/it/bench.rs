//! `gomalloc bench`: who runs when, what is printed. Not how fast anything is.

use std::fs;

use serde_json::Value;

use crate::world::{assert_line, err, install, out, scratch, world};

#[test]
fn allocators_take_turns() {
    let directory = scratch();
    let log = directory.path().join("log");
    let other = directory.path().join("libother.so.1");
    install(world().path("libgomalloc.so"), &other, 0o644);
    let mut bench = world().gomalloc();
    bench
        .args(["bench", "-n", "2", "--warmup", "1", "--json", "--with"])
        .arg(&other)
        .args(["--", "sh", "-c"]);
    let output = bench
        .arg("echo ${LD_PRELOAD:-none} >>\"$0\"")
        .arg(&log)
        .output()
        .unwrap();
    let summary: Value = serde_json::from_str(&out(&output))
        .unwrap_or_else(|error| panic!("{error}: {}", err(&output)));
    let library = world().path("libgomalloc.so").display().to_string();
    let other = other.display().to_string();
    let log = fs::read_to_string(&log).unwrap();
    let expected = [
        "none", &library, &other, &library, &other, "none", &other, "none", &library,
    ];
    assert_eq!(
        log.lines().collect::<Vec<_>>(),
        expected,
        "whoever begins moves on by one"
    );
    let allocators = summary["allocators"].as_array().unwrap();
    let names: Vec<&str> = allocators
        .iter()
        .map(|allocator| allocator["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["system", "gomalloc", "other"]);
    for allocator in allocators {
        assert_eq!(
            allocator["runs"].as_array().unwrap().len(),
            2,
            "a warm-up does not count"
        );
        assert!(allocator["seconds"]["median"].as_f64().unwrap() > 0.0);
        assert_eq!(
            allocator["seconds"]["interval"],
            Value::Null,
            "two rounds make no interval"
        );
    }
    assert_eq!(
        (&allocators[0]["library"], &allocators[1]["library"]),
        (&Value::Null, &library.into())
    );
}

#[test]
fn peak_memory_is_the_program_s() {
    // 40 MB that are touched; and hardly anything, which must not show the size of this command.
    let peak = |arguments: &[&str]| {
        let mut bench = world().gomalloc();
        bench
            .args(["bench", "-n", "1", "--warmup", "0", "--json", "--"])
            .arg(world().path("subject"));
        let output = bench.args(arguments).output().unwrap();
        let summary: Value = serde_json::from_str(&out(&output)).unwrap();
        summary["allocators"][0]["peak_bytes"]["median"]
            .as_f64()
            .unwrap()
            / 1024.0
    };
    let large = peak(&["alloc", "40000", "1000", "40000"]);
    assert!((40_000.0..60_000.0).contains(&large), "{large} KiB");
    let small = peak(&["exit", "0"]);
    assert!((200.0..2_500.0).contains(&small), "{small} KiB");
}

#[test]
fn a_table_for_people() {
    let mut bench = world().gomalloc();
    let output = bench
        .args(["bench", "-n", "6", "--warmup", "0", "--", "true"])
        .output()
        .unwrap();
    let text = out(&output);
    assert!(
        text.starts_with("true: 6 rounds, alternating; medians and 95 % intervals\n"),
        "{text}"
    );
    for title in ["  time ", "  processor time ", "  peak memory "] {
        assert_eq!(
            text.lines().filter(|line| line.starts_with(title)).count(),
            1,
            "{title}: {text}"
        );
    }
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("  system "))
            .count(),
        3,
        "{text}"
    );
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("  gomalloc ") && line.contains(" – "))
            .count(),
        3,
        "{text}"
    );
    assert_eq!(err(&output), "", "no bar where there is no terminal");
}

#[test]
fn failures_are_one_line() {
    let bench = |arguments: &[&str]| {
        world()
            .gomalloc()
            .arg("bench")
            .args(arguments)
            .output()
            .unwrap()
    };
    assert_line(&bench(&[]), 2, &["no program given: gomalloc bench"]);
    assert_line(
        &bench(&["-n", "0", "true"]),
        2,
        &["expected a number from 1 on"],
    );
    assert_line(&bench(&["no-such-program"]), 127, &["not found"]);
    assert_line(
        &bench(&["--with", "/no/such.so", "true"]),
        2,
        &["/no/such.so"],
    );
    let own = world().path("libgomalloc.so").display().to_string();
    assert_line(
        &bench(&["--with", &own, "true"]),
        2,
        &["two allocators are called gomalloc", "NAME=FILE"],
    );
    let own_malloc = world().path("own_malloc").display().to_string();
    assert_line(&bench(&[&own_malloc]), 126, &["exports its own malloc"]);
    assert_line(
        &bench(&["-n", "1", "sh", "-c", "exit 3"]),
        1,
        &["sh: exit status: 3 on system", "--ignore-failure"],
    );
    assert!(
        bench(&["-n", "1", "--ignore-failure", "sh", "-c", "exit 3"])
            .status
            .success()
    );
}
