//! [`CacheSet`] over counting stand-ins: batches, growth, life and death, figures, exhaustion, fork.
#![expect(unsafe_code, reason = "tests own the caches and slots that they pass")]
use super::CacheSet;
use crate::fake::{FakeExchange, FakeMetadata};
use crate::{Cache, Stats};
use central::FlushErrorKind;
use core::ptr::{self, NonNull};
use sizeclass::{Scan, SizeClass, SpanClass, Table};
use std::vec::Vec;

mod flow;
mod lives;
mod ops;
mod samples;
mod threads;

type Set = CacheSet<FakeExchange, FakeMetadata>;

fn set() -> Set {
    CacheSet::new(FakeExchange::new(), FakeMetadata::new(usize::MAX))
}

fn class_of(bytes: usize) -> SpanClass {
    let class = Table::DEFAULT.class_of(bytes).expect("a small size");
    SpanClass::new(class, Scan::No)
}

/// What an allocator does with a cache that it owns.
fn alloc(set: &Set, cache: NonNull<Cache>, class: SpanClass) -> *mut u8 {
    // SAFETY: each test owns the caches that it acquired and passes them to one thread at a time.
    let slot = unsafe { Cache::pop(cache, class.bin()) };
    if slot.is_null() {
        // SAFETY: as above.
        return unsafe { set.alloc_slow(cache, class) };
    }
    slot
}

/// What an allocator does with a slot.
fn free(
    set: &Set,
    cache: NonNull<Cache>,
    class: SpanClass,
    slot: *mut u8,
) -> Result<(), central::FlushError> {
    // SAFETY: as in `alloc`; tests give slots that they own, or wrong ones that nobody touches.
    if unsafe { Cache::push(cache, class.bin(), slot) } {
        return Ok(());
    }
    // SAFETY: as above.
    unsafe { set.free_slow(cache, class, slot) }
}

/// What a thread does at its end.
fn give_back(set: &Set, cache: NonNull<Cache>) {
    // SAFETY: each test gives a cache back once and does not use it any more.
    unsafe { set.give_back(cache) }.expect("right pointers");
}

fn stats(set: &Set) -> Stats {
    let mut stats = Stats::new();
    set.stats(&mut stats);
    stats
}

#[test]
fn the_last_freed_slot_comes_first() {
    let set = set();
    let cache = set.acquire().expect("memory");
    let class = class_of(64);
    let slots: Vec<_> = (0..5).map(|_| alloc(&set, cache, class)).collect();
    for slot in &slots {
        free(&set, cache, class, *slot).expect("owned");
    }
    for slot in slots.iter().rev() {
        assert_eq!(alloc(&set, cache, class), *slot);
    }
}

#[test]
fn a_refill_is_handed_out_in_ascending_order() {
    let set = set();
    let cache = set.acquire().expect("memory");
    let class = class_of(64);
    let first = alloc(&set, cache, class);
    let count = set.exchange().with(|slots| slots.last);
    assert_eq!(count, 8, "the first magazine");
    let rest: Vec<_> = (1..count).map(|_| alloc(&set, cache, class)).collect();
    assert!(first < rest[0] && rest.is_sorted());
    assert_eq!(set.exchange().with(|slots| slots.refills), 1);
}

#[test]
fn magazines_double_until_they_are_full_grown() {
    let set = set();
    let cache = set.acquire().expect("memory");
    let all = [(4096, 4, 16), (32768, 2, 16), (8, 8, 1024), (64, 8, 1024)];
    let count = if cfg!(miri) { 2 } else { all.len() };
    for (bytes, first, last) in all.into_iter().take(count) {
        let class = class_of(bytes);
        let mut batches = Vec::new();
        let mut before = set.exchange().with(|slots| slots.refills);
        for _ in 0..4 * last {
            alloc(&set, cache, class);
            let (refills, batch) = set.exchange().with(|slots| (slots.refills, slots.last));
            if refills != before {
                batches.push(batch);
                before = refills;
            }
        }
        assert_eq!(batches[0], first);
        assert!(
            batches
                .windows(2)
                .all(|pair| pair[1] == (2 * pair[0]).min(last))
        );
        assert!(batches.contains(&last));
    }
}

#[test]
fn a_thread_that_only_frees_gives_everything_on() {
    let set = set();
    let (producer, consumer) = (
        set.acquire().expect("memory"),
        set.acquire().expect("memory"),
    );
    let class = class_of(1024);
    for _ in 0..1000 {
        let slot = alloc(&set, producer, class);
        free(&set, consumer, class, slot).expect("owned");
    }
    let (flushes, last) = set.exchange().with(|slots| (slots.flushes, slots.last));
    assert_eq!(last, 64, "the whole magazine");
    assert_eq!(flushes, (1000 - 1) / 64);
    let stats = stats(&set);
    assert_eq!(stats.mallocs[class.bin()], 1000);
    assert_eq!(stats.frees[class.bin()], 1000);
    assert!(stats.cached[class.bin()] <= 2 * 64);
}

