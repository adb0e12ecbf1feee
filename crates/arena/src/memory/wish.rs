//! What is wished for memory that is there: huge pages, other addresses.
//!
//! Accounts and states stay as they are.
#![expect(unsafe_code, reason = "passes on calls whose duties are the caller's")]
use super::{Memory, refused};
use crate::{Advice, ByteCount, Call, Os, OsError, Reason};
use core::ptr::NonNull;

impl<O: Os> Memory<O> {
    /// Wishes huge pages or none. [`Advice::HugePages`] is given for the huge pages inside the range
    /// (Go `sysHugePage`) and for nothing if there is none; the others for whole system pages.
    ///
    /// # Errors
    ///
    /// [`Reason::Unaligned`] for others than `HugePages` (Go's "unaligned sysNoHugePageOS"). What
    /// the system refuses is no error.
    ///
    /// # Safety
    ///
    /// The caller owns the range.
    pub unsafe fn advise(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        advice: Advice,
    ) -> Result<(), OsError> {
        let (start, length) = (at.addr().get(), bytes.get());
        if advice == Advice::HugePages {
            let huge = self.huge_page_size().get();
            if huge == 0 {
                return Ok(());
            }
            let head = start.wrapping_neg() & (huge - 1);
            let inner = length.saturating_sub(head) & !(huge - 1);
            if inner != 0 {
                // SAFETY: `head + inner <= length`.
                let at = unsafe { at.add(head) };
                // SAFETY: the caller's duty is the call's.
                unsafe { self.os().advise(at, ByteCount::new(inner), advice) };
            }
            return Ok(());
        }
        if (start | length) & (self.page_size().get() - 1) != 0 {
            return Err(refused(Call::Advise, at, bytes)(Reason::Unaligned));
        }
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os().advise(at, bytes, advice) };
        Ok(())
    }

    /// Moves the pages of one range to another without copying, for blocks so large that copying
    /// is slow. What `from` reads as afterwards is undefined.
    ///
    /// # Errors
    ///
    /// [`Reason::Unsupported`] if the system cannot: the caller copies. Nothing changed.
    ///
    /// # Safety
    ///
    /// The caller owns both ranges; they are whole system pages, Prepared or Ready, and disjoint;
    /// nothing refers to the content of `to`.
    pub unsafe fn remap(
        &self,
        from: NonNull<u8>,
        to: NonNull<u8>,
        bytes: ByteCount,
    ) -> Result<(), OsError> {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os().remap(from, to, bytes) }.map_err(refused(Call::Remap, from, bytes))
    }
}
