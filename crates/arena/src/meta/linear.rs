//! Memory handed out from the front of one reservation, and never taken back.
//!
//! Belongs to the sparse layout, under its lock. After Go 1.20 `linearAlloc`: one maps as it goes
//! (metadata), another only hands out address space (the first arenas of 32-bit systems).
#![expect(unsafe_code, reason = "maps its reservation and moves inside it")]
use crate::{Addr, ByteCount, Category, Memory, Os, OsError};
use core::ptr::NonNull;

/// What becomes of the memory that is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backed {
    /// It is mapped and accounted.
    Mapped(Category),
    /// It stays Reserved.
    Reserved,
}

/// # Invariants
///
/// * I1: `base..base + bytes` is one reservation of ours; `next <= bytes`.
/// * I2: if it maps, `0..mapped` is mapped (whole system pages), and `next <= mapped` after every
///   successful call.
#[derive(Debug)]
pub(crate) struct Linear {
    base: NonNull<u8>,
    bytes: usize,
    next: usize,
    mapped: usize,
    backed: Backed,
}

impl Linear {
    /// Hands out a reservation. Go drops the last byte of one that ends with the numbers; here a
    /// reservation is a number of bytes, which cannot wrap.
    pub(crate) const fn new(base: NonNull<u8>, bytes: ByteCount, backed: Backed) -> Self {
        Self {
            base,
            bytes: bytes.get(),
            next: 0,
            mapped: 0,
            backed,
        }
    }

    /// First address and length of the reservation.
    pub(crate) fn reservation(&self) -> (NonNull<u8>, ByteCount) {
        (self.base, ByteCount::new(self.bytes))
    }

    /// The next `bytes` at a multiple of `align`; `None`, with nothing changed, when there is no
    /// such room.
    ///
    /// # Errors
    ///
    /// What the system answers to the mapping; nothing changed.
    pub(crate) fn alloc<O: Os>(
        &mut self,
        memory: &Memory<O>,
        bytes: ByteCount,
        align: ByteCount,
    ) -> Result<Option<NonNull<u8>>, OsError> {
        let Some((start, end)) = self.place(bytes, align) else {
            return Ok(None);
        };
        // Go rounds `next - 1`, which forgets a last byte that is alone on its page.
        let mapped = ByteCount::new(end).align_up(memory.page_size());
        let mapped = mapped.map_or(self.bytes, ByteCount::get).min(self.bytes);
        if let (Backed::Mapped(category), true) = (self.backed, mapped > self.mapped) {
            // SAFETY: I1, I2 — inside the reservation.
            let at = unsafe { self.base.add(self.mapped) };
            let fresh = ByteCount::new(mapped - self.mapped);
            // SAFETY: I1, I2 — ours and Reserved.
            unsafe { memory.map_ready(at, fresh, category) }?;
            self.mapped = mapped;
        }
        self.next = end;
        // SAFETY: I1 — inside the reservation.
        Ok(Some(unsafe { self.base.add(start) }))
    }

    /// Takes back what the last `alloc` returned, when nothing of it was used. It stays mapped.
    pub(crate) fn undo(&mut self, at: NonNull<u8>) {
        self.next = at.addr().get() - self.base.addr().get();
    }

    /// Gives the reservation back.
    ///
    /// # Errors
    ///
    /// What the system answers; nothing changed.
    ///
    /// # Safety
    ///
    /// Nothing refers to anything that was handed out, and nothing is handed out afterwards.
    pub(crate) unsafe fn release<O: Os>(&mut self, memory: &Memory<O>) -> Result<(), OsError> {
        let Backed::Mapped(category) = self.backed else {
            // SAFETY: the caller's duty; I1.
            return unsafe { memory.release(self.base, ByteCount::new(self.bytes)) };
        };
        let (mapped, all) = (ByteCount::new(self.mapped), ByteCount::new(self.bytes));
        // SAFETY: the caller's duty; I1, I2.
        unsafe { memory.free_partly_mapped(self.base, all, mapped, category) }
    }

    /// Offsets of the next place of this size and alignment.
    fn place(&self, bytes: ByteCount, align: ByteCount) -> Option<(usize, usize)> {
        let base = Addr::of(self.base.as_ptr());
        let next = base
            .checked_add(ByteCount::new(self.next))?
            .align_up(align)?;
        let start = next.bytes_above(base)?;
        let end = start.checked_add(bytes)?.get();
        (end <= self.bytes).then_some((start.get(), end))
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
