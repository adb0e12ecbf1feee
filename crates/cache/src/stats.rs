//! [`Stats`]: allocations and frees by class, read from any thread while the owners go on.
//!
//! Only atomics are read. Each cache is read under its version, so that the numbers of one class
//! belong together; caches are read one after the other.
#![expect(unsafe_code, reason = "refers to the atomic fields of live caches")]
use crate::Cache;
use crate::limits::BINS;
use crate::word::Word;
use core::mem::offset_of;
use core::ptr::NonNull;
use sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};

/// Allocations and frees since the set was made, by the [bin](sizeclass::SpanClass::bin) of the
/// class; large objects are not the caches' business.
///
/// Exact when the threads are quiet. While they run, every number is at least what happened before
/// the call and none ever falls; `mallocs` is read after `frees`, so a slot that was counted as freed
/// is not missing among the allocated on a machine that keeps loads in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Slots handed to the program.
    pub mallocs: [u64; BINS],
    /// Slots that came back.
    pub frees: [u64; BINS],
    /// Free slots that wait in caches, those of dead threads included.
    pub cached: [u64; BINS],
    /// Caches that were ever made; they are used again and never unmade.
    pub caches: usize,
    /// Caches without a thread.
    pub dead_caches: usize,
}

impl Stats {
    /// All zero.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            mallocs: [0; BINS],
            frees: [0; BINS],
            cached: [0; BINS],
            caches: 0,
            dead_caches: 0,
        }
    }
}

impl Default for Stats {
    fn default() -> Self {
        Self::new()
    }
}

/// The numbers of one bin of one cache, of one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) mallocs: u64,
    pub(crate) frees: u64,
    pub(crate) cached: u64,
}

/// Reads one bin of a cache that may belong to any thread.
///
/// # Safety
///
/// `cache` is a live cache and `bin` is below `BINS`.
pub(crate) unsafe fn read(cache: NonNull<Cache>, bin: usize) -> Figures {
    // SAFETY: the caller's promise; the field is atomic.
    let version: &AtomicU32 = unsafe { &(*cache.as_ptr()).version };
    // SAFETY: the caller's promise.
    let word = unsafe { Cache::word(cache, bin) };
    // SAFETY: the caller's promise, and the counters are such an array.
    let counted = unsafe { counter(cache, offset_of!(Cache, counted), bin) };
    // SAFETY: as above.
    let moved = unsafe { counter(cache, offset_of!(Cache, moved), bin) };
    let mut looks = 0_u32;
    loop {
        // Acquire: pairs with the Release of the second version in `Magazine::change`.
        let before = version.load(Ordering::Acquire);
        // Relaxed: the version tells whether the three belong together. Hits change the word alone.
        let now = Word(word.load(Ordering::Relaxed));
        let mallocs = counted.load(Ordering::Relaxed);
        let moved = moved.load(Ordering::Relaxed);
        // Acquire: pairs with the Release fence in `Magazine::change`.
        fence(Ordering::Acquire);
        if before.is_multiple_of(2) && version.load(Ordering::Relaxed) == before {
            let mallocs = mallocs.wrapping_add(u64::from(now.count()));
            let cached = now.len() as u64;
            return Figures {
                mallocs,
                frees: cached.wrapping_add(mallocs).wrapping_add(moved),
                cached,
            };
        }
        wait(&mut looks);
    }
}

/// The owner is between two stores a few instructions apart, or was interrupted there.
fn wait(looks: &mut u32) {
    *looks += 1;
    if looks.is_multiple_of(64) {
        sync::yield_now();
    } else {
        sync::spin_loop();
    }
}

/// # Safety
///
/// `offset` is that of an array of counters in the live cache `cache`, and `bin` is below `BINS`.
unsafe fn counter<'a>(cache: NonNull<Cache>, offset: usize, bin: usize) -> &'a AtomicU64 {
    // SAFETY: the caller's promise.
    let counter = unsafe { Cache::field::<AtomicU64>(cache, offset, bin) };
    // SAFETY: an atomic of a live cache.
    unsafe { counter.as_ref() }
}

/// Every cache of a registry, newest first.
pub(crate) fn caches(newest: &AtomicPtr<Cache>) -> impl Iterator<Item = NonNull<Cache>> {
    // Acquire: pairs with the Release of the registration; everything older came before.
    let mut next = NonNull::new(newest.load(Ordering::Acquire));
    core::iter::from_fn(move || {
        let cache = next?;
        // SAFETY: registered caches live as long as the set (C4); the field is atomic.
        let older: &AtomicPtr<Cache> = unsafe { &(*cache.as_ptr()).older };
        // Relaxed: constant since before the registration.
        next = NonNull::new(older.load(Ordering::Relaxed));
        Some(cache)
    })
}
