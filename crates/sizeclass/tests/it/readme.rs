//! The README says what the crate does.

const README: &str = include_str!("../../README.md");

#[test]
fn the_first_example_is_the_one_that_runs() {
    let first = README
        .split("```rust\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    assert_eq!(first, Some(include_str!("../../examples/standalone.rs")));
}

#[test]
fn it_says_when_not_to_use_it() {
    assert!(README.contains("\n## When not to use it\n"));
}
