//! Loom models: figures that are read while their owner goes on, and caches that change hands.
//!
//! The shipped code over the stand-ins of the layers below; three bins, classes of 8 and 16 bytes.
#![expect(
    unsafe_code,
    reason = "threads of a model own the caches that they acquired"
)]
use super::CacheSet;
use crate::fake::{FakeExchange, FakeMetadata};
use crate::{Cache, Stats, stats};
use core::ptr::NonNull;
use sizeclass::{Scan, SizeClass, SpanClass};
use sync::cell::UnsafeCell;
use sync::model::{Arc, Builder, model, thread};

type Set = CacheSet<FakeExchange, FakeMetadata>;

fn new_set() -> Arc<Set> {
    let metadata = FakeMetadata::new(usize::MAX);
    Arc::new(CacheSet::new(FakeExchange::new(), metadata))
}

fn class() -> SpanClass {
    SpanClass::new(SizeClass::new(1).expect("a class"), Scan::Yes)
}

fn alloc(set: &Set, cache: NonNull<Cache>) -> *mut u8 {
    // SAFETY: the thread of the model owns the cache.
    let slot = unsafe { Cache::pop(cache, class().bin()) };
    if slot.is_null() {
        // SAFETY: as above.
        return unsafe { set.alloc_slow(cache, class()) };
    }
    slot
}

fn free(set: &Set, cache: NonNull<Cache>, slot: *mut u8) {
    // SAFETY: the thread of the model owns the cache and the slot.
    if !unsafe { Cache::push(cache, class().bin(), slot) } {
        // SAFETY: as above.
        unsafe { set.free_slow(cache, class(), slot) }.expect("owned");
    }
}

/// A cache that another thread reads the figures of.
struct Watched(NonNull<Cache>);

// SAFETY: reading figures is for any thread.
unsafe impl Send for Watched {}

/// The reader is the later thread: loom looks for other orders of a load when a store came before
/// it, but not of a store behind a load of the same thread, and an owner loads before it stores.
#[test]
fn a_reader_sees_a_moment_of_the_owner() {
    let mut builder = Builder::new();
    // Two are enough to break it (crate documentation), three take half a minute.
    builder.preemption_bound = Some(2);
    builder.check(|| {
        let set = new_set();
        let cache = set.acquire().expect("memory");
        let watched = Watched(cache);
        let reader = thread::spawn(move || {
            let Watched(cache) = { watched };
            // Allocations, frees, cached: what is true after each step of the owner.
            let moments = [(0, 0, 0), (1, 0, 7), (1, 1, 8), (1, 1, 0)];
            let mut earliest = 0;
            for _ in 0..2 {
                // SAFETY: a live cache.
                let figures = unsafe { stats::read(cache, class().bin()) };
                let seen = (figures.mallocs, figures.frees, figures.cached);
                let moment = moments.iter().position(|moment| *moment == seen);
                let moment = moment.expect("a reader sees numbers of one moment");
                assert!(earliest <= moment, "a reader never goes back in time");
                earliest = moment;
            }
        });
        let slot = alloc(&set, cache);
        free(&set, cache, slot);
        // SAFETY: this thread owns the cache.
        unsafe { set.flush(cache) }.expect("right pointers");
        reader.join().expect("its assertions hold");
    });
}

#[test]
fn a_cache_that_changes_hands_takes_everything_along() {
    model(|| {
        let set = new_set();
        let payload = Arc::new(UnsafeCell::new(0_u32));
        let threads: [thread::JoinHandle<()>; 2] = [(); 2].map(|()| {
            let (set, payload) = (Arc::clone(&set), Arc::clone(&payload));
            thread::spawn(move || {
                let cache = set.acquire().expect("memory");
                let slot = alloc(&set, cache);
                if set.exchange().with(|slots| slots.refills) == 1 {
                    // Both threads had the one cache that was refilled, one after the other, and
                    // with it the slot that was freed last.
                    // SAFETY: the slot's owner alone touches what stands for its memory.
                    payload.with_mut(|payload| unsafe { *payload += 1 });
                }
                free(&set, cache, slot);
                // SAFETY: acquired above and not used again.
                unsafe { set.give_back(cache) }.expect("right pointers");
            })
        });
        for thread in threads {
            thread.join().expect("its assertions hold");
        }
        let mut stats = Stats::new();
        set.stats(&mut stats);
        let bin = class().bin();
        assert_eq!((stats.mallocs[bin], stats.frees[bin]), (2, 2));
        assert_eq!(
            stats.caches, stats.dead_caches,
            "every cache is registered and dead"
        );
    });
}

#[test]
fn a_registered_cache_is_whole() {
    model(|| {
        let set = new_set();
        let maker = {
            let set = Arc::clone(&set);
            thread::spawn(move || {
                let cache = set.acquire().expect("memory");
                alloc(&set, cache);
            })
        };
        let mut stats = Stats::new();
        set.stats(&mut stats);
        assert!(stats.caches <= 1 && stats.mallocs[class().bin()] <= 1);
        maker.join().expect("its assertions hold");
        set.stats(&mut stats);
        assert_eq!((stats.caches, stats.mallocs[class().bin()]), (1, 1));
    });
}
