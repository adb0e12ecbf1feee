//! What a cache needs of the layer below: slots by the batch, both ways.
//!
//! Implemented by [`Central`](crate::Central) and by the stand-ins of tests; shared by every thread,
//! and each implementation brings its own protection.
#![expect(unsafe_code, reason = "declares the contract of giving slots back")]
use sizeclass::{SpanClass, Table};

/// A source and sink of free slots by span class.
///
/// # Safety
///
/// An implementer hands out slots that are valid for reads and writes of the class's slot size, each
/// to one taker until it is given back, and calls nothing of the layer above.
pub unsafe trait Exchange: Send + Sync {
    /// The size classes.
    fn table(&self) -> &'static Table;

    /// Writes free slots of `class` to the front of `out`, in ascending runs, and says how many.
    /// 0 means out of memory (or that `out` is empty); never more than `out.len()`.
    fn refill(&self, class: SpanClass, out: &mut [*mut u8]) -> usize;

    /// Gives `slots` back. Neighbours in memory that stand next to each other are cheapest.
    ///
    /// # Errors
    ///
    /// The first pointer that is not a live slot of `class`, as far as that can be seen. All others
    /// have been given back.
    ///
    /// # Safety
    ///
    /// Each pointer came from [`refill`](Exchange::refill) of the same exchange and class, has not
    /// been given back since, and is not used any more.
    unsafe fn flush(&self, class: SpanClass, slots: &mut [*mut u8]) -> Result<(), FlushError>;
}

// SAFETY: every call goes to the implementer behind the reference, which keeps the promises.
unsafe impl<T: Exchange + ?Sized> Exchange for &T {
    #[inline]
    fn table(&self) -> &'static Table {
        (**self).table()
    }

    #[inline]
    fn refill(&self, class: SpanClass, out: &mut [*mut u8]) -> usize {
        (**self).refill(class, out)
    }

    #[inline]
    unsafe fn flush(&self, class: SpanClass, slots: &mut [*mut u8]) -> Result<(), FlushError> {
        // SAFETY: the caller's promise is passed on unchanged.
        unsafe { (**self).flush(class, slots) }
    }
}

/// A pointer that was given back and is not a live slot of the class it was said to be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("free of {pointer:#x}: {kind}")]
pub struct FlushError {
    /// The address as it was given.
    pub pointer: usize,
    /// What is wrong with it.
    pub kind: FlushErrorKind,
}

/// How a pointer can fail to be a live slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlushErrorKind {
    /// No span in use covers the address.
    #[error("not allocated here")]
    Foreign,
    /// The address lies inside a slot instead of at its beginning.
    #[error("points into the middle of an allocation")]
    Interior,
    /// The slot is free already.
    #[error("freed twice")]
    DoubleFree,
    /// The span that covers the address has another class: a wrong `Layout`, or a stray pointer.
    #[error("size class {} expected, {} found", expected.size_class().get(), found.size_class().get())]
    WrongClass {
        /// The class that the caller named.
        expected: SpanClass,
        /// The class of the span.
        found: SpanClass,
    },
    /// The address lies in the span's unused tail, after its last slot.
    #[error("past the last slot of its span")]
    NotASlot,
}
