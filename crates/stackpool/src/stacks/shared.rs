//! What all handles and stacks of one pool share: the pool, the shards before it, the clock.
//!
//! Shared by every thread; each shard is claimed for a moment, and not while the pool is called. It
//! lives until the last handle and the last stack are gone ([`Census`]).
#![expect(unsafe_code, reason = "the shared part may be freed by another thread")]
use super::census::Census;
use super::claim::{Claim, Claimed};
use super::clock::Clock;
use super::shard::{Batch, Counted, Shard};
use crate::magazine::{LOCALS, Local};
use crate::shape::{Extent, Shape};
use crate::{AllocError, FreeError, Guarding, Region, StackPool, StackSource};
use arena::ByteCount;
use core::ptr::NonNull;
use std::boxed::Box;
use sync::CachePadded;

/// One shard, on cache lines of its own.
type Padded = CachePadded<Claim<Shard>>;

#[derive(Debug)]
pub(crate) struct Shared<S: StackSource> {
    pub(crate) pool: StackPool<S>,
    shards: Box<[Padded]>,
    census: Census,
    clock: Clock,
    /// Of the shapes that have an array in each shard.
    extents: [Extent; LOCALS],
}

/// Is this thread the one that has to free the shared part?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Fate {
    Needed,
    Last,
}

impl<S: StackSource> Shared<S> {
    /// With one handle and `shards` shards (a power of two, at least one).
    pub(crate) fn new(pool: StackPool<S>, shards: usize, clock: Clock) -> Self {
        let os_page = pool.source().os_page();
        let whole = |shape: Shape| Extent {
            guard: ByteCount::ZERO,
            usable: shape.bytes(),
        };
        let mut extents = [whole(Shape::of_rank(Guarding::Plain, 0)); LOCALS];
        for (local, shape) in Local::all() {
            extents[local.get()] = shape.extent(os_page).unwrap_or(whole(shape));
        }
        let shard = |_| CachePadded::new(Claim::new(Shard::new()));
        Self {
            pool,
            shards: (0..shards).map(shard).collect(),
            census: Census::new(),
            clock,
            extents,
        }
    }

    pub(crate) fn shards(&self) -> &[Padded] {
        &self.shards
    }

    /// One handle more.
    pub(crate) fn acquire(&self) {
        self.census.acquire();
    }

    /// One handle less. The last one closes the shards. With [`Fate::Last`] the caller frees the shared
    /// part; otherwise somebody else may have done so already.
    ///
    /// # Safety
    ///
    /// The caller has a handle and does not use it again.
    pub(crate) unsafe fn give_back(this: NonNull<Self>) -> Fate {
        // A place, not a reference to all of it: that would have to be valid until this returns.
        // SAFETY: valid as long as the handle counts.
        let census = unsafe { &(*this.as_ptr()).census };
        if !census.give_back() {
            return Fate::Needed;
        }
        census.begin();
        // SAFETY: valid until `finish`.
        for shard in unsafe { &(*this.as_ptr()).shards } {
            let live = shard.claim().close();
            census.add(live);
        }
        fate(census.finish())
    }

    /// A stack out of a shard, or of the pool behind it.
    #[inline]
    pub(crate) fn alloc(
        &self,
        mut shard: Claimed<'_, Shard>,
        index: usize,
        shape: Shape,
    ) -> Result<Region, AllocError> {
        let local = Local::of(shape);
        if let Some(local) = local
            && let Some(low) = shard.pop(local)
        {
            let counted = shard.count_out();
            drop(shard);
            self.note_out(counted);
            return Ok(self.extents[local.get()].region(low));
        }
        if local.is_none() {
            shard.miss();
        }
        drop(shard);
        self.alloc_slow(index, shape, local)
    }

    #[cold]
    #[inline(never)]
    fn alloc_slow(
        &self,
        index: usize,
        shape: Shape,
        local: Option<Local>,
    ) -> Result<Region, AllocError> {
        let half = local.map_or(1, |local| self.pool.room(local, shape) / 2);
        let mut batch = Batch::new();
        let taken = self.take(shape, batch.room(half))?;
        batch.set_len(taken);
        let low = batch.pop().ok_or(AllocError::OutOfMemory(shape.bytes()))?;
        let mut shard = self.shards[index].claim();
        if let Some(local) = local {
            while let Some(stack) = batch.pop() {
                if shard.magazine.push(local, stack).is_err() {
                    batch.unpop();
                    break;
                }
            }
        }
        let counted = shard.count_out();
        drop(shard);
        // Somebody else has filled the shard meanwhile.
        self.put(shape, batch.as_slice());
        self.tick();
        self.note_out(counted);
        self.pool.region(shape, low)
    }

    /// A stack goes out of a closed shard only to somebody who holds another stack of the pool.
    fn note_out(&self, counted: Counted) {
        if counted == Counted::Orphan {
            self.census.add(1);
        }
    }

