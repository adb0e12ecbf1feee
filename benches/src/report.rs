//! The line that a run prints: what `workload` writes and `compare` reads.

use crate::{Outcome, meter};
use serde_json::{Value, json};
use std::fmt;

/// One run of one workload on one allocator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Name of the workload.
    pub workload: String,
    /// Name of the allocator.
    pub allocator: String,
    /// What the timed part did and cost.
    pub outcome: Outcome,
    /// The most memory that was resident, in KiB, from the start of the process to its end.
    pub peak_kib: u64,
}

impl Report {
    /// The report of a run that has just ended in this process.
    #[must_use]
    pub fn of(workload: &str, allocator: &str, outcome: Outcome) -> Self {
        Self {
            workload: workload.to_owned(),
            allocator: allocator.to_owned(),
            outcome,
            peak_kib: meter::peak_kib(),
        }
    }

    /// Wall time of one operation in nanoseconds.
    #[must_use]
    pub fn wall_per_operation(&self) -> f64 {
        self.outcome.wall_ns as f64 / self.outcome.operations.max(1) as f64
    }

    /// User processor time of one operation in nanoseconds.
    #[must_use]
    pub fn user_per_operation(&self) -> f64 {
        self.outcome.user_ns as f64 / self.outcome.operations.max(1) as f64
    }

    /// The report that [`fmt::Display`] has written, or `None` for any other line.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(line).ok()?;
        let number = |key: &str| value[key].as_u64();
        Some(Self {
            workload: value["workload"].as_str()?.to_owned(),
            allocator: value["allocator"].as_str()?.to_owned(),
            outcome: Outcome {
                operations: number("operations")?,
                wall_ns: number("wall_ns")?,
                user_ns: number("user_ns")?,
                system_ns: number("system_ns")?,
            },
            peak_kib: number("peak_kib")?,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = json!({
            "workload": self.workload,
            "allocator": self.allocator,
            "operations": self.outcome.operations,
            "wall_ns": self.outcome.wall_ns,
            "user_ns": self.outcome.user_ns,
            "system_ns": self.outcome.system_ns,
            "peak_kib": self.peak_kib,
        });
        write!(formatter, "{line}")
    }
}

#[cfg(test)]
mod tests;
