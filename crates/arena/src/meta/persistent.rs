//! Memory that stays until its owner goes: zeroed, any size, any alignment up to 8 KiB.
//!
//! Belongs to one owner, whose lock (if there is one) protects it. After Go 1.16 `persistentalloc`,
//! with one departure: what an allocator holds is known to it and goes back in
//! [`Persistent::release`].
//!
//! ```text
//!     chunk: │ Chunk │ block │ block │ ······ left ······ │      256 KiB, newest first in a chain
//! ```
#![expect(unsafe_code, reason = "carves blocks out of mapped chunks")]
use crate::{ByteCount, Call, Category, Memory, Os, OsError, PAGE_BYTES, Reason, limits};
use core::mem;
use core::ptr::{self, NonNull};

/// Requests of this size and above get a mapping of their own (Go `maxBlock`).
const LARGE_BYTES: usize = limits::PERSISTENT_CHUNK_BYTES / 4;

/// Head of a chunk, and record of a large block (which lies in a chunk and describes a mapping).
#[derive(Debug)]
struct Holding {
    next: *mut Holding,
    at: NonNull<u8>,
    bytes: ByteCount,
    category: Category,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The record is the head of what it describes.
    Chunk,
    /// The record lies in a chunk.
    Large,
}

/// Zeroed metadata memory that is never freed before its owner is.
///
/// # Invariants
///
/// * I1: `holdings` is the chain of every mapping that is held, each record lying in a chunk of the
///   chain; its memory is mapped as [`Memory::alloc`] returned it.
/// * I2: `next..end` is the part of the newest chunk that has not been handed out; it is zero.
/// * I3: `charged` is what was moved from [`Category::Other`] to each category.
#[derive(Debug)]
pub struct Persistent {
    holdings: *mut Holding,
    next: *mut u8,
    left: usize,
    charged: [usize; Category::ALL.len()],
}

// SAFETY: it owns its mappings (I1), and nothing of it is bound to a thread.
unsafe impl Send for Persistent {}