#[test]
fn a_flush_takes_the_older_half_when_there_are_allocations() {
    let set = set();
    let cache = set.acquire().expect("memory");
    let class = class_of(4096);
    let slots: Vec<_> = (0..64).map(|_| alloc(&set, cache, class)).collect();
    let mut freed = 0;
    while set.exchange().with(|slots| slots.flushes) == 0 {
        free(&set, cache, class, slots[freed]).expect("owned");
        freed += 1;
    }
    assert_eq!(set.exchange().with(|slots| slots.last), 8);
    // The newer half is still there, in order.
    for slot in slots[..freed].iter().rev().take(9) {
        assert_eq!(alloc(&set, cache, class), *slot);
    }
}

#[test]
fn every_allocation_is_counted_across_full_counts() {
    let set = set();
    let cache = set.acquire().expect("memory");
    let class = class_of(48);
    let rounds = if cfg!(miri) { 70 } else { 100_000 };
    for _ in 0..rounds {
        let slot = alloc(&set, cache, class);
        free(&set, cache, class, slot).expect("owned");
    }
    let kept = alloc(&set, cache, class);
    assert!(!kept.is_null());
    let stats = stats(&set);
    assert_eq!(stats.mallocs[class.bin()], rounds + 1);
    assert_eq!(stats.frees[class.bin()], rounds);
    assert_eq!(
        set.exchange().with(|slots| (slots.refills, slots.flushes)),
        (1, 0)
    );
}

#[test]
fn the_shared_cache_serves_from_the_exchange_and_is_never_written() {
    let set = set();
    let class = class_of(64);
    let slot = alloc(&set, Cache::empty(), class);
    assert!(!slot.is_null());
    free(&set, Cache::empty(), class, slot).expect("owned");
    assert_eq!(set.exchange().out(), 0);
    let stats = stats(&set);
    assert_eq!(
        (stats.mallocs[class.bin()], stats.frees[class.bin()]),
        (1, 1)
    );
    assert_eq!(stats.caches, 0);
    // SAFETY: the shared cache may be passed by anybody.
    unsafe { set.give_back(Cache::empty()) }.expect("nothing to flush");
    assert!(set.acquire().expect("memory") != Cache::empty());
}

#[test]
fn out_of_memory_is_null_and_loses_nothing() {
    let set = CacheSet::new(FakeExchange::new(), FakeMetadata::new(8 << 10));
    let cache = set.acquire().expect("one cache fits");
    assert!(set.acquire().is_none(), "a second one does not");
    let class = class_of(64);
    set.exchange().with(|slots| slots.limit = 3);
    let mut slots: Vec<_> = (0..3).map(|_| alloc(&set, cache, class)).collect();
    assert!(slots.iter().all(|slot| !slot.is_null()));
    assert!(alloc(&set, cache, class).is_null());
    free(&set, cache, class, slots.pop().expect("three")).expect("owned");
    assert!(!alloc(&set, cache, class).is_null());
    let stats = stats(&set);
    assert_eq!(
        (stats.mallocs[class.bin()], stats.frees[class.bin()]),
        (4, 1)
    );
}

#[test]
fn without_memory_for_arrays_the_exchange_serves_alone() {
    let set = CacheSet::new(FakeExchange::new(), FakeMetadata::new(8 << 10));
    let cache = set.acquire().expect("one cache fits");
    // The cache's own reserve serves the first classes and no magazine of 1,024 slots.
    let mut slots = Vec::new();
    let each = if cfg!(miri) { 20 } else { 100 };
    for number in 1..68 {
        let class = SpanClass::new(SizeClass::new(number).expect("a class"), Scan::No);
        for _ in 0..each {
            let slot = alloc(&set, cache, class);
            assert!(!slot.is_null());
            slots.push((class, slot));
        }
    }
    for (class, slot) in slots {
        free(&set, cache, class, slot).expect("owned");
    }
    let stats = stats(&set);
    assert_eq!(stats.mallocs.iter().sum::<u64>(), 67 * each);
    assert_eq!(stats.frees.iter().sum::<u64>(), 67 * each);
    assert_eq!(
        set.exchange().out() as u64,
        stats.cached.iter().sum::<u64>()
    );
}

#[test]
fn a_class_without_slots_is_refused() {
    let set = set();
    let cache = set.acquire().expect("memory");
    let unknown = SpanClass::from_raw(255);
    // SAFETY: the test owns the cache.
    unsafe { set.alloc_slow(cache, unknown) };
    assert_eq!(
        set.exchange().out(),
        1,
        "a bin that no cache has is served without"
    );
    assert_eq!(stats(&set).mallocs.iter().sum::<u64>(), 0);
    let stray = ptr::without_provenance_mut(0x1000);
    let error = free(&set, cache, SpanClass::LARGE, stray).expect_err("no such slot");
    assert_eq!(error.pointer, 0x1000);
    assert!(alloc(&set, cache, SpanClass::LARGE).is_null());
}

#[test]
fn a_double_free_is_reported_by_the_flush_that_finds_it() {
    let set = set();
    let cache = set.acquire().expect("memory");
    let class = class_of(64);
    let slot = alloc(&set, cache, class);
    free(&set, cache, class, slot).expect("owned");
    free(&set, cache, class, slot).expect("not seen yet");
    // SAFETY: the test owns the cache.
    let error = unsafe { set.flush(cache) }.expect_err("the slot is there twice");
    assert_eq!(
        (error.pointer, error.kind),
        (slot.addr(), FlushErrorKind::DoubleFree)
    );
    assert_eq!(set.exchange().out(), 0);
}
