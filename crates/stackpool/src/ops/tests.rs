//! The driver over fixed seeds reaches every branch that it counts.
use super::*;

/// Bytes of a xorshift generator.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed * 2 + 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..bytes).map(|_| next()).collect()
}

#[test]
fn random_operations_agree_with_the_model() {
    let (seeds, operations) = if cfg!(miri) { (1, 60) } else { (20, 1000) };
    let mut sum = StackSeen::default();
    for seed in 0..seeds {
        let seen = stack_ops(&noise(seed, 3 * operations));
        for (sum, seen) in sum.allocated.iter_mut().zip(seen.allocated) {
            *sum += seen;
        }
        sum.freed += seen.freed;
        sum.out_of_memory += seen.out_of_memory;
        sum.no_guard += seen.no_guard;
        sum.over_limit += seen.over_limit;
        sum.freed_twice += seen.freed_twice;
        sum.interior += seen.interior;
        sum.wrong_size += seen.wrong_size;
        sum.grown += seen.grown;
        sum.decayed[1] += seen.decayed[1];
        sum.released[1] += seen.released[1];
        sum.warmed += seen.warmed;
    }
    if cfg!(miri) {
        return;
    }
    for (branch, count) in [
        ("small", sum.allocated[0]),
        ("large", sum.allocated[1]),
        ("guarded", sum.allocated[2]),
        ("freed", sum.freed),
        ("out of memory", sum.out_of_memory),
        ("no guard", sum.no_guard),
        ("over the limit", sum.over_limit),
        ("freed twice", sum.freed_twice),
        ("interior", sum.interior),
        ("wrong size", sum.wrong_size),
        ("grown", sum.grown),
        ("decayed", sum.decayed[1]),
        ("a guard that stayed", sum.released[1]),
        ("warmed", sum.warmed),
    ] {
        assert!(count > 10, "{branch}: {count} times in {sum:?}");
    }
}
