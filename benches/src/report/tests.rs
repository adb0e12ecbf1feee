//! A report survives being printed and read.

use super::Report;
use crate::Outcome;

#[test]
fn what_is_written_is_read() {
    let outcome = Outcome {
        operations: 4,
        wall_ns: 100,
        user_ns: 60,
        system_ns: 7,
    };
    let report = Report::of("pair", "system", outcome);
    assert!(report.peak_kib > 0, "this process has memory");
    assert_eq!(Report::parse(&report.to_string()), Some(report.clone()));
    assert!((report.wall_per_operation() - 25.0).abs() < 1e-9);
    assert!((report.user_per_operation() - 15.0).abs() < 1e-9);
}

#[test]
fn other_lines_are_no_reports() {
    assert_eq!(Report::parse("warming up"), None);
    assert_eq!(Report::parse("{\"workload\":\"pair\"}"), None);
}
