//! A pool that hands out stacks which own themselves: for coroutines, fibers and async runtimes.
//!
//! [`Stacks`] is a counted handle; clones of it, and the [`Stack`]s that came from it, keep the pool
//! and its heap alive. Stacks may be dropped by any thread, also after the last handle.
#![expect(unsafe_code, reason = "counts who may reach the shared part")]
mod census;
mod claim;
mod clock;
mod shard;
pub(crate) mod shared;
pub(crate) mod turn;

use crate::magazine::Local;
use crate::stack::{Guarded, Plain, Stack};
use crate::stack_size;
use crate::thread::ThreadStacks;
use crate::{AllocError, Guarding, InitError, PoolConfig, Retention, StackPool, StackSource};
use arena::{ByteCount, GuardMethod, LayoutError, Sparse, SparseConfig, System};
use clock::Clock;
use core::fmt;
use core::ptr::NonNull;
use core::time::Duration;
use heap::{Heap, HeapConfig, HeapError};
use shared::{Fate, Shared};
use std::boxed::Box;
use thiserror::Error;

/// The heap that a pool makes for itself.
pub type SystemHeap = Heap<Sparse<System>>;

/// What a pool of stacks is made with: `StacksConfig { limit, ..StacksConfig::default() }`, since fields
/// may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StacksConfig {
    /// What is kept of the stacks that nobody uses.
    pub retention: Retention,
    /// The bytes of address space that the pool takes from its heap at most, guards included, in use
    /// and free. Default: no limit.
    pub limit: ByteCount,
    /// How often what nobody needed goes back. The clock is looked at by calls that can't be served at
    /// hand; no thread is started, so an idle program calls [`Stacks::decay`] itself. `None`: never.
    /// Default: a second.
    pub decay: Option<Duration>,
    /// How guards are made; `None` (the default): installed if the system can, else by protection.
    pub guard: Option<GuardMethod>,
    /// Parts that the threads share out among themselves, one thread at a time; rounded up to a power of
    /// two. 0 (the default): twice the number of processors.
    pub shards: usize,
}

impl Default for StacksConfig {
    fn default() -> Self {
        Self {
            retention: Retention::DEFAULT,
            limit: ByteCount::new(usize::MAX),
            decay: Some(Duration::from_secs(1)),
            guard: None,
            shards: 0,
        }
    }
}

/// A pool of stacks could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StacksError {
    /// The address space.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The heap in it.
    #[error(transparent)]
    Heap(#[from] HeapError),
    /// The pool over the heap.
    #[error(transparent)]
    Init(#[from] InitError),
}

/// The figures of a pool of stacks; exact while nobody else uses it.
///
/// `in_use + cached = held`. What a [`ThreadStacks`] has, in use or not, counts as in use; the stacks
/// that came from it do not count as live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StacksStats {
    /// Stacks in use.
    pub live: usize,
    /// Their bytes, guards included.
    pub in_use: ByteCount,
    /// Bytes of the stacks that nobody uses.
    pub cached: ByteCount,
    /// Bytes that the pool has from its heap; what the heap counts as stacks.
    pub held: ByteCount,
    /// The limit of `held`.
    pub limit: ByteCount,
    /// Stacks that were at hand.
    pub hits: u64,
    /// Stacks for which a lock of the pool, the heap or the system was needed.
    pub misses: u64,
    /// Guard pages in place.
    pub guards: usize,
    /// Those of them that split a mapping.
    pub protected: usize,
}

/// A pool of stacks, by a counted handle.
///
/// # Invariants
///
/// * I1: `shared` came from a `Box` and is valid until a handle that is given back, or a stack that comes
///   back, is told that it was the last; each does so once.
pub struct Stacks<S: StackSource = SystemHeap> {
    shared: NonNull<Shared<S>>,
}

// SAFETY: the shared part is reached by shared references only and synchronises itself, and `S` may
// be used and dropped by any thread (`StackSource` is `Send + Sync`).
unsafe impl<S: StackSource> Send for Stacks<S> {}
// SAFETY: as for `Send`.
unsafe impl<S: StackSource> Sync for Stacks<S> {}

impl Stacks {
    /// A pool with a heap of its own.
    ///
    /// # Errors
    ///
    /// [`StacksError`]: no address space, or pages of a size that the heap can't work with.
    pub fn new(config: StacksConfig) -> Result<Self, StacksError> {
        let space = Sparse::new(System::new(), SparseConfig::default())?;
        let heap = Heap::new(space, HeapConfig::default())?;
        Ok(Self::over(heap, config)?)
    }
}

impl<S: StackSource> Stacks<S> {
    /// A pool over a heap that others may use, too: its own, or a reference to one.
    ///
    /// # Errors
    ///
    /// None today: the cache size is the default.
    pub fn over(source: S, config: StacksConfig) -> Result<Self, InitError> {
        let pool = StackPool::new(source);
        pool.init(PoolConfig::default())?;
        pool.set_retention(config.retention);
        pool.set_limit(config.limit);
        if config.guard == Some(GuardMethod::Protect) {
            pool.protect_only();
        }
        let processors = || std::thread::available_parallelism().map_or(1, |count| count.get());
        let shards = match config.shards {
            0 => 2 * processors(),
            shards => shards,
        };
        // 64 shards of a kilobyte; more threads than that share them out.
        let shards = shards.min(64).next_power_of_two();
        let shared = Box::new(Shared::new(pool, shards, Clock::new(config.decay)));
        let shared = NonNull::from(Box::leak(shared));
        Ok(Self { shared })
    }

