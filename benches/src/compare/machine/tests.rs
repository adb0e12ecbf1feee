//! Dates, and that a description has a value everywhere.

use super::{Machine, date};

#[test]
fn days_become_dates() {
    assert_eq!(date(0), "1970-01-01");
    assert_eq!(date(58), "1970-02-28");
    assert_eq!(date(59), "1970-03-01");
    assert_eq!(date(11_016), "2000-02-29");
    assert_eq!(date(11_017), "2000-03-01");
    assert_eq!(date(20_454), "2026-01-01");
    assert_eq!(date(20_779), "2026-11-22");
}

#[test]
fn a_description_says_something_of_everything() {
    let machine = Machine::describe();
    assert_eq!(machine.date.len(), 10);
    assert!(machine.facts.iter().all(|(_, value)| !value.is_empty()));
    assert!(machine.to_string().contains("\nprocessor: "));
}
