//! Ranks from published tables, and that the interval covers what it promises to.

use super::{Estimate, geometric_mean, rank};
use crate::rng::Rng;

#[test]
fn ranks_are_those_of_the_sign_test() {
    // Critical values of the two-sided sign test at 5 %, one less than the tables' rank from 1.
    for (count, expected) in [
        (1, 0),
        (5, 0),
        (6, 0),
        (8, 0),
        (9, 1),
        (12, 2),
        (15, 3),
        (20, 5),
        (25, 7),
    ] {
        assert_eq!(rank(count), expected, "{count} values");
    }
}

#[test]
fn the_median_is_in_the_middle() {
    assert!((Estimate::of(&[3.0, 1.0, 2.0]).median - 2.0).abs() < 1e-12);
    assert!((Estimate::of(&[4.0, 1.0, 2.0, 3.0]).median - 2.5).abs() < 1e-12);
    let one = Estimate::of(&[7.0]);
    assert!(one.low == 7.0 && one.high == 7.0);
}

#[test]
fn the_interval_covers_the_truth_nineteen_times_of_twenty() {
    let mut rng = Rng::new(9);
    let mut covered = 0;
    for _ in 0..2_000 {
        // A lopsided distribution with median 0.25: squares of uniform numbers.
        let values: Vec<f64> = (0..15)
            .map(|_| (f64::from(rng.bits()) / f64::from(u32::MAX)).powi(2))
            .collect();
        let estimate = Estimate::of(&values);
        covered += u32::from(estimate.low <= 0.25 && 0.25 <= estimate.high);
    }
    // 96.5 % expected with 15 values, standard deviation 8.
    assert!((1_890..=1_970).contains(&covered), "{covered} of 2,000");
}

#[test]
fn a_geometric_mean_of_inverse_ratios_is_one() {
    assert!((geometric_mean([0.5, 2.0]) - 1.0).abs() < 1e-12);
    assert!((geometric_mean([4.0, 1.0]) - 2.0).abs() < 1e-12);
    assert!((geometric_mean([]) - 1.0).abs() < 1e-12);
}
