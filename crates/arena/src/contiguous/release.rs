//! The end of a contiguous layout: everything that it holds goes back to the system.
//!
//! Runs with exclusive access.
#![expect(unsafe_code, reason = "unmaps everything")]
use super::{Contiguous, Inner};
use crate::{ByteCount, Memory, Os, Platform, Usage};
use core::mem;
use sync::atomic::Ordering;

impl<O: Os, P: Platform> Contiguous<O, P> {
    /// Unmaps everything that the layout holds and says what the accounts hold then: zero, unless
    /// the system refused, or metadata that others allocated over
    /// [`AddressSpace::memory`](crate::AddressSpace::memory) is still there.
    ///
    /// # Safety
    ///
    /// Nothing refers to any page, entry or metadata, and nothing but `drop` follows.
    pub unsafe fn release(&mut self) -> Usage {
        self.used.store(0, Ordering::Relaxed);
        self.bitmap_mapped.store(0, Ordering::Relaxed);
        // SAFETY: the caller's duty is the call's.
        unsafe { self.inner.get_mut().release(&self.memory) };
        self.memory.usage()
    }
}

impl Inner {
    /// # Safety
    ///
    /// As [`Contiguous::release`].
    unsafe fn release<O: Os>(&mut self, memory: &Memory<O>) {
        // A system that refuses once may agree when the rest is gone.
        // SAFETY: the caller's duty is the call's.
        let freed = unsafe { self.ground.release(memory) };
        // SAFETY: as above.
        let freed = freed.or_else(|| unsafe { self.ground.release(memory) });
        let Some(freed) = freed else {
            // The records are still needed to tell what is held.
            return;
        };
        let mut mapped = mem::take(&mut self.grown);
        let grown = mapped;
        for table in [&mut self.spans, &mut self.tags, &mut self.bitmap] {
            let (bytes, category) = table.forget();
            memory.close_table(bytes, category);
            mapped += bytes.get();
        }
        memory.close(ByteCount::new(grown), ByteCount::new(freed - mapped));
        for _ in 0..2 {
            // SAFETY: nothing refers to the records any more.
            unsafe { self.ground.forget_records(memory) };
        }
    }
}

impl<O: Os, P: Platform> Drop for Contiguous<O, P> {
    fn drop(&mut self) {
        // SAFETY: entries and pages live as long as the layout (trait contract).
        unsafe { self.release() };
    }
}
