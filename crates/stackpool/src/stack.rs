//! A stack that owns its memory and gives it back when it is dropped, by whichever thread.
//!
//! A value that one thread has at a time; what it shares with others is the pool behind it.
#![expect(unsafe_code, reason = "keeps the shared part of the pool alive")]
use crate::shape::Shape;
use crate::stacks::shared::Shared;
use crate::stacks::{SystemHeap, bury, turn};
use crate::{AllocError, Guarding, Region, StackSource};
use arena::ByteCount;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;
use core::ptr::NonNull;

/// There is a page below the stack that faults.
#[derive(Debug)]
pub enum Guarded {}

/// There is no guard.
#[derive(Debug)]
pub enum Plain {}

/// [`Guarded`] or [`Plain`]: an overflow faults, or it does not. Only a guarded stack is one in the
/// sense of coroutine libraries.
pub trait Kind: private::Sealed {}
impl Kind for Guarded {}
impl Kind for Plain {}

pub(crate) mod private {
    //! Keeps [`Kind`](super::Kind) to its two.
    use crate::Guarding;

    pub trait Sealed {
        const GUARDING: Guarding;
    }
    impl Sealed for super::Guarded {
        const GUARDING: Guarding = Guarding::Guarded;
    }
    impl Sealed for super::Plain {
        const GUARDING: Guarding = Guarding::Plain;
    }
}

/// A stack from a pool: its own until it is dropped, then the next caller's.
///
/// Memory below the pool's addresses grows downwards, so a stack begins at [`Stack::top`] and may be
/// used down to [`Stack::bottom`].
///
/// # Invariants
///
/// * I1: `shared` is valid until this stack has come back, which is once.
/// * I2: `region` is a stack of `shape` that is in no list of the pool and no other value's; if `K` is
///   [`Guarded`], the page below its bottom faults.
pub struct Stack<S: StackSource = SystemHeap, K: Kind = Guarded> {
    region: Region,
    shape: Shape,
    shared: NonNull<Shared<S>>,
    kind: PhantomData<K>,
}

// SAFETY: the memory is this value's alone (I2), and the shared part synchronises itself.
unsafe impl<S: StackSource, K: Kind> Send for Stack<S, K> {}
// SAFETY: a shared reference tells addresses only.
unsafe impl<S: StackSource, K: Kind> Sync for Stack<S, K> {}

impl<S: StackSource, K: Kind> Stack<S, K> {
    /// A stack of at least `bytes` bytes. `shared` is kept alive by the caller until this returns, and
    /// by the stack from then on.
    pub(crate) fn alloc(shared: NonNull<Shared<S>>, bytes: ByteCount) -> Result<Self, AllocError> {
        // SAFETY: the caller keeps it alive.
        let pool = unsafe { shared.as_ref() };
        let shape = Shape::at_least(K::GUARDING, bytes)?;
        let (shard, index) = turn::claim(pool.shards());
        let region = pool.alloc(shard, index, shape)?;
        Ok(Self {
            region,
            shape,
            shared,
            kind: PhantomData,
        })
    }

    /// The address behind the highest that may be used: where the stack begins.
    #[inline]
    #[must_use]
    pub fn top(&self) -> NonNull<u8> {
        self.region.top()
    }

    /// The lowest address that may be used.
    #[inline]
    #[must_use]
    pub fn bottom(&self) -> NonNull<u8> {
        self.region.bottom()
    }

    /// How much may be used: at least what was asked for.
    #[inline]
    #[must_use]
    pub fn size(&self) -> ByteCount {
        self.region.bytes()
    }

    /// The addresses of the guard; empty if there is none.
    #[inline]
    #[must_use]
    pub fn guard(&self) -> Range<NonNull<u8>> {
        self.region.low()..self.region.bottom()
    }

    /// Where the stack lies.
    #[inline]
    #[must_use]
    pub fn region(&self) -> Region {
        self.region
    }

    /// Clears the stack: every byte reads as zero. The top is written over, what lies below
    /// [`Retention::resident`](crate::Retention::resident) is given back to the system.
    pub fn clear(&mut self) {
        // SAFETY: I1.
        let pool = unsafe { &self.shared.as_ref().pool };
        // SAFETY: I2, and `&mut self` says that nobody runs on it.
        unsafe { pool.clear(self.region) };
    }
}

impl<S: StackSource, K: Kind> Drop for Stack<S, K> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: I1.
        let (shard, index) = turn::claim(unsafe { self.shared.as_ref() }.shards());
        // SAFETY: I1 and I2; the stack goes.
        let fate =
            unsafe { Shared::free(self.shared, shard, index, self.shape, self.region.low()) };
        // SAFETY: `free` said so.
        unsafe { bury(self.shared, fate) };
    }
}

impl<S: StackSource, K: Kind> fmt::Debug for Stack<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guarding = match K::GUARDING {
            Guarding::Plain => "Plain",
            Guarding::Guarded => "Guarded",
        };
        f.debug_struct("Stack")
            .field("kind", &guarding)
            .field("bottom", &self.bottom())
            .field("top", &self.top())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
