//! [`CacheSet`]: all caches over one exchange, from birth to reuse, and their slow paths.
//!
//! Shared by every thread. The registry is a list that only grows and is read without a lock; the
//! stacks of dead caches and the store of arrays are protected by the set's lock, which is never
//! held while the exchange is called. After the role of Go 1.12 `allocmcache` and `freemcache`.
#![expect(
    unsafe_code,
    reason = "owns the memory of caches and declares who may use which"
)]
mod arrays;
mod flush;
mod life;
mod refill;
mod sample;
mod uncached;

use crate::limits::{BINS, WARM_DEFAULT};
use crate::sampling::Sampling;
use crate::{Cache, Stats, stats};
use arrays::Arrays;
use core::fmt;
use core::ptr::{self, NonNull};
use life::Dead;
use sync::atomic::AtomicPtr;
use sync::{Mutex, Rank};
use uncached::Uncached;

/// The caches over the exchange `X`, made of memory from `M`.
///
/// Dropping a set forgets its caches: slots that they hold are lost to the exchange, whose owner
/// drops it as well.
///
/// # Invariants
///
/// * S1: every cache in the registry was made by this set and lives as long as `metadata`.
/// * S2: a cache has one owner: a thread between [`CacheSet::acquire`] and [`CacheSet::give_back`],
///   the stack of dead caches on which it is, or the call that moves it between the two.
pub struct CacheSet<X, M> {
    exchange: X,
    metadata: M,
    /// The cache made last; the head of the registry.
    newest: AtomicPtr<Cache>,
    inner: Mutex<Inner>,
    /// Allocations and frees that passed every cache by.
    uncached: Uncached,
    sampling: Sampling,
}

/// What the set's lock protects.
#[derive(Debug)]
struct Inner {
    dead: Dead,
    arrays: Arrays,
}

impl<X, M> CacheSet<X, M> {
    /// A set without caches.
    #[cfg(not(gomalloc_loom))]
    #[must_use]
    pub const fn new(exchange: X, metadata: M) -> Self {
        Self {
            exchange,
            metadata,
            newest: AtomicPtr::new(ptr::null_mut()),
            inner: Mutex::new(Rank::CacheSet, Inner::new()),
            uncached: Uncached::new(),
            sampling: Sampling::new(),
        }
    }

    /// As in the real build, but not `const`: loom's constructors are not.
    #[cfg(gomalloc_loom)]
    #[must_use]
    pub fn new(exchange: X, metadata: M) -> Self {
        Self {
            exchange,
            metadata,
            newest: AtomicPtr::new(ptr::null_mut()),
            inner: Mutex::new(Rank::CacheSet, Inner::new()),
            uncached: Uncached::new(),
            sampling: Sampling::new(),
        }
    }

    /// Where slots come from and go to.
    pub fn exchange(&self) -> &X {
        &self.exchange
    }

    /// How many dead caches keep their slots for the next thread, 8 unless this is called; twice the
    /// number of processors is a good choice. Those above the new limit are flushed by the next
    /// [`flush_dead`](CacheSet::flush_dead).
    pub fn set_warm_limit(&self, caches: usize) {
        self.inner.lock().dead.set_warm_limit(caches);
    }

    /// Reads the figures of all caches; takes no lock but for the number of dead caches.
    ///
    /// O(caches ever alive at the same time × classes); some microseconds a cache.
    pub fn stats(&self, into: &mut Stats) {
        *into = Stats::new();
        into.dead_caches = self.inner.lock().dead.len();
        // Frees first, allocations last: see `Stats`.
        into.frees = self.uncached.frees();
        for cache in stats::caches(&self.newest) {
            for bin in 0..BINS {
                // SAFETY: S1.
                let figures = unsafe { stats::read(cache, bin) };
                into.frees[bin] = into.frees[bin].wrapping_add(figures.frees);
            }
        }
        into.mallocs = self.uncached.mallocs();
        for cache in stats::caches(&self.newest) {
            into.caches += 1;
            for bin in 0..BINS {
                // SAFETY: S1.
                let figures = unsafe { stats::read(cache, bin) };
                into.mallocs[bin] = into.mallocs[bin].wrapping_add(figures.mallocs);
                into.cached[bin] += figures.cached;
            }
        }
    }

    /// Takes the set's lock for a fork handler. The exchange's locks come after.
    pub fn lock_for_fork(&self) {
        self.inner.lock_raw();
    }

    /// Gives back what [`CacheSet::lock_for_fork`] took, in the parent.
    ///
    /// # Safety
    ///
    /// This thread called `lock_for_fork` and has not unlocked since.
    pub unsafe fn unlock_after_fork(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.inner.unlock_raw() };
    }

    /// Makes the lock free in the child of a fork, and the caches of the threads that the child does
    /// not have dead; `own` is the forking thread's (or the shared empty one).
    ///
    /// # Safety
    ///
    /// The caller is the only thread of the process, it owns `own`, and the forking thread called
    /// [`CacheSet::lock_for_fork`] before.
    pub unsafe fn reset_in_child(&self, own: NonNull<Cache>) {
        // SAFETY: the caller's promise.
        unsafe { self.inner.reset_raw() };
        let mut inner = self.inner.lock();
        for cache in stats::caches(&self.newest) {
            if cache != own {
                // SAFETY: S1; its owner, if it had one, does not exist any more.
                unsafe { inner.dead.adopt(cache) };
            }
        }
    }
}

impl Inner {
    const fn new() -> Self {
        Self {
            dead: Dead::new(WARM_DEFAULT),
            arrays: Arrays::new(),
        }
    }
}

impl<X, M> fmt::Debug for CacheSet<X, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheSet").finish_non_exhaustive()
    }
}

#[cfg(all(test, gomalloc_loom))]
mod models;
#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
