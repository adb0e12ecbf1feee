//! The raw figures, one line a run, so that others can compute what they like.

use super::Rounds;
use std::fmt::Write;

/// The whole file: the machine as comments, a head, then a line a run.
#[must_use]
pub fn text(rounds: &Rounds, machine: &str) -> String {
    let mut text = String::new();
    for line in machine.lines() {
        let _ = writeln!(text, "# {line}");
    }
    text.push_str("round,workload,allocator,operations,wall_ns,user_ns,system_ns,peak_kib\n");
    for (round, rows) in rounds.reports.iter().enumerate() {
        for report in rows.iter().flatten() {
            let outcome = &report.outcome;
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},{},{}",
                round + 1,
                report.workload,
                report.allocator,
                outcome.operations,
                outcome.wall_ns,
                outcome.user_ns,
                outcome.system_ns,
                report.peak_kib
            );
        }
    }
    text
}
