//! What only layouts ask of the boundary: tables, and the closing of accounts when they go.
//!
//! The counters are [`Memory`]'s.
#![expect(unsafe_code, reason = "passes on calls whose duties are the caller's")]
use super::{Memory, add, refused, sub};
use crate::{Addr, ByteCount, Call, Category, Os, OsError};
use core::ptr::NonNull;
use sync::atomic::Ordering;

impl<O: Os> Memory<O> {
    /// None → Reserved at a multiple of `align`, if the system has a way of its own.
    pub(crate) fn reserve_aligned(
        &self,
        bytes: ByteCount,
        align: ByteCount,
    ) -> Option<Result<NonNull<u8>, OsError>> {
        let refused = |reason| OsError {
            call: Call::Reserve,
            reason,
            address: Addr::NULL,
            bytes,
        };
        let answer = self.os.reserve_aligned(bytes, align)?;
        if answer.is_ok() {
            add(&self.reserved, bytes);
        }
        Some(answer.map_err(refused))
    }

    /// Frees a reservation whatever parts of it are mapped, without accounting: for a layout that
    /// goes, and which calls [`Memory::close`] afterwards. False if the system refused.
    ///
    /// # Safety
    ///
    /// The caller owns the range, and nothing refers to it.
    pub(crate) unsafe fn forget(&self, at: NonNull<u8>, bytes: ByteCount) -> bool {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.free(at, bytes) }.is_ok()
    }

    /// [`Memory::map`] for metadata, which is written at once and so counts as Ready.
    ///
    /// # Errors
    ///
    /// As [`Memory::map`].
    ///
    /// # Safety
    ///
    /// As [`Memory::map`].
    pub(crate) unsafe fn map_ready(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        category: Category,
    ) -> Result<(), OsError> {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.map(at, bytes, category) }?;
        add(&self.ready, bytes);
        Ok(())
    }

    /// Gives a reservation back of which the first `mapped` bytes are Ready.
    ///
    /// # Errors
    ///
    /// What the system answers; the range is as it was.
    ///
    /// # Safety
    ///
    /// The caller owns the range, its states are as said, and nothing refers to it.
    pub(crate) unsafe fn free_partly_mapped(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        mapped: ByteCount,
        category: Category,
    ) -> Result<(), OsError> {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.free(at, bytes) }.map_err(refused(Call::Free, at, bytes))?;
        sub(&self.mapped[category as usize], mapped);
        sub(&self.ready, mapped);
        sub(&self.reserved, bytes.saturating_sub(mapped));
        Ok(())
    }

    /// Accounts for a table in what [`Memory::forget`] freed.
    pub(crate) fn close_table(&self, bytes: ByteCount, category: Category) {
        sub(&self.mapped[category as usize], bytes);
        sub(&self.ready, bytes);
    }

    /// Accounts for what [`Memory::forget`] freed: pages that were handed out, whoever has them on
    /// his account by now, and address space that was still Reserved.
    pub(crate) fn close(&self, grown: ByteCount, reserved: ByteCount) {
        let stacks = &self.mapped[Category::Stack as usize];
        let stacks = ByteCount::new(stacks.swap(0, Ordering::Relaxed));
        sub(
            &self.mapped[Category::Heap as usize],
            grown.saturating_sub(stacks),
        );
        sub(&self.reserved, reserved);
        // What is not the layout's was metadata, always Ready; the rest was pages of the heap.
        let metadata = self.usage().total();
        self.ready.store(metadata.get(), Ordering::Relaxed);
    }
}