impl Persistent {
    /// An allocator that holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            holdings: ptr::null_mut(),
            next: ptr::null_mut(),
            left: 0,
            charged: [0; Category::ALL.len()],
        }
    }

    /// Zeroed memory of this size and alignment, accounted to `category`. O(1).
    ///
    /// An alignment above 8 KiB or above the system's page, or one that is no power of two, is
    /// refused as [`Reason::Unaligned`], a size of 0 as [`Reason::Unsupported`] (Go throws).
    ///
    /// # Errors
    ///
    /// What the system answers; nothing changed.
    pub fn alloc<O: Os>(
        &mut self,
        memory: &Memory<O>,
        bytes: ByteCount,
        align: ByteCount,
        category: Category,
    ) -> Result<NonNull<u8>, OsError> {
        if bytes.is_zero() {
            return Err(refused(Reason::Unsupported, bytes));
        }
        if !align.get().is_power_of_two() || align.get() > PAGE_BYTES.min(memory.page_size().get())
        {
            return Err(refused(Reason::Unaligned, bytes));
        }
        if bytes.get() >= LARGE_BYTES {
            return self.alloc_large(memory, bytes, category);
        }
        let at = self.carve(memory, bytes.get(), align.get())?;
        memory.transfer(bytes, Category::Other, category);
        self.charged[category as usize] += bytes.get();
        Ok(at)
    }

    /// Memory for a value, zeroed: see [`Persistent::alloc`].
    ///
    /// # Errors
    ///
    /// As [`Persistent::alloc`].
    pub fn alloc_for<T, O: Os>(
        &mut self,
        memory: &Memory<O>,
        category: Category,
    ) -> Result<NonNull<T>, OsError> {
        let bytes = ByteCount::new(size_of::<T>());
        let align = ByteCount::new(align_of::<T>());
        Ok(self.alloc(memory, bytes, align, category)?.cast())
    }

    /// Unmaps everything that is held.
    ///
    /// # Safety
    ///
    /// `memory` is the one that every `alloc` got, and nothing refers to what they returned.
    pub unsafe fn release<O: Os>(&mut self, memory: &Memory<O>) {
        for category in Category::ALL {
            let bytes = mem::take(&mut self.charged[category as usize]);
            memory.transfer(ByteCount::new(bytes), category, Category::Other);
        }
        // Records of large blocks lie in chunks, so those mappings go first.
        // SAFETY: I1, and the caller gives everything up.
        unsafe { self.release_kind(memory, Kind::Large) };
        // SAFETY: I1, and the caller gives everything up.
        unsafe { self.release_kind(memory, Kind::Chunk) };
        *self = Self::new();
    }

    /// # Safety
    ///
    /// As [`Persistent::release`]; chunks go last.
    unsafe fn release_kind<O: Os>(&self, memory: &Memory<O>, kind: Kind) {
        let mut at = self.holdings;
        while !at.is_null() {
            // SAFETY: I1 — a record lies in the chunk that was the newest when it was made, so the
            // chain passes it before that chunk.
            let holding = unsafe { at.read() };
            if holding.kind == kind {
                // A refusal (too many mappings) leaves memory mapped that nobody uses; there is
                // nothing better to do with it.
                // SAFETY: I1, and the caller's duty.
                let _ = unsafe { memory.free(holding.at, holding.bytes, holding.category) };
            }
            at = holding.next;
        }
    }

    /// The next `bytes` of the newest chunk, or of a fresh one.
    fn carve<O: Os>(
        &mut self,
        memory: &Memory<O>,
        bytes: usize,
        align: usize,
    ) -> Result<NonNull<u8>, OsError> {
        let mut gap = gap_below(self.next, align);
        if gap + bytes > self.left {
            self.add_chunk(memory)?;
            gap = gap_below(self.next, align);
        }
        // SAFETY: `gap + bytes <= left`, inside the newest chunk (I2): a fresh one has room for less
        // than a quarter of it, a gap below 8 KiB, and a head.
        let at = unsafe { self.next.add(gap) };
        // SAFETY: as above.
        self.next = unsafe { at.add(bytes) };
        self.left -= gap + bytes;
        NonNull::new(at).ok_or(refused(Reason::Conflict, ByteCount::new(bytes)))
    }

    /// A fresh chunk; the tail of the old one is wasted, as in Go.
    fn add_chunk<O: Os>(&mut self, memory: &Memory<O>) -> Result<(), OsError> {
        let bytes = limits::PERSISTENT_CHUNK_BYTES.max(memory.page_size().get());
        let chunk = memory.alloc(ByteCount::new(bytes), Category::Other)?;
        let head = chunk.cast::<Holding>();
        let holding = Holding {
            next: self.holdings,
            at: chunk,
            bytes: ByteCount::new(bytes),
            category: Category::Other,
            kind: Kind::Chunk,
        };
        // SAFETY: the chunk is fresh, page-aligned and larger than its head.
        unsafe { head.write(holding) };
        self.holdings = head.as_ptr();
        // SAFETY: the head is inside the chunk.
        self.next = unsafe { head.add(1) }.cast().as_ptr();
        self.left = bytes - size_of::<Holding>();
        Ok(())
    }

    fn alloc_large<O: Os>(
        &mut self,
        memory: &Memory<O>,
        bytes: ByteCount,
        category: Category,
    ) -> Result<NonNull<u8>, OsError> {
        let record = self.carve(memory, size_of::<Holding>(), align_of::<Holding>())?;
        let record = record.cast::<Holding>();
        let at = match memory.alloc(bytes, category) {
            Ok(at) => at,
            Err(error) => {
                // The record was the last thing carved: put it back, so that I2 holds and nothing
                // is lost.
                self.next = record.as_ptr().cast();
                self.left += size_of::<Holding>();
                return Err(error);
            }
        };
        let holding = Holding {
            next: self.holdings,
            at,
            bytes,
            category,
            kind: Kind::Large,
        };
        // SAFETY: the record was carved for it above.
        unsafe { record.write(holding) };
        self.holdings = record.as_ptr();
        Ok(at)
    }
}

impl Default for Persistent {
    fn default() -> Self {
        Self::new()
    }
}

/// Bytes from `at` to the next multiple of `align`.
fn gap_below(at: *mut u8, align: usize) -> usize {
    at.addr().wrapping_neg() & (align - 1)
}

fn refused(reason: Reason, bytes: ByteCount) -> OsError {
    OsError {
        call: Call::Alloc,
        reason,
        address: crate::Addr::NULL,
        bytes,
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
