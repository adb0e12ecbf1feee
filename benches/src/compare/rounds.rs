//! Runs the programs and keeps what they reported.

use super::statistics::{Estimate, geometric_mean};
use super::{Allocator, Options};
use crate::{Report, Workload};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A figure of a report.
pub type Metric = fn(&Report) -> f64;

/// Every report of a comparison.
#[derive(Debug)]
pub struct Rounds {
    /// Columns; the first is the base.
    pub allocators: Vec<Allocator>,
    /// Rows.
    pub workloads: Vec<&'static Workload>,
    /// By round, by row, by column.
    pub reports: Vec<Vec<Vec<Report>>>,
}

impl Rounds {
    /// Runs `options.rounds` rounds of the built `programs` and tells `progress` a line now and then.
    ///
    /// Within a row the allocators take turns in beginning, so that none always runs after the same.
    ///
    /// # Errors
    /// One line: which run failed and what it said.
    pub fn run(
        options: &Options,
        programs: &[(Allocator, PathBuf)],
        mut progress: impl FnMut(String),
    ) -> Result<Self, String> {
        let mut reports = Vec::new();
        for round in 0..options.rounds {
            let mut rows = Vec::new();
            for (index, workload) in options.workloads.iter().enumerate() {
                let mut row: Vec<Option<Report>> = vec![None; programs.len()];
                for turn in 0..programs.len() {
                    let column = (turn + round + index) % programs.len();
                    let (allocator, program) = &programs[column];
                    let report = one(program, workload, options.smoke).map_err(|error| {
                        format!("{} on {}: {error}", workload.name, allocator.name)
                    })?;
                    if report.allocator != allocator.name {
                        return Err(format!(
                            "{} is built with {}",
                            allocator.name, report.allocator
                        ));
                    }
                    row[column] = Some(report);
                }
                rows.push(row.into_iter().flatten().collect());
            }
            reports.push(rows);
            progress(format!("round {} of {}", round + 1, options.rounds));
        }
        Ok(Self {
            allocators: programs.iter().map(|(allocator, _)| *allocator).collect(),
            workloads: options.workloads.clone(),
            reports,
        })
    }

    /// The median of one cell.
    #[must_use]
    pub fn median(&self, row: usize, column: usize, metric: Metric) -> f64 {
        let values: Vec<f64> = self
            .reports
            .iter()
            .map(|round| metric(&round[row][column]))
            .collect();
        Estimate::of(&values).median
    }

    /// The base's figure divided by another's, round by round: below 1 the base is better.
    #[must_use]
    pub fn ratio(&self, row: usize, column: usize, metric: Metric) -> Estimate {
        let ratios: Vec<f64> = self
            .reports
            .iter()
            .map(|round| quotient(&round[row], column, metric))
            .collect();
        Estimate::of(&ratios)
    }

    /// The geometric mean over all rows of the ratio to another, with its interval over rounds.
    #[must_use]
    pub fn mean_ratio(&self, column: usize, metric: Metric) -> Estimate {
        let means: Vec<f64> = self
            .reports
            .iter()
            .map(|round| geometric_mean(round.iter().map(|row| quotient(row, column, metric))))
            .collect();
        Estimate::of(&means)
    }

    /// The other allocator with the smallest median in that row, if there is another.
    #[must_use]
    pub fn best_other(&self, row: usize, metric: Metric) -> Option<usize> {
        let median = |column: &usize| self.median(row, *column, metric);
        (1..self.allocators.len()).min_by(|left, right| median(left).total_cmp(&median(right)))
    }
}

/// The base's figure divided by that of `column`; figures below a millionth count as that.
fn quotient(row: &[Report], column: usize, metric: Metric) -> f64 {
    metric(&row[0]).max(1e-6) / metric(&row[column]).max(1e-6)
}

/// One run in a process of its own.
fn one(program: &Path, workload: &Workload, smoke: bool) -> Result<Report, String> {
    let mut command = Command::new(program);
    command
        .arg(workload.name)
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    if smoke {
        command.arg("--smoke");
    }
    let output = command.output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {}", output.status, words.trim()));
    }
    Report::parse(text.trim()).ok_or(format!("unexpected output: {}", text.trim()))
}

#[cfg(test)]
mod tests;
