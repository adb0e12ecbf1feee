//! The sampling hook is unbiased, whatever the program does between two allocations.
use super::{Set, alloc, class_of, free, set, stats};
use crate::{Cache, Sample};
use core::cell::RefCell;
use core::ptr::NonNull;
use sizeclass::{SpanClass, Table};
use std::collections::BTreeMap;
use std::vec::Vec;

std::thread_local! {
    /// Samples of this test by bytes: each test runs in a thread of its own.
    static SEEN: RefCell<BTreeMap<usize, u64>> = const { RefCell::new(BTreeMap::new()) };
}

fn note(sample: Sample) {
    assert!(!sample.pointer.is_null());
    SEEN.with(|seen| *seen.borrow_mut().entry(sample.bytes).or_insert(0) += 1);
}

const ALLOCS: usize = if cfg!(miri) { 300 } else { 300_000 };

/// Bytes between samples; small, so that there are thousands.
const MEAN: usize = 16 << 10;

/// Runs a workload and compares what its samples stand for with what it allocated.
fn check_unbiased(workload: impl FnOnce(&Set, NonNull<Cache>)) {
    let set = set();
    set.set_sampling(MEAN, note);
    let cache = set.acquire().expect("memory");
    workload(&set, cache);
    let stats = stats(&set);
    let (mut truth, mut estimate, mut variance) = (0.0, 0.0, 0.0);
    for bin in 1..68 {
        let class = SpanClass::from_bin(bin).expect("a bin");
        let bytes = Table::DEFAULT.slot_bytes(class.size_class());
        let both = [stats.mallocs[bin], stats.mallocs[68 + bin]];
        let (allocs, size) = (both.iter().sum::<u64>() as f64, bytes as f64);
        let p = 1.0 - (-size / MEAN as f64).exp();
        let seen = SEEN.with(|seen| seen.borrow().get(&bytes).copied().unwrap_or(0));
        truth += allocs * size;
        estimate += seen as f64 * size / p;
        variance += allocs * size * size * (1.0 - p) / p;
    }
    let off = (estimate - truth) / variance.sqrt();
    assert!(
        off.abs() < 3.0,
        "{estimate:.0} for {truth:.0} bytes: {off:.2} standard errors"
    );
}

fn sizes() -> impl Iterator<Item = usize> {
    // 8 bytes to 4 KiB, small ones more often.
    let mut state = 1_u32;
    core::iter::from_fn(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let dice = state >> 8;
        Some(8 + (dice & 0xFFF) as usize / (1 + ((dice >> 12) & 0xF) as usize))
    })
}

#[test]
fn of_a_pair_again_and_again() {
    check_unbiased(|set, cache| {
        for _ in 0..ALLOCS {
            let slot = alloc(set, cache, class_of(64));
            free(set, cache, class_of(64), slot).expect("owned");
        }
    });
}

#[test]
fn of_many_live_last_in_first_out() {
    check_unbiased(|set, cache| {
        let sizes: Vec<usize> = sizes().take(3000).collect();
        for _ in 0..ALLOCS / 3000 + 1 {
            let slots: Vec<_> = sizes
                .iter()
                .map(|size| alloc(set, cache, class_of(*size)))
                .collect();
            for (slot, size) in slots.into_iter().zip(&sizes).rev() {
                free(set, cache, class_of(*size), slot).expect("owned");
            }
        }
    });
}

#[test]
fn of_many_live_first_in_first_out() {
    check_unbiased(|set, cache| {
        let mut live = std::collections::VecDeque::new();
        for size in sizes().take(ALLOCS) {
            live.push_back((size, alloc(set, cache, class_of(size))));
            if live.len() > 2000 {
                let (size, slot) = live.pop_front().expect("many");
                free(set, cache, class_of(size), slot).expect("owned");
            }
        }
    });
}

#[test]
fn of_allocations_that_others_free() {
    check_unbiased(|set, cache| {
        let other = set.acquire().expect("memory");
        for size in sizes().take(ALLOCS) {
            let slot = alloc(set, cache, class_of(size));
            free(set, other, class_of(size), slot).expect("owned");
        }
    });
}

#[test]
fn of_short_lives_and_of_threads_without_a_cache() {
    check_unbiased(|set, _| {
        set.set_warm_limit(0);
        let mut sizes = sizes();
        for _ in 0..ALLOCS / 100 {
            let cache = set.acquire().expect("memory");
            for size in sizes.by_ref().take(100) {
                let slot = alloc(set, cache, class_of(size));
                free(set, cache, class_of(size), slot).expect("owned");
            }
            let slot = alloc(set, Cache::empty(), class_of(64));
            free(set, Cache::empty(), class_of(64), slot).expect("owned");
            super::give_back(set, cache);
        }
    });
}

#[test]
fn sampling_that_is_off_reports_nothing_and_counts_alike() {
    let set = set();
    let cache = set.acquire().expect("memory");
    let class = class_of(64);
    let rounds = if cfg!(miri) { 50 } else { 70_000 };
    for mean in [0, 4096, 0] {
        set.set_sampling(mean, note);
        SEEN.with(|seen| seen.borrow_mut().clear());
        for _ in 0..rounds {
            let slot = alloc(&set, cache, class);
            free(&set, cache, class, slot).expect("owned");
        }
        if !cfg!(miri) {
            let seen = SEEN.with(|seen| seen.borrow().values().sum::<u64>());
            // A setting reaches the class within 32,768 allocations.
            let most = if mean == 0 { 32_768 / 64 } else { u64::MAX };
            assert!(seen <= most);
            assert!(mean == 0 || seen > 0);
        }
    }
    assert_eq!(stats(&set).mallocs[class.bin()], 3 * rounds);
}

#[test]
fn large_ones_are_reported_with_the_probability_of_their_size() {
    let set = set();
    let draws = if cfg!(miri) { 50 } else { 20_000 };
    let pointer = NonNull::<u8>::dangling().as_ptr();
    set.sample_uncached(pointer, MEAN);
    set.set_sampling(MEAN, note);
    for _ in 0..draws {
        set.sample_uncached(pointer, MEAN);
    }
    let seen = SEEN.with(|seen| seen.borrow()[&MEAN]) as f64;
    let p = 1.0 - (-1.0_f64).exp();
    let off = (seen - f64::from(draws) * p) / (f64::from(draws) * p * (1.0 - p)).sqrt();
    assert!(off.abs() < 3.0, "{off:.2} standard errors");
}
