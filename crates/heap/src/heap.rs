//! [`Heap`]: the spans of one address space, and everything that is known of them.
//!
//! Shared by every thread. One lock (rank Heap) protects the free runs, the pool of headers and the
//! metadata; lookups take no lock and read headers between two looks at their life. Growth takes the
//! address space's lock inside. After Go 1.10 and 1.11 `mheap`.
#![expect(
    unsafe_code,
    reason = "owns pages and headers, and hands both out by reference"
)]
#[cfg(any(test, feature = "ops", debug_assertions))]
mod check;
mod entries;
mod large;
mod limit;
mod lookup;
mod manual;
mod pages;
mod scavenge;
mod small;

use crate::decay::Decay;
use crate::headers::Headers;
use crate::limits::FREE_WORDS;
use crate::recent::Recent;
use crate::regions::Regions;
use crate::released::Released;
use crate::stats::Counters;
use crate::{HeapError, HeapStats, ListedRuns, MetadataSource, RunError, RunStore};
use arena::{AddressSpace, ByteCount, Category, PAGE_BYTES, Persistent};
use core::fmt;
use core::ptr::NonNull;
use core::time::Duration;
use limit::Limit;
use scavenge::Scavenger;
use sizeclass::{CLASSES, Table};
use sync::{Mutex, Rank};

pub use large::Large;
pub use limit::{OnPressure, Pressure};
pub use lookup::Object;

/// What a heap is made with.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HeapConfig {
    /// The classes that spans of small objects are cut by.
    pub table: &'static Table,
    /// The heap does not grow past this many bytes of mapped memory (Prepared and Ready), metadata
    /// included; allocation fails instead. `None`: no limit. See [`Heap::set_hard_limit`].
    pub hard_limit: Option<ByteCount>,
    /// Above this many bytes of memory in use (Ready), free memory goes back to the system before
    /// more is taken. `None`: no limit. See [`Heap::set_soft_limit`].
    pub soft_limit: Option<ByteCount>,
    /// Called when a limit is in the way, to give back what layers above keep.
    pub on_pressure: Option<OnPressure>,
    /// Free memory that nobody needed for this long goes back to the system by
    /// [`Heap::scavenge_step`], to the precision of a fifth of it.
    pub decay: Duration,
    /// How much free memory stays nevertheless, in percent of what spans with objects have.
    pub retained_percent: u8,
}

impl Default for HeapConfig {
    fn default() -> Self {
        Self {
            table: Table::DEFAULT,
            hard_limit: None,
            soft_limit: None,
            on_pressure: None,
            decay: Duration::from_secs(1),
            retained_percent: 5,
        }
    }
}

/// A heap of page runs over an address space, whose free runs are kept in an `R`.
///
/// # Invariants
///
/// * I1: every page that the heap has grown by is in exactly one run, free, recent or in use; two free
///   runs are never neighbours.
/// * I2: the entries of a run's first and last page are its header. In use, every page's entry is, and
///   has its tag; of a run with tag 0 only those before the first landmark and at each landmark
///   (`heap/pages.rs`).
/// * I3: a run is in the store of free runs exactly while it is [`Free`](crate::SpanState::Free) and
///   the lock is not held. While the scavenger gives a run back without the lock, it is dead and
///   counted as idle.
/// * I4: headers are never unmapped before the heap is dropped, so that what a page table entry ever
///   held is a header.
/// * I5: pages that are released according to their bits are Prepared, all others Ready; a run's own
///   count of released pages is the number of their bits. An OS page is released as a whole.
/// * I6: the entries of a run's prefix are those that I2 promises for its tag, and none of its pages is
///   released: they were used under this header, and nothing has become of them since.
pub struct Heap<A: AddressSpace, R = ListedRuns> {
    space: A,
    table: &'static Table,
    limit: Limit,
    scavenger: Scavenger,
    counters: Counters,
    inner: Mutex<Inner<R>>,
}

/// What the lock protects.
#[derive(Debug)]
struct Inner<R> {
    runs: R,
    /// Dead, but counted as idle.
    recent: Recent,
    headers: Headers,
    released: Released,
    regions: Regions,
    persistent: Persistent,
    decay: Decay,
    /// Runs that are in nobody's hands but the scavenger's, which has given the lock back.
    in_transit: usize,
    /// Memory was given back to the system at least once.
    has_released: bool,
}

