//! Medians of ratios, how sure they are, and means over rows.
//!
//! Times on a shared machine have outliers and drift, so nothing here assumes a distribution: the
//! estimate is the median of the ratios within rounds, and its interval is between two order
//! statistics chosen by the binomial distribution.

/// A median with the interval that covers the true one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The median.
    pub median: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Estimate {
    /// The median of `values` and its interval of at least 95 %.
    ///
    /// With fewer than six values no interval reaches 95 %; it is then from the smallest to the
    /// largest.
    ///
    /// # Panics
    /// If there is no value, or one is not a number.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(|left, right| left.partial_cmp(right).expect("a number"));
        let rank = rank(sorted.len());
        Self {
            median: middle(&sorted),
            low: sorted[rank],
            high: sorted[sorted.len() - 1 - rank],
        }
    }
}

/// The median of sorted values.
fn middle(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[half]
    } else {
        f64::midpoint(sorted[half - 1], sorted[half])
    }
}

/// How many of `count` values may be left out at each end.
///
/// Each value lies below the true median with probability one half; the interval misses it when
/// no more than `rank` do, or all but `rank`. The largest rank whose risk is at most 5 %, else 0.
fn rank(count: usize) -> usize {
    let mut term = 0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
    let mut below = term;
    let mut rank = 0;
    for index in 1..count / 2 {
        term *= (count - index + 1) as f64 / index as f64;
        below += term;
        if 2.0 * below > 0.05 {
            break;
        }
        rank = index;
    }
    rank
}

/// The geometric mean of positive values; 1 if there is none.
#[must_use]
pub fn geometric_mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sum = 0.0;
    let mut count = 0_u32;
    for value in values {
        sum += value.ln();
        count += 1;
    }
    if count == 0 {
        1.0
    } else {
        (sum / f64::from(count)).exp()
    }
}

#[cfg(test)]
mod tests;
