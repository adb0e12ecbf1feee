//! What can be wrong with a configuration or with a pointer that is given back.
//!
//! Plain values without heap data; nobody shares them.
use crate::RunError;
use arena::Addr;
use thiserror::Error;

/// A heap could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum HeapError {
    /// The table's classes are cut for pages of another size.
    #[error("the size classes are for pages of {0} bytes, the heap's have 8192")]
    PageBytes(usize),
    /// More classes than a tag or an array of bins has room for.
    #[error("{0} size classes are more than 68")]
    TooManyClasses(usize),
    /// A class with more slots than a header has free bits.
    #[error("{0} slots in a span are more than 1024")]
    TooManySlots(usize),
}

/// A pointer that was to be given back, and is nothing that could be. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum FreeError {
    /// In no page that this heap ever had.
    #[error("free of {pointer}: not of this heap")]
    NotOurs {
        /// What was to be freed.
        pointer: Addr,
    },
    /// Nothing is alive there: freed already, or never allocated.
    #[error("free of {pointer}: nothing is allocated there")]
    NotLive {
        /// What was to be freed.
        pointer: Addr,
    },
    /// Inside what is alive there.
    #[error("free of {pointer}: inside the allocation that begins at {base}")]
    Interior {
        /// What was to be freed.
        pointer: Addr,
        /// The beginning.
        base: Addr,
    },
    /// The span there is of another kind: small objects, a large object, a manual span.
    #[error("free of {pointer}: the span there is of another kind")]
    WrongKind {
        /// What was to be freed.
        pointer: Addr,
    },
    /// The structure of free runs contradicts itself.
    #[error("free: {0}")]
    Broken(#[from] RunError),
}
