//! The generator repeats itself, stays in bounds and is spread as it says.

use super::{Rng, Sizes};

#[test]
fn the_same_seed_gives_the_same_numbers() {
    let mut left = Rng::new(7);
    let mut right = Rng::new(7);
    let mut other = Rng::new(8);
    let mut differs = false;
    for _ in 0..100 {
        let bits = left.bits();
        assert_eq!(bits, right.bits());
        differs |= bits != other.bits();
    }
    assert!(differs);
}

#[test]
fn below_reaches_every_number_and_no_other() {
    let mut rng = Rng::new(1);
    let mut seen = [0_u32; 10];
    for _ in 0..10_000 {
        seen[rng.below(10)] += 1;
    }
    // 1,000 expected, standard deviation 30.
    assert!(
        seen.iter().all(|&count| (850..1150).contains(&count)),
        "{seen:?}"
    );
}

#[test]
fn each_doubling_of_a_size_is_equally_frequent() {
    let mut sizes = Sizes::new(3, 16, 1024);
    let mut doublings = [0_u32; 6];
    for _ in 0..4096 {
        let size = sizes.draw();
        assert!((16..=1024).contains(&size));
        let doubling = (size.min(1023) / 16).ilog2() as usize;
        doublings[doubling] += 1;
    }
    // 683 expected, standard deviation 24.
    assert!(
        doublings.iter().all(|&count| (560..800).contains(&count)),
        "{doublings:?}"
    );
}