impl<A: AddressSpace> Heap<A> {
    /// A heap without pages over `space`, whose free runs are kept as Go's were.
    ///
    /// # Errors
    ///
    /// The table does not suit headers or tags.
    pub fn new(space: A, config: HeapConfig) -> Result<Self, HeapError> {
        Self::with_runs(space, config)
    }
}

impl<A: AddressSpace, R: RunStore> Heap<A, R> {
    /// A heap without pages over `space`, whose free runs are kept in an `R`.
    ///
    /// # Errors
    ///
    /// The table does not suit headers or tags.
    pub fn with_runs(space: A, config: HeapConfig) -> Result<Self, HeapError> {
        let table = config.table;
        if table.page_bytes() != PAGE_BYTES {
            return Err(HeapError::PageBytes(table.page_bytes()));
        }
        if table.len() > CLASSES {
            return Err(HeapError::TooManyClasses(table.len()));
        }
        for class in table.classes() {
            if table.slots(class) > FREE_WORDS * 64 {
                return Err(HeapError::TooManySlots(table.slots(class)));
            }
        }
        let decay_ms = u64::try_from(config.decay.as_millis()).unwrap_or(u64::MAX);
        let inner = Inner {
            runs: R::default(),
            recent: Recent::new(),
            headers: Headers::new(),
            released: Released::new(),
            regions: Regions::new(),
            persistent: Persistent::new(),
            decay: Decay::new(decay_ms),
            in_transit: 0,
            has_released: false,
        };
        space.memory().set_limit(config.hard_limit);
        Ok(Self {
            space,
            table,
            limit: Limit::new(config.soft_limit, config.on_pressure),
            scavenger: Scavenger::new(config.retained_percent),
            counters: Counters::new(),
            inner: Mutex::new(Rank::Heap, inner),
        })
    }

    /// The address space below.
    #[inline]
    pub const fn space(&self) -> &A {
        &self.space
    }

    /// The figures. Takes no lock.
    #[must_use]
    pub fn stats(&self) -> HeapStats {
        self.counters.read()
    }

    /// Takes the heap's lock and the address space's for a fork, so that both are whole in the child.
    ///
    /// # Safety
    ///
    /// [`Heap::unlock_after_fork`] follows on this thread, or [`Heap::reset_in_child`] in the child.
    pub unsafe fn lock_for_fork(&self) {
        self.inner.lock_raw();
        // SAFETY: the caller's duty is the call's.
        unsafe { self.space.lock_for_fork() };
    }

    /// Gives both locks back in the parent.
    ///
    /// # Safety
    ///
    /// This thread called [`Heap::lock_for_fork`].
    pub unsafe fn unlock_after_fork(&self) {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.space.unlock_after_fork() };
        // SAFETY: as above.
        unsafe { self.inner.unlock_raw() };
    }

    /// Makes both locks free in the child.
    ///
    /// # Safety
    ///
    /// The caller is the only thread of the child, and the parent called [`Heap::lock_for_fork`].
    pub unsafe fn reset_in_child(&self) {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.space.reset_in_child() };
        // SAFETY: as above.
        unsafe { self.inner.reset_raw() };
    }
}

impl<A: AddressSpace, R: RunStore> MetadataSource for Heap<A, R> {
    fn alloc_metadata(
        &self,
        bytes: usize,
        align: usize,
        category: Category,
    ) -> Option<NonNull<u8>> {
        let (bytes, align) = (ByteCount::new(bytes), ByteCount::new(align));
        let persistent = &mut self.inner.lock().persistent;
        let at = persistent.alloc(self.space.memory(), bytes, align, category);
        at.ok()
    }
}

impl<A: AddressSpace, R> Drop for Heap<A, R> {
    fn drop(&mut self) {
        let persistent = &mut self.inner.get_mut().persistent;
        // SAFETY: headers and records go with the heap; references to them were borrowed from it.
        unsafe { persistent.release(self.space.memory()) };
    }
}

impl<A: AddressSpace, R: RunStore> fmt::Debug for Heap<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heap")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// The structure of free runs is changed by the heap alone, which inserts what is linked nowhere and
/// removes what it has just found there: an error is a mistake in this crate.
fn sound(result: Result<(), RunError>) {
    debug_assert!(result.is_ok(), "{result:?}");
}

#[cfg(any(test, feature = "ops"))]
pub(crate) mod ops;
#[cfg(all(test, not(gomalloc_loom)))]
pub(crate) mod tests;
