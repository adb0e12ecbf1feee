//! Medians, intervals, and the comparison as text or JSON.

use core::fmt;
use core::time::Duration;

use serde::Serialize;

use super::Contender;
use super::measure::Measured;
use crate::table::Table;
use crate::units::{Bytes, Time, as_float};

/// The middle of some values, and where the middle of all values that there could be lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Middle {
    pub(super) median: f64,
    /// At least 95 % sure; none where there are too few values for that.
    pub(super) interval: Option<(f64, f64)>,
}

impl Middle {
    /// The median, and the interval between two order statistics: the number of values below the true median
    /// is binomial with one half, whatever their distribution. At least six values are needed.
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let count = values.len();
        let median = if count.is_multiple_of(2) {
            f64::midpoint(values[count / 2 - 1], values[count / 2])
        } else {
            values[count / 2]
        };
        let interval = outside(count).map(|low| (values[low], values[count - 1 - low]));
        Middle { median, interval }
    }
}

/// The most values that may be cut off on either side, such that both tails together have at most 5 %.
fn outside(count: usize) -> Option<usize> {
    // Probability of exactly `below` of `count`, summed up from 0; the sum is one tail.
    let mut exactly = 0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
    let mut tail = exactly;
    let mut low = None;
    for below in 0..count / 2 {
        if tail > 0.025 {
            break;
        }
        low = Some(below);
        exactly *= as_float((count - below) as u64) / as_float(below as u64 + 1);
        tail += exactly;
    }
    low
}

/// The whole comparison.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    program: String,
    rounds: usize,
    allocators: Vec<Allocator>,
}

/// One allocator in it; the first is what the others are compared with.
#[derive(Debug, Serialize)]
struct Allocator {
    name: String,
    library: Option<String>,
    seconds: Middle,
    processor_seconds: Middle,
    peak_bytes: Middle,
    /// This one's time over the first one's, round by round.
    time_ratio: Middle,
    processor_ratio: Middle,
    peak_ratio: Middle,
    runs: Vec<Run>,
}

#[derive(Debug, Serialize)]
struct Run {
    seconds: f64,
    processor_seconds: f64,
    peak_bytes: u64,
}

impl Summary {
    pub(super) fn new(program: String, rounds: usize, contenders: &[Contender]) -> Self {
        let base = &contenders[0].measured;
        let allocators = contenders
            .iter()
            .map(|contender| Allocator::new(contender, base))
            .collect();
        Summary {
            program,
            rounds,
            allocators,
        }
    }
}

impl Allocator {
    fn new(contender: &Contender, base: &[Measured]) -> Self {
        let measured = &contender.measured;
        let middle = |value: fn(&Measured) -> f64| Middle::of(measured.iter().map(value).collect());
        let ratio = |value: fn(&Measured) -> f64| {
            let pairs = measured.iter().zip(base);
            Middle::of(pairs.map(|(own, base)| value(own) / value(base)).collect())
        };
        let wall = |run: &Measured| run.wall.as_secs_f64();
        let processor = |run: &Measured| run.processor.as_secs_f64();
        let peak = |run: &Measured| as_float(run.peak_bytes);
        let run = |run: &Measured| Run {
            seconds: wall(run),
            processor_seconds: processor(run),
            peak_bytes: run.peak_bytes,
        };
        Allocator {
            name: contender.name.clone(),
            library: contender
                .library
                .as_ref()
                .map(|library| library.path().display().to_string()),
            seconds: middle(wall),
            processor_seconds: middle(processor),
            peak_bytes: middle(peak),
            time_ratio: ratio(wall),
            processor_ratio: ratio(processor),
            peak_ratio: ratio(peak),
            runs: measured.iter().map(run).collect(),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounds = if self.rounds == 1 {
            "1 round".to_owned()
        } else {
            format!("{} rounds", self.rounds)
        };
        writeln!(
            f,
            "{}: {rounds}, alternating; medians and 95 % intervals",
            self.program
        )?;
        self.part(f, "time", time, |allocator| {
            (&allocator.seconds, &allocator.time_ratio)
        })?;
        self.part(f, "processor time", time, |allocator| {
            (&allocator.processor_seconds, &allocator.processor_ratio)
        })?;
        self.part(f, "peak memory", bytes, |allocator| {
            (&allocator.peak_bytes, &allocator.peak_ratio)
        })?;
        if self.allocators[0].seconds.interval.is_none() {
            writeln!(f, "\n  an interval takes at least 6 rounds")?;
        }
        Ok(())
    }
}

impl Summary {
    /// A table of one thing that was measured, and its ratio to the first allocator's.
    fn part(
        &self,
        f: &mut fmt::Formatter<'_>,
        title: &str,
        show: fn(f64) -> String,
        get: fn(&Allocator) -> (&Middle, &Middle),
    ) -> fmt::Result {
        let versus = format!("vs {}", self.allocators[0].name);
        let mut table = Table::with_names([title, "median", "interval", &versus, "interval"]);
        for (index, allocator) in self.allocators.iter().enumerate() {
            let (value, ratio) = get(allocator);
            let is_base = index == 0;
            table.row([
                allocator.name.clone(),
                show(value.median),
                interval(value, show),
                if is_base {
                    String::new()
                } else {
                    three_places(ratio.median)
                },
                if is_base {
                    String::new()
                } else {
                    interval(ratio, three_places)
                },
            ]);
        }
        write!(f, "\n{table}")
    }
}

fn three_places(ratio: f64) -> String {
    format!("{ratio:.3}")
}

fn interval(middle: &Middle, show: fn(f64) -> String) -> String {
    middle.interval.map_or_else(String::new, |(low, high)| {
        format!("{} – {}", show(low), show(high))
    })
}

fn time(seconds: f64) -> String {
    Time(Duration::from_secs_f64(seconds)).to_string()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it came from a whole number"
)]
fn bytes(bytes: f64) -> String {
    Bytes(bytes as u64).to_string()
}

#[cfg(test)]
mod tests;
