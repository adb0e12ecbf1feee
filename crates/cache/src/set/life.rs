//! Birth, death and reuse of caches.
//!
//! The stacks of dead caches are part of what the set's lock protects; a cache on one belongs to the
//! set (S2). The set's lock is not held while a cache is made or flushed.
#![expect(unsafe_code, reason = "reaches into the memory of caches that it owns")]
use super::CacheSet;
use crate::Cache;
use crate::limits::{BINS, CACHE_BYTES};
use crate::magazine::Magazine;
use arena::Category;
use central::{Exchange, FlushError};
use core::ptr::{self, NonNull};
use heap::MetadataSource;
use sync::atomic::Ordering;

/// The caches without a thread.
///
/// # Invariants
///
/// * D1: both stacks are linked through [`Cache::below`], and each cache on them is the set's.
/// * D2: a cache on `cold` holds no slots; `warm_len` caches are on `warm`.
#[derive(Debug)]
pub(super) struct Dead {
    warm: *mut Cache,
    warm_len: usize,
    warm_limit: usize,
    cold: *mut Cache,
    cold_len: usize,
}

// SAFETY: the pointers are to caches that belong to it.
unsafe impl Send for Dead {}

impl Dead {
    pub(super) const fn new(warm_limit: usize) -> Self {
        Self {
            warm: ptr::null_mut(),
            warm_len: 0,
            warm_limit,
            cold: ptr::null_mut(),
            cold_len: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.warm_len + self.cold_len
    }

    pub(super) fn set_warm_limit(&mut self, caches: usize) {
        self.warm_limit = caches;
    }

    /// A cache to use again, the one that died last; a warm one if there is any.
    fn pop(&mut self) -> Option<NonNull<Cache>> {
        self.pop_warm().or_else(|| {
            let cache = take_first(&mut self.cold)?;
            self.cold_len -= 1;
            Some(cache)
        })
    }

    fn pop_warm(&mut self) -> Option<NonNull<Cache>> {
        let cache = take_first(&mut self.warm)?;
        self.warm_len -= 1;
        Some(cache)
    }

    /// Puts a cache with its slots among the warm ones.
    ///
    /// # Safety
    ///
    /// The caller owns the cache and gives it up.
    unsafe fn push_warm(&mut self, cache: NonNull<Cache>) {
        // SAFETY: the caller's promise.
        unsafe { put_first(&mut self.warm, cache) };
        self.warm_len += 1;
    }

    /// Puts a cache without slots among the cold ones.
    ///
    /// # Safety
    ///
    /// The caller owns the cache, which holds no slots, and gives it up.
    unsafe fn push_cold(&mut self, cache: NonNull<Cache>) {
        // SAFETY: the caller's promise.
        unsafe { put_first(&mut self.cold, cache) };
        self.cold_len += 1;
    }

    /// Puts a cache whose thread is not in this process among the warm ones, unless it is dead
    /// already.
    ///
    /// # Safety
    ///
    /// No thread of this process owns the cache.
    pub(super) unsafe fn adopt(&mut self, cache: NonNull<Cache>) {
        // SAFETY: a live cache, and nobody else looks.
        let version = unsafe { &(*cache.as_ptr()).version };
        let found = version.load(Ordering::Relaxed);
        if !found.is_multiple_of(2) {
            // The owner was in the middle of a change.
            for bin in 0..BINS {
                // SAFETY: nobody owns the cache, so this call does; one magazine at a time.
                if let Some(mut magazine) = unsafe { Magazine::of(cache, bin) } {
                    magazine.mend();
                }
            }
            version.store(found.wrapping_add(1), Ordering::Relaxed);
        }
        // SAFETY: as above.
        let is_dead = unsafe { (*cache.as_ptr()).is_dead };
        if !is_dead {
            // SAFETY: nobody owns the cache.
            unsafe { self.push_warm(cache) };
        }
    }
}

fn take_first(stack: &mut *mut Cache) -> Option<NonNull<Cache>> {
    let cache = NonNull::new(*stack)?;
    // SAFETY: D1.
    *stack = unsafe { (*cache.as_ptr()).below };
    // SAFETY: D1.
    unsafe { (*cache.as_ptr()).is_dead = false };
    Some(cache)
}

/// # Safety
///
/// The caller owns the cache and gives it up.
unsafe fn put_first(stack: &mut *mut Cache, cache: NonNull<Cache>) {
    // SAFETY: the caller owns the cache.
    unsafe { (*cache.as_ptr()).below = *stack };
    // SAFETY: as above.
    unsafe { (*cache.as_ptr()).is_dead = true };
    *stack = cache.as_ptr();
}

impl<X, M: MetadataSource> CacheSet<X, M> {
    /// A cache for the calling thread: one of a dead thread, whole, or a new one. `None`: out of
    /// memory.
    pub fn acquire(&self) -> Option<NonNull<Cache>> {
        let reused = self.inner.lock().dead.pop();
        reused.or_else(|| self.make())
    }

