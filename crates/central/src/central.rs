//! [`Central`]: the exchange over a span source, one padded lock and two lists a class.
//!
//! Shared by every thread. A flush takes no lock unless it has to settle; a refill takes the lock
//! of its class. The heap is never called while a class lock is held. After the role of Go 1.15
//! `mcentral`; the steps F1–R3 and the invariants I1–I5 stand in the crate documentation.
#![expect(
    unsafe_code,
    reason = "the class lock gives access to the links of shared headers"
)]
mod bin;
mod flush;
mod refill;

use crate::exchange::{Exchange, FlushError};
use crate::limits::{BINS, KEPT_BYTES};
use bin::Bin;
use core::fmt;
use heap::SpanSource;
use sizeclass::{SpanClass, Table};
use sync::CachePadded;

/// The central exchange over the spans of `S`.
///
/// Big (one cache line or more per span class): meant for a static, or for the inside of one
/// allocation. Dropping it gives no spans back; whoever drops it also drops the source.
pub struct Central<S> {
    source: S,
    /// Wholly free spans that a class keeps, in bytes. Constant.
    kept_bytes: usize,
    bins: [CachePadded<Bin>; BINS],
}

/// How many spans a class holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassStats {
    /// Spans taken from the source and not given back, kept ones included.
    pub spans: usize,
    /// Listed spans that have some slots free and some in use.
    pub partial: usize,
    /// Wholly free spans that wait to be used again.
    pub kept: usize,
}

impl<S> Central<S> {
    /// An exchange that owns no span yet and keeps up to 128 KiB of wholly free spans a class.
    #[cfg(not(gomalloc_loom))]
    #[must_use]
    pub const fn new(source: S) -> Self {
        Self::new_keeping(source, KEPT_BYTES)
    }

    /// An exchange whose classes keep up to `kept_bytes` of wholly free spans each; with 0 every
    /// span goes back to the source as soon as it is wholly free.
    #[cfg(not(gomalloc_loom))]
    #[must_use]
    pub const fn new_keeping(source: S, kept_bytes: usize) -> Self {
        Self {
            source,
            kept_bytes,
            bins: [const { CachePadded::new(Bin::new()) }; BINS],
        }
    }

    /// As in the real build, but not `const`: loom's constructors are not.
    #[cfg(gomalloc_loom)]
    #[must_use]
    pub fn new_keeping(source: S, kept_bytes: usize) -> Self {
        Self {
            source,
            kept_bytes,
            bins: core::array::from_fn(|_| CachePadded::new(Bin::new())),
        }
    }

    /// As in the real build, but not `const`: loom's constructors are not.
    #[cfg(gomalloc_loom)]
    #[must_use]
    pub fn new(source: S) -> Self {
        Self::new_keeping(source, KEPT_BYTES)
    }

    /// Where the spans come from.
    #[inline]
    pub fn source(&self) -> &S {
        &self.source
    }

    /// The class's figures; each is exact, and they belong together when no thread is inside.
    pub fn stats(&self, class: SpanClass) -> ClassStats {
        self.bin(class).stats()
    }

    /// Takes every lock, in the order of the classes, for a fork handler. The source's own locks
    /// come after.
    pub fn lock_for_fork(&self) {
        for bin in &self.bins {
            bin.lists.lock_raw();
        }
    }

    /// Gives back what [`Central::lock_for_fork`] took, in the parent.
    ///
    /// # Safety
    ///
    /// This thread called `lock_for_fork` and has not unlocked since.
    pub unsafe fn unlock_after_fork(&self) {
        for bin in self.bins.iter().rev() {
            // SAFETY: taken by this thread, by the caller's promise.
            unsafe { bin.lists.unlock_raw() };
        }
    }

    /// Makes every lock free in the child of a fork. What the threads that the child does not have
    /// held in their hands is lost, nothing else: a flush that was interrupted has set at most bits
    /// that no count promises, or has not listed its span.
    ///
    /// # Safety
    ///
    /// The caller is the only thread of the process, and the forking thread called
    /// [`Central::lock_for_fork`] before.
    pub unsafe fn reset_in_child(&self) {
        for bin in &self.bins {
            // SAFETY: the caller's promise.
            unsafe { bin.lists.reset_raw() };
        }
    }

    #[inline]
    fn bin(&self, class: SpanClass) -> &Bin {
        // A model has one bin for every class.
        self.bins.get(class.bin()).unwrap_or(&self.bins[0])
    }
}

impl<S: SpanSource> Central<S> {
    /// Gives every kept span of every class back to the source; says how many.
    ///
    /// For limits, scavenging and whoever is about to grow. Spans that become wholly free while this
    /// runs may be kept again.
    pub fn release_kept(&self) -> usize {
        let mut released = 0;
        for bin in &self.bins {
            while let Some(span) = bin.end_kept() {
                // SAFETY: `end_kept` answers with wholly free, unlisted spans whose life is over.
                unsafe { self.source.give_back_span(span) };
                released += 1;
            }
        }
        released
    }
}

// SAFETY: slots are the parts of spans in use, which the source promises to be valid memory; a slot
// is handed out when its bit is cleared under the class lock and again only after a flush set it.
unsafe impl<S: SpanSource> Exchange for Central<S> {
    fn table(&self) -> &'static Table {
        self.source.table()
    }

    fn refill(&self, class: SpanClass, out: &mut [*mut u8]) -> usize {
        refill::refill(self, class, out)
    }

    unsafe fn flush(&self, class: SpanClass, slots: &mut [*mut u8]) -> Result<(), FlushError> {
        flush::flush(self, class, slots)
    }
}

impl<S> fmt::Debug for Central<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Central").finish_non_exhaustive()
    }
}

#[cfg(all(test, gomalloc_loom))]
mod models;
#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
