//! Who still needs the shared pool: handles by a count, stacks by counts that their shards keep.
//!
//! A counter that every allocation and every drop changed would travel from processor to processor
//! with each of them. So a shard counts the stacks that went out and came back through it, under the
//! lock that is taken anyway; the sum over all shards is the number of live stacks. Only when the last
//! handle is gone, which nobody can undo, the shards are closed one by one and their counts move into
//! `orphans`, which every stack that comes back from then on lowers.
//!
//! | field | read and written by | under |
//! |---|---|---|
//! | `handles` | whoever clones or drops a handle | atomic read-modify-write |
//! | `orphans` | whoever closes; whoever frees through a closed shard | atomic read-modify-write |
//!
//! # Invariants
//!
//! * I1: from `begin` to `finish`, `orphans` is above half of [`CLOSING`]: nobody finds it 0.
//! * I2: after `finish`, `orphans` is the number of stacks that have not come back. Exactly one call
//!   of `finish` or `leave` finds that it was the last, after every other use of the pool.
use crate::limits::modelled_const;
use sync::atomic::{AtomicUsize, Ordering, fence};

/// More than there can be stacks: 2^62 on 64 bits, 2^30 on 32. Shards' counts may be negative, and the
/// arithmetic wraps: from half of it to twice it, the sum is not 0.
const CLOSING: usize = usize::MAX / 4 + 1;

#[derive(Debug)]
pub(crate) struct Census {
    handles: AtomicUsize,
    orphans: AtomicUsize,
}

impl Census {
    modelled_const! {
        /// One handle, no orphans.
        pub(crate) const fn new() -> Self {
            Self {
                handles: AtomicUsize::new(1),
                orphans: AtomicUsize::new(0),
            }
        }
    }

    /// One handle more. Relaxed: who has a handle keeps the pool alive.
    pub(crate) fn acquire(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    /// One handle less; was it the last?
    pub(crate) fn give_back(&self) -> bool {
        // Release, and Acquire by the last: what was done through the other handles is done.
        let last = self.handles.fetch_sub(1, Ordering::Release) == 1;
        if last {
            fence(Ordering::Acquire);
        }
        last
    }

    /// Before the first shard is closed. Whoever finds a shard closed finds this done, since both
    /// held the shard's lock.
    pub(crate) fn begin(&self) {
        self.orphans.fetch_add(CLOSING, Ordering::Relaxed);
    }

    /// A shard was closed with this count, or a stack went out of a closed one.
    pub(crate) fn add(&self, live: isize) {
        self.orphans
            .fetch_add(live.cast_unsigned(), Ordering::Relaxed);
    }

    /// After the last shard was closed. `true`: nobody needs the pool any more, and nobody touches it.
    pub(crate) fn finish(&self) -> bool {
        self.sub(CLOSING)
    }

    /// A stack came back through a closed shard, and this is the last that its owner does with the
    /// pool. `true` as for [`Census::finish`].
    pub(crate) fn leave(&self) -> bool {
        self.sub(1)
    }

    fn sub(&self, count: usize) -> bool {
        // Release: what this thread did with the pool is done before another frees it. Acquire, by
        // that one: pairs with the Release of all others (one modification order, no stores between).
        let last = self.orphans.fetch_sub(count, Ordering::Release) == count;
        if last {
            fence(Ordering::Acquire);
        }
        last
    }
}

#[cfg(all(test, gomalloc_loom))]
mod models;