    /// Makes and registers a cache.
    fn make(&self) -> Option<NonNull<Cache>> {
        let memory = self
            .metadata
            .alloc_metadata(CACHE_BYTES, CACHE_BYTES / 2, Category::Cache)?;
        let cache = memory.cast::<Cache>();
        // SAFETY: fresh memory, large enough and aligned (asserted in `cache`).
        unsafe { cache.write(Cache::new(false)) };
        // SAFETY: just written; the field is atomic.
        let older = unsafe { &(*cache.as_ptr()).older };
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            older.store(newest, Ordering::Relaxed);
            // Release: publishes the cache; pairs with the Acquire in `stats::caches`.
            let registered = self.newest.compare_exchange_weak(
                newest,
                cache.as_ptr(),
                Ordering::Release,
                Ordering::Relaxed,
            );
            match registered {
                Ok(_) => return Some(cache),
                Err(other) => newest = other,
            }
        }
    }
}

impl<X: Exchange, M> CacheSet<X, M> {
    /// Takes the cache of a thread that ends. It stays warm for the next thread, with its slots,
    /// while fewer than the [limit](CacheSet::set_warm_limit) are; else it is flushed to the last
    /// slot.
    ///
    /// # Errors
    ///
    /// The first wrong pointer that the flush found; all else has been given back.
    ///
    /// # Safety
    ///
    /// The calling thread got the cache from [`CacheSet::acquire`] of this set (or it is the shared
    /// empty one) and does not use it any more.
    pub unsafe fn give_back(&self, cache: NonNull<Cache>) -> Result<(), FlushError> {
        // SAFETY: a live cache, whose flag never changes.
        if unsafe { (*cache.as_ptr()).is_shared } {
            return Ok(());
        }
        {
            let dead = &mut self.inner.lock().dead;
            if dead.warm_len < dead.warm_limit {
                // SAFETY: the caller owns the cache and gives it up.
                unsafe { dead.push_warm(cache) };
                return Ok(());
            }
        }
        // SAFETY: the caller owns the cache.
        unsafe { self.bury(cache) }
    }

    /// Gives the slots of every dead cache back to the exchange.
    ///
    /// # Errors
    ///
    /// As [`CacheSet::give_back`].
    pub fn flush_dead(&self) -> Result<(), FlushError> {
        let mut result = Ok(());
        loop {
            let Some(cache) = self.inner.lock().dead.pop_warm() else {
                return result;
            };
            // SAFETY: popped: this call owns the cache.
            result = result.and(unsafe { self.bury(cache) });
        }
    }

    /// Flushes a cache and puts it among the cold ones.
    ///
    /// # Safety
    ///
    /// The caller owns the cache, which is not the shared one, and gives it up.
    unsafe fn bury(&self, cache: NonNull<Cache>) -> Result<(), FlushError> {
        // SAFETY: the caller's promise.
        let result = unsafe { self.flush(cache) };
        // SAFETY: the caller's promise, and the flush has taken every slot.
        unsafe { self.inner.lock().dead.push_cold(cache) };
        result
    }
}
