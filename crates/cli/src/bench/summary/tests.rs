//! Medians and the intervals of textbooks.

use super::{Middle, outside};

fn values(count: u32) -> Vec<f64> {
    // Not in order.
    (0..count).map(|n| f64::from(n * 7 % count + 1)).collect()
}

#[test]
fn the_median_is_the_middle_or_between_the_two() {
    assert!((Middle::of(values(5)).median - 3.0).abs() < 1e-12);
    assert!((Middle::of(values(6)).median - 3.5).abs() < 1e-12);
    assert!((Middle::of(values(1)).median - 1.0).abs() < 1e-12);
}

#[test]
fn intervals_are_those_of_the_sign_test() {
    // Ranks from the table of the sign test at 95 %, as in Conover, "Practical Nonparametric Statistics":
    // for 15 values the 4th and the 12th, for 20 the 6th and the 15th.
    let expected = [
        (5, None),
        (6, Some(0)),
        (8, Some(0)),
        (9, Some(1)),
        (10, Some(1)),
        (15, Some(3)),
        (20, Some(5)),
    ];
    for (count, low) in expected {
        assert_eq!(outside(count), low, "{count} values");
    }
    assert_eq!(outside(100), Some(39));
    assert_eq!(Middle::of(values(15)).interval, Some((4.0, 12.0)));
    assert_eq!(Middle::of(values(5)).interval, None);
}

#[test]
fn an_interval_holds_its_median() {
    for count in 1..60 {
        let middle = Middle::of(values(count));
        if let Some((low, high)) = middle.interval {
            assert!(
                low <= middle.median && middle.median <= high,
                "{count}: {middle:?}"
            );
        }
    }
}
