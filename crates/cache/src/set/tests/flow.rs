//! Each layer is asked only when the one above is empty, and only by the batch.
use super::{alloc, class_of, free, set, stats};
use std::vec::Vec;

#[test]
fn a_hit_asks_nobody() {
    let set = set();
    let cache = set.acquire().expect("memory");
    let class = class_of(64);
    let slot = alloc(&set, cache, class);
    free(&set, cache, class, slot).expect("owned");
    let (calls, given) = (
        set.exchange().with(|slots| slots.refills),
        set.metadata.given(),
    );
    for _ in 0..if cfg!(miri) { 20 } else { 1000 } {
        let slot = alloc(&set, cache, class);
        free(&set, cache, class, slot).expect("owned");
    }
    assert_eq!(set.exchange().with(|slots| slots.refills), calls);
    assert_eq!(set.exchange().with(|slots| slots.flushes), 0);
    assert_eq!(set.metadata.given(), given);
}

#[test]
fn the_exchange_is_asked_when_the_magazine_is_empty_and_by_the_batch() {
    let set = set();
    let cache = set.acquire().expect("memory");
    let class = class_of(64);
    let mut refills = 0;
    let count = if cfg!(miri) { 100 } else { 5000 };
    for _ in 0..count {
        let cached = stats(&set).cached[class.bin()];
        alloc(&set, cache, class);
        let now = set.exchange().with(|slots| slots.refills);
        assert_eq!(
            now != refills,
            cached == 0,
            "a refill if and only if nothing was cached"
        );
        refills = now;
    }
    assert!(
        refills <= 8 + 5000 / 1024,
        "{refills} refills for 5,000 allocations"
    );
}

#[test]
fn a_class_asks_nothing_for_another() {
    let set = set();
    let cache = set.acquire().expect("memory");
    let slots: Vec<_> = (0..100).map(|_| alloc(&set, cache, class_of(64))).collect();
    let before = stats(&set);
    for slot in slots {
        free(&set, cache, class_of(64), slot).expect("owned");
    }
    let other = class_of(128);
    alloc(&set, cache, other);
    let after = stats(&set);
    assert_eq!(
        after.mallocs[class_of(64).bin()],
        before.mallocs[class_of(64).bin()]
    );
    assert_eq!(after.mallocs[other.bin()], 1);
}

#[test]
fn metadata_is_asked_for_caches_and_for_large_arrays_only() {
    let set = set();
    let cache = set.acquire().expect("memory");
    assert_eq!(set.metadata.given(), 8 << 10, "a cache with its reserve");
    for bytes in [8, 16, 24, 32, 48, 64, 80, 96] {
        alloc(&set, cache, class_of(bytes));
    }
    assert_eq!(
        set.metadata.given(),
        8 << 10,
        "first arrays come from the reserve"
    );
    // Until the magazine has a new array, which the reserve has no room for.
    let count = if cfg!(miri) { 300 } else { 3000 };
    for _ in 0..count {
        alloc(&set, cache, class_of(64));
    }
    let given = set.metadata.given();
    assert_eq!(
        given,
        (8 << 10) + (32 << 10),
        "one batch serves the larger arrays"
    );
    let second = set.acquire().expect("memory");
    for _ in 0..count {
        alloc(&set, second, class_of(64));
    }
    assert_eq!(
        set.metadata.given(),
        given + (8 << 10),
        "and those that were outgrown"
    );
}
