//! The tables that are printed, in Markdown.

use super::rounds::{Metric, Rounds};
use super::statistics::Estimate;
use std::fmt::Write;

/// What every allocator takes: the median of each cell.
#[must_use]
pub fn medians(rounds: &Rounds, metric: Metric) -> String {
    let mut text = head(rounds, 0, &[]);
    for (row, workload) in rounds.workloads.iter().enumerate() {
        let _ = write!(text, "| {} |", workload.name);
        for column in 0..rounds.allocators.len() {
            let _ = write!(text, " {} |", figure(rounds.median(row, column, metric)));
        }
        text.push('\n');
    }
    text
}

/// The base's figure divided by each other's and by the best other's of the row, each with its
/// interval; below 1 the base is better. With a `goal`, rows whose whole interval against the best
/// lies above it are marked with `!`.
#[must_use]
pub fn ratios(rounds: &Rounds, metric: Metric, goal: Option<f64>) -> String {
    let mut text = head(rounds, 1, &["best other"]);
    for (row, workload) in rounds.workloads.iter().enumerate() {
        let _ = write!(text, "| {} |", workload.name);
        for column in 1..rounds.allocators.len() {
            let _ = write!(
                text,
                " {} |",
                with_interval(rounds.ratio(row, column, metric))
            );
        }
        if let Some(best) = rounds.best_other(row, metric) {
            let ratio = rounds.ratio(row, best, metric);
            let missed = goal.is_some_and(|goal| ratio.low > goal);
            let mark = if missed { " !" } else { "" };
            let _ = write!(
                text,
                " {}{mark} ({}) |",
                with_interval(ratio),
                rounds.allocators[best].name
            );
        }
        text.push('\n');
    }
    let _ = write!(text, "| **geometric mean** |");
    for column in 1..rounds.allocators.len() {
        let _ = write!(
            text,
            " {} |",
            with_interval(rounds.mean_ratio(column, metric))
        );
    }
    text.push_str(" |\n");
    text
}

fn head(rounds: &Rounds, from: usize, further: &[&str]) -> String {
    let names = rounds.allocators[from..]
        .iter()
        .map(|allocator| allocator.name);
    let columns: Vec<&str> = names.chain(further.iter().copied()).collect();
    let dashes = "---|".repeat(columns.len());
    format!("| workload | {} |\n|---|{dashes}\n", columns.join(" | "))
}

fn with_interval(estimate: Estimate) -> String {
    format!(
        "{:.2} [{:.2}–{:.2}]",
        estimate.median, estimate.low, estimate.high
    )
}

/// Three significant digits where they matter.
fn figure(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.2}")
    } else if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}
