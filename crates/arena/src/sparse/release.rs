//! The end of a sparse layout: everything that it holds goes back to the system.
//!
//! Runs with exclusive access.
#![expect(unsafe_code, reason = "unmaps everything")]
use super::left::Left;
use super::{Inner, Sparse};
use crate::{ByteCount, Memory, Os, Platform, Usage};
use core::{mem, ptr};

impl<O: Os, P: Platform> Sparse<O, P> {
    /// Unmaps everything that the layout holds and says what the accounts hold then: zero, unless
    /// the system refused, or metadata that others allocated over
    /// [`AddressSpace::memory`](crate::AddressSpace::memory) is still there.
    ///
    /// # Safety
    ///
    /// Nothing refers to any page, entry or metadata, and nothing but `drop` follows.
    pub unsafe fn release(&mut self) -> Usage {
        self.lookup.flat.close();
        // SAFETY: the caller's duty is the call's.
        unsafe { self.inner.get_mut().release(&self.memory) };
        self.memory.usage()
    }
}

impl Inner {
    /// # Safety
    ///
    /// As [`Sparse::release`].
    unsafe fn release<O: Os>(&mut self, memory: &Memory<O>) {
        // A system that refuses to unmap may agree once strays and metadata are gone.
        for _ in 0..2 {
            self.strays.retry(memory);
            // SAFETY: the caller's duty is the call's.
            unsafe { self.release_reservations(memory) };
        }
        if !self.reservations.is_null() || self.linear_arenas.is_some() {
            // The records are still needed to tell what is held; so it stays held.
            return;
        }
        self.left = Left::new();
        let grown = mem::take(&mut self.grown);
        let reserved = mem::take(&mut self.freed) - grown;
        memory.close(ByteCount::new(grown), ByteCount::new(reserved));
        self.spare = ptr::null_mut();
        for _ in 0..2 {
            // SAFETY: the caller says that nothing refers to tags.
            unsafe { self.tags.release(memory) };
            if let Some(linear) = &mut self.linear_metadata {
                // SAFETY: the caller says that nothing refers to metadata.
                if unsafe { linear.release(memory) }.is_ok() {
                    self.linear_metadata = None;
                }
            }
            // SAFETY: the caller says that nothing refers to tables and metadata.
            unsafe { self.persistent.release(memory) };
        }
    }

    /// # Safety
    ///
    /// As [`Sparse::release`].
    unsafe fn release_reservations<O: Os>(&mut self, memory: &Memory<O>) {
        let mut refused = ptr::null_mut();
        let mut next = self.reservations;
        while let Some(mut record) = ptr::NonNull::new(next) {
            // SAFETY: records lie in persistent memory, which goes after them.
            let reservation = unsafe { record.as_mut() };
            next = reservation.next;
            // SAFETY: ours (I2), and the caller says that nothing refers to it.
            if unsafe { memory.forget(reservation.base, reservation.bytes) } {
                self.freed += reservation.bytes.get();
            } else {
                reservation.next = refused;
                refused = record.as_ptr();
            }
        }
        self.reservations = refused;
        if let Some(linear) = &self.linear_arenas {
            let (base, bytes) = linear.reservation();
            // SAFETY: as above.
            if unsafe { memory.forget(base, bytes) } {
                self.freed += bytes.get();
                self.linear_arenas = None;
            }
        }
    }
}

impl<O: Os, P: Platform> Drop for Sparse<O, P> {
    fn drop(&mut self) {
        // SAFETY: entries and pages live as long as the layout (trait contract).
        unsafe { self.release() };
    }
}
