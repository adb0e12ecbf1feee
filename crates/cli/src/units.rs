//! Figures as people read them: thousands separators, binary prefixes, durations.

use core::fmt;
use core::time::Duration;

/// A count: `1,234,567`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Count(pub(crate) u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let mut text = String::with_capacity(digits.len() * 4 / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index != 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        f.pad(&text)
    }
}

/// An amount of memory: `896 B`, `1.50 KiB`, `12.3 MiB`, `456 GiB`: three digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 1024 {
            return f.pad(&format!("{} B", self.0));
        }
        // What would be rounded to 1024 is one of the next unit.
        let mut value = as_float(self.0) / 1024.0;
        let mut unit = 0;
        while value >= 1023.5 {
            value /= 1024.0;
            unit += 1;
        }
        f.pad(&format!("{} {}", three_digits(value), UNITS[unit]))
    }
}

/// A time: `123 µs`, `4.56 ms`, `7.89 s`, `2 min 03 s`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time(pub(crate) Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        let text = if seconds < 999.5e-6 {
            format!("{} µs", three_digits(seconds * 1e6))
        } else if seconds < 999.5e-3 {
            format!("{} ms", three_digits(seconds * 1e3))
        } else if seconds < 119.5 {
            format!("{} s", three_digits(seconds))
        } else {
            let whole = self.0.as_secs();
            format!("{} min {:02} s", whole / 60, whole % 60)
        };
        f.pad(&text)
    }
}

/// A number with three significant digits and no exponent.
fn three_digits(value: f64) -> String {
    match value {
        v if v < 9.995 => format!("{v:.2}"),
        v if v < 99.95 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

/// The nearest float; exact up to 2^53, and three digits are shown.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn as_float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests;
