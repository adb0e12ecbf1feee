//! Without a cache: one slot at a time straight from and to the exchange.
//!
//! For threads whose thread-local storage is gone, and wherever a cache cannot be had. Shared by
//! every thread; the counters are atomics, the rest is the exchange's business.
#![expect(unsafe_code, reason = "passes on the contract of giving slots back")]
use super::CacheSet;
use crate::limits::BINS;
use central::{Exchange, FlushError};
use core::array;
use core::ptr;
use sizeclass::SpanClass;
use sync::atomic::{AtomicU64, Ordering};

/// Allocations and frees that passed every cache by. All Relaxed: figures only.
#[derive(Debug)]
pub(super) struct Uncached {
    mallocs: [AtomicU64; BINS],
    frees: [AtomicU64; BINS],
}

impl Uncached {
    #[cfg(not(gomalloc_loom))]
    pub(super) const fn new() -> Self {
        Self {
            mallocs: [const { AtomicU64::new(0) }; BINS],
            frees: [const { AtomicU64::new(0) }; BINS],
        }
    }

    #[cfg(gomalloc_loom)]
    pub(super) fn new() -> Self {
        Self {
            mallocs: array::from_fn(|_| AtomicU64::new(0)),
            frees: array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    pub(super) fn mallocs(&self) -> [u64; BINS] {
        array::from_fn(|bin| self.mallocs[bin].load(Ordering::Relaxed))
    }

    pub(super) fn frees(&self) -> [u64; BINS] {
        array::from_fn(|bin| self.frees[bin].load(Ordering::Relaxed))
    }
}

impl<X: Exchange, M> CacheSet<X, M> {
    /// One slot straight from the exchange, for a thread whose thread-local storage is gone. Null:
    /// out of memory, or no such class.
    #[cold]
    pub fn alloc_uncached(&self, class: SpanClass) -> *mut u8 {
        let mut slot = [ptr::null_mut()];
        if self.exchange.refill(class, &mut slot) == 1 {
            count(&self.uncached.mallocs, class);
            let slot_bytes = self.exchange.table().slot_bytes(class.size_class());
            self.sample_uncached(slot[0], slot_bytes);
        }
        slot[0]
    }

    /// One slot straight back to the exchange.
    ///
    /// # Errors
    ///
    /// `slot` is not a live slot of `class`, as far as that can be seen.
    ///
    /// # Safety
    ///
    /// `slot` is a slot of `class` from this set's exchange which the caller owns and gives up.
    #[cold]
    pub unsafe fn free_uncached(&self, class: SpanClass, slot: *mut u8) -> Result<(), FlushError> {
        // SAFETY: the caller's promise.
        unsafe { self.exchange.flush(class, &mut [slot]) }?;
        count(&self.uncached.frees, class);
        Ok(())
    }
}

fn count(counters: &[AtomicU64; BINS], class: SpanClass) {
    if let Some(counter) = counters.get(class.bin()) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
