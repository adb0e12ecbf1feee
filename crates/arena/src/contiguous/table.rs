//! A table beside the arena that is mapped as far as the arena is used: spans, tags, bitmap.
//!
//! Belongs to the layout's [`Inner`](super::Inner), under its lock; readers use what is mapped
//! after `used` (or the bitmap's own mark) has been published. After Go 1.10 `mapSpans`, `mapBits`.
#![expect(unsafe_code, reason = "maps memory")]
use super::ground::{Account, Ground, Hold};
use crate::{ByteCount, Category, Memory, Os, OsError};
use core::ptr::NonNull;

/// To which side a table grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grows {
    Up,
    Down,
}

/// # Invariants
///
/// * I1: `mapped` bytes from `origin` on (in its direction) are mapped, a multiple of the system's
///   page; as many more as were planned are held as `hold` says.
#[derive(Debug)]
pub(super) struct Table {
    origin: NonNull<u8>,
    grows: Grows,
    hold: Hold,
    category: Category,
    mapped: usize,
}

impl Table {
    pub(super) const fn new(
        origin: NonNull<u8>,
        grows: Grows,
        hold: Hold,
        category: Category,
    ) -> Self {
        Self {
            origin,
            grows,
            hold,
            category,
            mapped: 0,
        }
    }

    /// Bytes that are mapped.
    pub(super) fn mapped(&self) -> ByteCount {
        ByteCount::new(self.mapped)
    }

    /// Nothing is mapped any more; what was, and whose.
    pub(super) fn forget(&mut self) -> (ByteCount, Category) {
        (
            ByteCount::new(core::mem::take(&mut self.mapped)),
            self.category,
        )
    }

    /// Maps what is missing of the first `bytes` bytes, rounded up to system pages. Returns where
    /// the fresh part begins and how long it is.
    pub(super) fn map_to<O: Os>(
        &mut self,
        memory: &Memory<O>,
        ground: &mut Ground,
        bytes: usize,
    ) -> Result<Option<(NonNull<u8>, usize)>, OsError> {
        let bytes = bytes.next_multiple_of(memory.page_size().get());
        if bytes <= self.mapped {
            return Ok(None);
        }
        let fresh = ByteCount::new(bytes - self.mapped);
        let origin = self.origin.as_ptr();
        let at = match self.grows {
            Grows::Up => origin.wrapping_add(self.mapped),
            Grows::Down => origin.wrapping_sub(bytes),
        };
        // SAFETY: the table is inside the block, which is not at address 0.
        let at = unsafe { NonNull::new_unchecked(at) };
        let account = Account::Table(self.category);
        // SAFETY: I1 — this part is the table's, and not mapped yet.
        let at = unsafe { ground.map(memory, self.hold, at, fresh, account) }?;
        if self.hold == Hold::Believed {
            // Readers reach it through an address that was only believed to be free.
            at.as_ptr().expose_provenance();
        }
        self.mapped = bytes;
        Ok(Some((at, fresh.get())))
    }
}
