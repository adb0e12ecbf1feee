//! Command lines, right and wrong.

use super::Options;

fn parse(line: &str) -> Result<Options, String> {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    Options::parse(&words)
}

#[test]
fn the_base_comes_first_and_once() {
    let options = parse("--base jemalloc --allocators system,jemalloc --rounds 3").expect("right");
    let names: Vec<&str> = options
        .allocators
        .iter()
        .map(|allocator| allocator.name)
        .collect();
    assert_eq!(names, ["jemalloc", "system"]);
    assert_eq!(options.rounds, 3);
}

#[test]
fn only_selects_by_part_of_the_name() {
    let options = parse("--only lifo,json").expect("right");
    let names: Vec<&str> = options
        .workloads
        .iter()
        .map(|workload| workload.name)
        .collect();
    assert_eq!(
        names,
        ["lifo-hundreds", "lifo-thousands", "lifo-million", "json"]
    );
}

#[test]
fn what_is_wrong_is_named() {
    for (line, word) in [
        ("--rounds", "--rounds"),
        ("--rounds many", "many"),
        ("--rounds 0", "at least 1"),
        ("--base nomalloc", "nomalloc"),
        ("--only nothing-like-it", "nothing-like-it"),
        ("--fast", "--fast"),
    ] {
        let message = parse(line).expect_err(line);
        assert!(message.contains(word), "{line}: {message}");
    }
}
