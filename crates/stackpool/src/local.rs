//! Per-cache stacks: what a thread or processor keeps at hand, without a lock.
//!
//! Belongs to one thread at a time; the pool behind it is shared. After Go's `mcache.stackcache`
//! with `stackcacherefill`, `stackcacherelease` and `stackcache_clear`.
#![expect(
    unsafe_code,
    reason = "takes stacks back from callers who say that they own them"
)]
use crate::magazine::{Local, Magazine};
use crate::pool::Found;
use crate::shape::{Class, Shape};
use crate::{AllocError, FreeError, Guarding, Region, StackPool, StackSource};
use arena::ByteCount;
use core::fmt;
use core::ptr::NonNull;

/// The stacks of one cache: of each order at most what
/// [`PoolConfig::cache`](crate::PoolConfig::cache) says (32 KiB), of larger and of guarded stacks up to
/// 64 KiB at most 32 and 512 KiB a size; filled and emptied by halves. Other stacks go to the pool
/// directly.
///
/// Gives everything back when it is dropped.
pub struct LocalStacks<'p, S: StackSource> {
    pool: &'p StackPool<S>,
    magazine: Magazine,
    hits: u64,
    misses: u64,
}

/// The figures of a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalStats {
    /// Small stacks in the cache, per order.
    pub small: [usize; 4],
    /// Larger and guarded ones.
    pub large: usize,
    /// Their bytes, guards included.
    pub bytes: ByteCount,
    /// Stacks that came from the cache.
    pub hits: u64,
    /// Stacks for which the pool had to be asked.
    pub misses: u64,
}

impl<'p, S: StackSource> LocalStacks<'p, S> {
    /// An empty cache of `pool`.
    pub const fn new(pool: &'p StackPool<S>) -> Self {
        Self {
            pool,
            magazine: Magazine::new(),
            hits: 0,
            misses: 0,
        }
    }

    /// A plain stack of `bytes` bytes, a power of two (Go `stackalloc`). Its content is what its last
    /// user left.
    ///
    /// # Errors
    ///
    /// [`AllocError`]; nothing is lost.
    pub fn alloc(&mut self, bytes: ByteCount) -> Result<Region, AllocError> {
        self.alloc_shape(Shape::exact(Guarding::Plain, bytes)?)
    }

    /// A stack of `bytes` usable bytes, a power of two of at least 4 KiB, above a page that faults.
    /// There may be a little more than `bytes`.
    ///
    /// # Errors
    ///
    /// [`AllocError`]; nothing is lost.
    pub fn alloc_guarded(&mut self, bytes: ByteCount) -> Result<Region, AllocError> {
        self.alloc_shape(Shape::exact(Guarding::Guarded, bytes)?)
    }

    fn alloc_shape(&mut self, shape: Shape) -> Result<Region, AllocError> {
        let Some(local) = Local::of(shape) else {
            self.misses += 1;
            return self.pool.alloc_shape(shape);
        };
        let low = match self.magazine.pop(local) {
            Some(low) => {
                self.hits += 1;
                low
            }
            None => {
                self.misses += 1;
                self.refill(local, shape)?
            }
        };
        self.pool.begin_use(low);
        self.pool.region(shape, low)
    }

    /// Takes half a cache's worth of stacks out of the pool (small ones: 8, 4, 2 or 1), and one of
    /// them.
    #[cold]
    #[inline(never)]
    fn refill(&mut self, local: Local, shape: Shape) -> Result<NonNull<u8>, AllocError> {
        let half = (self.pool.room(local, shape) / 2).max(1);
        self.magazine
            .refill(local, half, |places| self.pool.take_batch(shape, places))?;
        // The pool gives one stack at least or an error.
        let stack = self.magazine.pop(local);
        stack.ok_or(AllocError::OutOfMemory(ByteCount::ZERO))
    }

    /// Takes a stack back (Go `stackfree`). It may have come from another cache of the same pool.
    ///
    /// # Errors
    ///
    /// [`FreeError`] if this is no stack of that shape, or is free already; nothing changes then.
    ///
    /// # Safety
    ///
    /// If the region is a stack that this pool handed out, nobody uses its memory any more.
    pub unsafe fn free(&mut self, region: Region) -> Result<(), FreeError> {
        let found = self.end_use(region)?;
        self.put(found, region.low())
    }

    /// Checks a stack that a caller gives up, and notes that it is his no more.
    pub(crate) fn end_use(&self, region: Region) -> Result<Found, FreeError> {
        self.pool.end_use(region)
    }

    /// Notes that a caller has the stack, after all.
    pub(crate) fn begin_use(&self, region: Region) {
        self.pool.begin_use(region.low());
    }

    /// A stack that is nobody's any more goes into the cache.
    pub(crate) fn put(&mut self, found: Found, low: NonNull<u8>) -> Result<(), FreeError> {
        let shape = found.class().shape();
        let Some(local) = Local::of(shape) else {
            return self.pool.put(found);
        };
        let room = self.pool.room(local, shape);
        if self.magazine.len(local) >= room {
            self.release(local, shape, room / 2)?;
        }
        match self.magazine.push(local, low) {
            Ok(()) => Ok(()),
            Err(_full) => self.pool.put(found),
        }
    }

    /// Gives stacks back to the pool until `kept` are left.
    #[cold]
    #[inline(never)]
    fn release(&mut self, local: Local, shape: Shape, kept: usize) -> Result<(), FreeError> {
        let stacks = self.magazine.release(local, kept);
        self.pool.put_batch(shape, stacks)
    }

    /// Gives every stack back to the pool (Go `stackcache_clear`).
    ///
    /// # Errors
    ///
    /// [`FreeError`]: memory of ours was overwritten; what could be given back is.
    pub fn clear(&mut self) -> Result<(), FreeError> {
        let mut result = Ok(());
        for (local, shape) in Local::all() {
            if self.magazine.len(local) > 0 {
                result = result.and(self.release(local, shape, 0));
            }
        }
        result
    }

    /// The figures.
    pub fn stats(&self) -> LocalStats {
        let mut stats = LocalStats {
            hits: self.hits,
            misses: self.misses,
            ..LocalStats::default()
        };
        let mut bytes = 0;
        for (local, shape) in Local::all() {
            let stacks = self.magazine.len(local);
            match self.pool.class(shape) {
                Ok(Class::Small(order)) => stats.small[order.get()] = stacks,
                _ => stats.large += stacks,
            }
            bytes += stacks * self.pool.bytes_held(shape).get();
        }
        stats.bytes = ByteCount::new(bytes);
        stats
    }
}

impl<S: StackSource> Drop for LocalStacks<'_, S> {
    fn drop(&mut self) {
        // An error was reported by the call that met it, or is met by nobody who could do anything.
        let _ = self.clear();
    }
}

impl<S: StackSource> fmt::Debug for LocalStacks<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalStacks")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, gomalloc_loom))]
mod models;
#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
