//! What can go wrong with stacks, with the numbers.
//!
//! Plain values without heap data; nobody shares them. Messages follow the Go runtime's throws in
//! `runtime/stack.go` where it has one.
use arena::{Addr, ByteCount, Reason};
use heap::ListError;
use thiserror::Error;

/// The pool could not be made ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InitError {
    /// Go's check in `stackinit`.
    #[error("cache size must be a multiple of page size ({cache} bytes, pages of {page})")]
    CacheSize {
        /// The configured cache.
        cache: ByteCount,
        /// The heap's page.
        page: usize,
    },
    /// A cache holds at most [`STACK_CACHE`](crate::STACK_CACHE) bytes and at least two of the
    /// largest small stack.
    #[error("cache size {cache} is not between {least} and {most}")]
    CacheRange {
        /// The configured cache.
        cache: ByteCount,
        /// The smallest one possible.
        least: ByteCount,
        /// The largest one possible.
        most: ByteCount,
    },
    /// The pool was ready already.
    #[error("stack pool already initialized")]
    Twice,
}

/// No stack was handed out. Nothing is lost: the next attempt can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AllocError {
    /// `init` has not been called.
    #[error("stack pool not initialized")]
    NotInitialized,
    /// Go's throw in `stackalloc`.
    #[error("stack size not a power of 2: {0}")]
    NotAPowerOfTwo(ByteCount),
    /// Below the smallest or above the largest size.
    #[error("stack size {bytes} is not between {least} and {most}")]
    Size {
        /// The size that was asked for.
        bytes: ByteCount,
        /// The smallest one possible.
        least: ByteCount,
        /// The largest one possible.
        most: ByteCount,
    },
    /// The platform does not have this order.
    #[error("bad stack order {0}")]
    BadOrder(usize),
    /// The heap has no pages left, or its limit is reached.
    #[error("out of memory (stack of {0} bytes)")]
    OutOfMemory(ByteCount),
    /// The limit of the pool is reached.
    #[error("stack limit reached: {held} of {limit} bytes are held, {wanted} more are wanted")]
    Limit {
        /// What the pool holds, in use and free.
        held: ByteCount,
        /// The limit.
        limit: ByteCount,
        /// What the heap would have had to give.
        wanted: ByteCount,
    },
    /// The guard page could not be made.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// A list of stack spans is not what the pool left: memory was overwritten.
    #[error("list of stack spans is broken: {0}")]
    List(#[from] ListError),
}

/// A stack was not taken back. The pool is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FreeError {
    /// Go's "freeing stack not in a stack span".
    #[error("freeing stack not in a stack span: {0}")]
    NotAStack(Addr),
    /// The address lies inside a stack.
    #[error("freeing {address}, which lies inside the stack at {stack}")]
    Interior {
        /// What was to be freed.
        address: Addr,
        /// The stack's lowest address.
        stack: Addr,
    },
    /// The stack is free already.
    #[error("stack at {0} freed twice")]
    Twice(Addr),
    /// The stack has another size.
    #[error("bad stack size: {given} bytes given for the stack at {address}, which has {actual}")]
    Size {
        /// The stack.
        address: Addr,
        /// The size that the caller gave.
        given: ByteCount,
        /// The size that it has.
        actual: ByteCount,
    },
    /// A list of stack spans is not what the pool left: memory was overwritten.
    #[error("list of stack spans is broken: {0}")]
    List(#[from] ListError),
}

/// A guard page could not be made or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GuardError {
    /// The system has no guard pages.
    #[error("guard pages are not supported by this system")]
    Unsupported,
    /// Each guard by protection splits a mapping, and a process has a limited number of them.
    #[error(
        "guard page at {address} refused with {guards} in place: the process has too many mappings \
         (raise vm.max_map_count, or use Linux 6.13 or later, whose guards do not split mappings)"
    )]
    MappingLimit {
        /// The page.
        address: Addr,
        /// How many guards by protection this pool has.
        guards: usize,
    },
    /// The system refused for another reason.
    #[error("guard page at {address} refused: {reason}")]
    Refused {
        /// The page.
        address: Addr,
        /// Why.
        reason: Reason,
    },
}
