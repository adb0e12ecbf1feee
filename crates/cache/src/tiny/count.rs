//! How many shares of one block are out.
//!
//! Read and written by every thread that has a share: the owner that combines, and whoever frees.
//!
//! | step | ordering | partner |
//! |---|---|---|
//! | `open` | Relaxed | none: the block is the caller's alone, and reaches others by their own means |
//! | `add` | Relaxed | none: the caller has a share, so the count can't end meanwhile |
//! | `release` | Release, and Acquire by the last | each other: what was done to the block before any share was given up is done before the slot goes back |
use sync::atomic::{AtomicU8, Ordering};

/// The count of one block; all zeros is a count without shares. At most 17: 16 objects of one byte
/// and the owner's.
#[derive(Debug)]
#[repr(transparent)]
pub(super) struct Count(AtomicU8);

/// What giving up a share came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Released {
    /// Others have shares.
    Shared,
    /// It was the last: the block is the caller's.
    Last,
    /// There was no share to give up.
    NotShared,
}

impl Count {
    /// First shares of a block that is the caller's alone.
    pub(super) fn open(&self, shares: u8) {
        self.0.store(shares, Ordering::Relaxed);
    }

    /// One more share, by somebody who has one.
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Gives a share up.
    pub(super) fn release(&self) -> Released {
        let less = |shares: u8| shares.checked_sub(1);
        // AcqRel: see the table above (model: `models.rs`).
        match self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, less)
        {
            Ok(1) => Released::Last,
            Ok(_) => Released::Shared,
            Err(_) => Released::NotShared,
        }
    }
}

#[cfg(all(test, gomalloc_loom))]
#[path = "models.rs"]
mod models;