    /// A stack comes back. With [`Fate::Last`] the caller frees the shared part; otherwise somebody else
    /// may have done so already.
    ///
    /// # Safety
    ///
    /// The stack at `low` has `shape`, it is the caller's, and `shard` is number `index`. The caller does
    /// not use the stack, or what it kept alive, again.
    #[inline]
    pub(crate) unsafe fn free(
        this: NonNull<Self>,
        mut shard: Claimed<'_, Shard>,
        index: usize,
        shape: Shape,
        low: NonNull<u8>,
    ) -> Fate {
        let local = Local::of(shape);
        if let Some(local) = local
            && shard.magazine.push(local, low).is_ok()
        {
            let counted = shard.count_in();
            // If the shard has counted the stack, nobody may be keeping the shared part from here on.
            drop(shard);
            // SAFETY: the stack has just been counted so.
            return unsafe { Self::settle(this, counted) };
        }
        // SAFETY: valid as long as the stack counts.
        unsafe { this.as_ref() }.free_slow(shard, shape, local, low);
        // SAFETY: as above.
        let shards = unsafe { &(*this.as_ptr()).shards };
        let counted = shards[index].claim().count_in();
        // SAFETY: the stack has just been counted so.
        unsafe { Self::settle(this, counted) }
    }

    /// The shard is full: half of it goes to the pool.
    #[cold]
    #[inline(never)]
    fn free_slow(
        &self,
        mut shard: Claimed<'_, Shard>,
        shape: Shape,
        local: Option<Local>,
        low: NonNull<u8>,
    ) {
        let mut batch = Batch::new();
        let mut rest = Some(low);
        if let Some(local) = local {
            let kept = self.pool.room(local, shape) / 2;
            batch.fill(shard.magazine.release(local, kept));
            rest = shard.magazine.push(local, low).err();
        }
        drop(shard);
        self.put(shape, batch.as_slice());
        self.put(shape, rest.as_slice());
        self.tick();
    }

    /// A stack came back, and this is the last that its owner does with the shared part.
    ///
    /// # Safety
    ///
    /// The stack was counted so. If that was among the orphans, it still counts there.
    #[inline]
    unsafe fn settle(this: NonNull<Self>, counted: Counted) -> Fate {
        match counted {
            Counted::Here => Fate::Needed,
            // SAFETY: an orphan that has not left keeps the shared part.
            Counted::Orphan => fate(unsafe { &(*this.as_ptr()).census }.leave()),
        }
    }

    /// Stacks from the pool into the front of `out`, at least one; how many.
    pub(crate) fn take(&self, shape: Shape, out: &mut [NonNull<u8>]) -> Result<usize, AllocError> {
        match self.pool.take_batch(shape, out) {
            Err(AllocError::Limit { .. } | AllocError::OutOfMemory(_)) => {
                // What the shards and other sizes keep may be what is missing.
                self.release();
                let one = out.len().min(1);
                self.pool.take_batch(shape, &mut out[..one])
            }
            taken => taken,
        }
    }

    /// Where stacks of the shapes that have an array lie.
    pub(crate) fn extents(&self) -> &[Extent; LOCALS] {
        &self.extents
    }

    /// Stacks go to the pool.
    pub(crate) fn put(&self, shape: Shape, stacks: &[NonNull<u8>]) {
        if stacks.is_empty() {
            return;
        }
        let result = self.pool.put_batch(shape, stacks);
        // What comes here was taken from this pool, by types that give it back once.
        debug_assert_eq!(result, Ok(()), "stacks of this pool");
    }

    /// Everything that lies in one shard goes to the pool.
    fn flush(&self, shard: &Padded) {
        for (local, shape) in Local::all() {
            let mut batch = Batch::new();
            batch.fill(shard.claim().magazine.release(local, 0));
            self.put(shape, batch.as_slice());
        }
    }

    /// Every stack that is in nobody's hands goes to the heap. How many bytes that was.
    pub(crate) fn release(&self) -> ByteCount {
        for shard in &self.shards {
            self.flush(shard);
        }
        sound(self.pool.free_stack_spans())
    }

    /// Decays if it is time. Called where the pool was called anyway.
    pub(crate) fn tick(&self) {
        if self.clock.is_due() {
            self.decay();
        }
    }

    /// Ends a period: shards that nobody used go to the pool, and the pool decays.
    pub(crate) fn decay(&self) -> ByteCount {
        for shard in &self.shards {
            let is_idle = shard.claim().is_idle();
            if is_idle {
                self.flush(shard);
            }
        }
        sound(self.pool.decay())
    }
}

impl<S: StackSource> Drop for Shared<S> {
    fn drop(&mut self) {
        // The pool gives what it has to the heap when it goes; this gives it what the shards have.
        for shard in &self.shards {
            self.flush(shard);
        }
    }
}

fn fate(is_last: bool) -> Fate {
    if is_last { Fate::Last } else { Fate::Needed }
}

/// A list that is broken is somebody's write to memory that was not his. It is found by the next
/// allocation, which can say so.
fn sound(result: Result<ByteCount, FreeError>) -> ByteCount {
    debug_assert!(result.is_ok(), "{result:?}");
    result.unwrap_or(ByteCount::ZERO)
}

#[cfg(all(test, gomalloc_loom))]
mod models;
#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
