//! Aligned reservations, and what is left over of reservations that the system would not take back.
//!
//! Belongs to a layout, under its lock. Unmapping fails on real systems when it would split one
//! mapping too many; such ranges are kept here and given back later.
#![expect(unsafe_code, reason = "trims and releases reservations")]
use crate::{Addr, ByteCount, Call, Memory, Os, OsError, Reason};
use core::ptr::NonNull;

/// How many ranges wait at most. Any more stay reserved, and counted, for good.
const PLACES: usize = 16;

/// How often a system that frees no parts is asked for an aligned range before it counts as full
/// (Go `sysReserveAligned` on Windows).
const RETRIES: usize = 100;

/// Ranges that are Reserved, that nobody uses, and that the system has refused to take back.
///
/// # Invariants
///
/// * I1: each range is ours, Reserved and unused.
#[derive(Debug)]
pub(crate) struct Strays {
    ranges: [Option<(NonNull<u8>, ByteCount)>; PLACES],
}

impl Strays {
    pub(crate) const fn new() -> Self {
        Self {
            ranges: [None; PLACES],
        }
    }

    /// Gives a range back, now or later.
    ///
    /// # Safety
    ///
    /// It is the caller's, Reserved, and nothing refers to it.
    pub(crate) unsafe fn release<O: Os>(
        &mut self,
        memory: &Memory<O>,
        at: NonNull<u8>,
        bytes: ByteCount,
    ) {
        // SAFETY: the caller's duty is the call's.
        if unsafe { memory.release(at, bytes) }.is_ok() {
            return;
        }
        if let Some(place) = self.ranges.iter_mut().find(|place| place.is_none()) {
            *place = Some((at, bytes));
        }
    }

    /// None → Reserved, exactly here.
    ///
    /// # Errors
    ///
    /// What the system answers, or [`Reason::Conflict`] if it put the range elsewhere.
    pub(crate) fn reserve_exactly<O: Os>(
        &mut self,
        memory: &Memory<O>,
        addr: Addr,
        bytes: ByteCount,
    ) -> Result<NonNull<u8>, OsError> {
        let at = memory.reserve(Some(addr), bytes)?;
        if Addr::of(at.as_ptr()) == addr {
            return Ok(at);
        }
        // SAFETY: reserved just now.
        unsafe { self.release(memory, at, bytes) };
        Err(OsError {
            call: Call::Reserve,
            reason: Reason::Conflict,
            address: addr,
            bytes,
        })
    }

    /// Tries again to give back what waits.
    pub(crate) fn retry<O: Os>(&mut self, memory: &Memory<O>) {
        for place in &mut self.ranges {
            let Some((at, bytes)) = *place else { continue };
            // SAFETY: I1.
            if unsafe { memory.release(at, bytes) }.is_ok() {
                *place = None;
            }
        }
    }

    /// None → Reserved, near `hint`, aligned: what does not lie on a boundary is trimmed off. If the
    /// system's answer is aligned already, all of it is kept, which is `align` more than asked for
    /// (Go `sysReserveAligned`). Returns what is reserved now.
    pub(crate) fn reserve_aligned<O: Os>(
        &mut self,
        memory: &Memory<O>,
        hint: Option<Addr>,
        bytes: ByteCount,
        align: ByteCount,
    ) -> Result<(NonNull<u8>, ByteCount), OsError> {
        let refused = |reason| OsError {
            call: Call::Reserve,
            reason,
            address: hint.unwrap_or(Addr::NULL),
            bytes,
        };
        if let Some(answer) = memory.reserve_aligned(bytes, align) {
            return answer.map(|at| (at, bytes));
        }
        let all = bytes.checked_add(align);
        let all = all.ok_or(refused(Reason::OutOfMemory))?;
        for _ in 0..RETRIES {
            let at = memory.reserve(hint, all)?;
            let head = at.addr().get().wrapping_neg() & (align.get() - 1);
            if head == 0 {
                return Ok((at, all));
            }
            // SAFETY: `head < align`, so this is inside the reservation.
            let base = unsafe { at.add(head) };
            if memory.os().frees_parts() {
                let head = ByteCount::new(head);
                // SAFETY: `head + bytes < all`, so this is inside the reservation.
                let end = unsafe { base.add(bytes.get()) };
                // SAFETY: ours, Reserved, and not used.
                unsafe { self.release(memory, at, head) };
                // SAFETY: as above.
                unsafe { self.release(memory, end, align.saturating_sub(head)) };
                return Ok((base, bytes));
            }
            // SAFETY: as above.
            unsafe { self.release(memory, at, all) };
            match self.reserve_exactly(memory, Addr::of(base.as_ptr()), bytes) {
                Ok(at) => return Ok((at, bytes)),
                Err(error) if error.reason == Reason::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        Err(refused(Reason::Conflict))
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
