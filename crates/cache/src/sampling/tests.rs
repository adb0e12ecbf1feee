//! The distribution of distances and starts, with fixed seeds.
use super::Random;
use crate::word::COUNT_MAX;

const DRAWS: u32 = if cfg!(miri) { 500 } else { 400_000 };

/// Standard errors that a figure may be off; with fixed seeds the outcome is always the same.
const BOUND: f64 = 3.5;

/// Fails if `count` of `draws` is not what probability `p` gives.
fn check_share(what: &str, count: u32, draws: u32, p: f64) {
    let (count, draws) = (f64::from(count), f64::from(draws));
    let error = (draws * p * (1.0 - p)).sqrt();
    let off = (count - draws * p).abs() / error;
    assert!(
        off < BOUND,
        "{what}: {count} of {draws}, {off:.2} standard errors off"
    );
}

#[test]
fn distances_are_exponential() {
    let mut random = Random(1);
    let draws: std::vec::Vec<f64> = (0..DRAWS)
        .map(|_| random.exponential() as f64 / 2_f64.powi(32))
        .collect();
    let mean = draws.iter().sum::<f64>() / f64::from(DRAWS);
    let error = 1.0 / f64::from(DRAWS).sqrt();
    assert!((mean - 1.0).abs() < BOUND * error, "mean {mean}");
    for bound in [0.01, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0] {
        let above = draws.iter().filter(|draw| **draw > bound).count();
        let above = u32::try_from(above).expect("few");
        check_share("above the bound", above, DRAWS, (-bound).exp());
    }
}

#[test]
fn an_allocation_is_hit_with_its_share() {
    let mut random = Random(2);
    for (bytes, mean) in [(8, 64), (64, 64), (1000, 64), (32768, 524_288)] {
        let hits = (0..DRAWS).filter(|_| random.hits(bytes, mean)).count();
        let hits = u32::try_from(hits).expect("few");
        let p = 1.0 - (-(bytes as f64) / mean as f64).exp();
        if p < 0.999 {
            check_share("hits", hits, DRAWS, p);
        } else {
            assert!(hits > DRAWS / 1000 * 999);
        }
    }
}

#[test]
fn starts_lead_to_the_next_event() {
    let mut random = Random(3);
    for (bytes, mean) in [(8, 524_288), (64, 4096), (4096, 524_288), (100, 1)] {
        let step = bytes as f64 / mean as f64;
        let mut reached = 0;
        let mut at_once = 0;
        for _ in 0..DRAWS {
            if let Some(start) = random.start(bytes, mean) {
                reached += 1;
                at_once += u32::from(u32::from(start) == COUNT_MAX);
            }
        }
        let in_reach = 1.0 - (-step * f64::from(COUNT_MAX + 1)).exp();
        if in_reach < 0.999 {
            check_share("within a count", reached, DRAWS, in_reach);
        } else {
            assert!(reached > DRAWS / 1000 * 999);
        }
        let first = 1.0 - (-step).exp();
        if first < 0.999 {
            check_share("the very next", at_once, DRAWS, first);
        } else {
            assert!(at_once > DRAWS / 1000 * 999);
        }
    }
}