    pub(crate) fn shared(&self) -> &Shared<S> {
        // SAFETY: I1 — this handle has not been given back.
        unsafe { self.shared.as_ref() }
    }

    /// A stack of at least `bytes` usable bytes (rounded up to a power of two; at least 4 KiB) above a
    /// page that faults. Its content is what its last user left.
    ///
    /// # Errors
    ///
    /// [`AllocError`]: no memory, the limit, the system's limit of mappings; nothing is lost.
    pub fn guarded(&self, bytes: ByteCount) -> Result<Stack<S>, AllocError> {
        Stack::<S, Guarded>::alloc(self.shared, bytes)
    }

    /// A stack of at least `bytes` bytes (rounded up to a power of two; at least 2 KiB) with whatever
    /// lies below it: for code that checks its own depth.
    ///
    /// # Errors
    ///
    /// [`AllocError`]: no memory, the limit; nothing is lost.
    pub fn plain(&self, bytes: ByteCount) -> Result<Stack<S, Plain>, AllocError> {
        Stack::<S, Plain>::alloc(self.shared, bytes)
    }

    /// A front of this pool for the calling thread alone. Its stacks cost less and can't be sent.
    pub fn local(&self) -> ThreadStacks<S> {
        ThreadStacks::new(self.clone())
    }

    /// Has `stacks` free stacks of this size ready, their tops resident, and keeps as many through
    /// every decay from now on; 0 lets go. Stacks that lie in shards do not count.
    ///
    /// # Errors
    ///
    /// [`AllocError`]; what was made until then is in the pool.
    pub fn warm(
        &self,
        guarding: Guarding,
        bytes: ByteCount,
        stacks: usize,
    ) -> Result<(), AllocError> {
        let pool = &self.shared().pool;
        pool.warm(guarding, stack_size(guarding, bytes)?, stacks)
    }

    /// Gives back what nobody needed since this was done last, by this call or by the clock
    /// ([`StacksConfig::decay`]). How many bytes of address space went to the heap.
    pub fn decay(&self) -> ByteCount {
        self.shared().decay()
    }

    /// Gives every stack that nobody uses to the heap, at once. How many bytes that was; how long the
    /// heap keeps their memory is its own policy.
    pub fn release(&self) -> ByteCount {
        self.shared().release()
    }

    /// Changes what is kept, from the next stack on that comes back.
    pub fn set_retention(&self, retention: Retention) {
        self.shared().pool.set_retention(retention);
    }

    /// Changes the limit; what is held already stays.
    pub fn set_limit(&self, bytes: ByteCount) {
        self.shared().pool.set_limit(bytes);
    }

    /// The figures. Claims each shard and takes each lock in turn, for some loads each.
    pub fn stats(&self) -> StacksStats {
        let shared = self.shared();
        let pool = shared.pool.stats();
        let mut stats = StacksStats {
            held: pool.held,
            limit: pool.limit,
            guards: pool.guards,
            protected: pool.protected,
            ..StacksStats::default()
        };
        let (mut live, mut cached) = (0_isize, pool.free.get());
        for shard in shared.shards() {
            let shard = shard.claim();
            let figures = shard.figures();
            live += figures.live;
            stats.hits += figures.hits;
            stats.misses += figures.misses;
            for (local, shape) in Local::all() {
                let stacks = shard.magazine.len(local);
                cached += stacks * shared.pool.bytes_held(shape).get();
            }
        }
        stats.live = usize::try_from(live).unwrap_or(0);
        stats.cached = ByteCount::new(cached);
        stats.in_use = stats.held.saturating_sub(stats.cached);
        stats
    }

    /// How much memory all stacks of the heap hold at the moment, in use or not; `None` if the system
    /// does not tell. Asks the kernel about every page.
    pub fn resident(&self) -> Option<ByteCount> {
        self.heap().resident()
    }

    /// The heap below.
    pub fn heap(&self) -> &S {
        self.shared().pool.source()
    }
}

impl<S: StackSource> Clone for Stacks<S> {
    fn clone(&self) -> Self {
        self.shared().acquire();
        Self {
            shared: self.shared,
        }
    }
}

impl<S: StackSource> Drop for Stacks<S> {
    fn drop(&mut self) {
        // SAFETY: I1; the handle goes.
        let fate = unsafe { Shared::give_back(self.shared) };
        // SAFETY: `give_back` said so.
        unsafe { bury(self.shared, fate) };
    }
}

/// Frees the shared part if nobody needs it any more.
///
/// # Safety
///
/// `fate` is what the shared part answered last, to this thread, which does not touch it again.
pub(crate) unsafe fn bury<S: StackSource>(shared: NonNull<Shared<S>>, fate: Fate) {
    if fate == Fate::Last {
        // SAFETY: I1 — it came from a box, and the last who knew it is here.
        drop(unsafe { Box::from_raw(shared.as_ptr()) });
    }
}

impl<S: StackSource> fmt::Debug for Stacks<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stacks")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
