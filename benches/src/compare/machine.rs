//! The machine and the day, for the head of the results.

use std::fmt;
use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where and when figures were taken.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Year, month and day in UTC, as `2026-11-22`.
    pub date: String,
    /// Pairs of what and value, in the order to print.
    pub facts: Vec<(&'static str, String)>,
}

impl Machine {
    /// This machine, now; what cannot be found out is called unknown.
    #[must_use]
    pub fn describe() -> Self {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs());
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let system = format!(
            "{} {}",
            command("uname", &["-sr"]),
            command("uname", &["-m"])
        );
        Self {
            date: date(seconds / 86_400),
            facts: vec![
                ("processor", field("/proc/cpuinfo", "model name")),
                ("cores", cores.to_string()),
                ("memory", field("/proc/meminfo", "MemTotal")),
                ("system", system),
                ("C library", command("getconf", &["GNU_LIBC_VERSION"])),
                (
                    "huge pages",
                    read("/sys/kernel/mm/transparent_hugepage/enabled"),
                ),
                ("compiler", command("rustc", &["--version"])),
                (
                    "commit",
                    command("git", &["describe", "--always", "--dirty"]),
                ),
            ],
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "date: {}", self.date)?;
        for (what, value) in &self.facts {
            write!(formatter, "\n{what}: {value}")?;
        }
        Ok(())
    }
}

fn known(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { "unknown" } else { text }.to_owned()
}

fn read(path: &str) -> String {
    known(&fs::read_to_string(path).unwrap_or_default())
}

/// The value of the first line of `path` that begins with `name`.
fn field(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    known(
        line.and_then(|line| line.split_once(':'))
            .map_or("", |(_, value)| value),
    )
}

fn command(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    known(&output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    ))
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Counted in periods of 400 years from a 1 March, so that the leap day is the last of its year.
fn date(day: u64) -> String {
    let day = day + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{of_month:02}")
}

#[cfg(test)]
mod tests;
