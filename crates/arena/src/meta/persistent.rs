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
#[derive(Clone, Copy, Debug)]
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
/// * I2: the `left` bytes from `next` on are in the newest chunk, not handed out, and zero.
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

    /// Unmaps everything that is held. What the system refuses to take back stays on the accounts,
    /// and is tried again by the next `release`.
    ///
    /// # Safety
    ///
    /// `memory` is the one that every `alloc` got, and nothing refers to what they returned.
    pub unsafe fn release<O: Os>(&mut self, memory: &Memory<O>) {
        for category in Category::ALL {
            let bytes = mem::take(&mut self.charged[category as usize]);
            memory.transfer(ByteCount::new(bytes), category, Category::Other);
        }
        (self.next, self.left) = (ptr::null_mut(), 0);
        // Records of large blocks lie in chunks, so those mappings go first.
        // SAFETY: I1, and the caller gives everything up.
        if unsafe { self.release_kind(memory, Kind::Large) } {
            // SAFETY: as above, and no record is left but the chunks' own.
            unsafe { self.release_kind(memory, Kind::Chunk) };
        }
    }

    /// Unmaps holdings of one kind and leaves the others, and those that the system refuses, in the
    /// chain. True if it refused none.
    ///
    /// # Safety
    ///
    /// As [`Persistent::release`]; before chunks are released, nothing but chunks is in the chain.
    unsafe fn release_kind<O: Os>(&mut self, memory: &Memory<O>, kind: Kind) -> bool {
        let (mut next, mut kept, mut all) = (mem::take(&mut self.holdings), ptr::null_mut(), true);
        while let Some(record) = NonNull::new(next) {
            // SAFETY: I1 — a record lies in a chunk that is still mapped.
            let holding = unsafe { record.read() };
            next = holding.next;
            if holding.kind == kind {
                // SAFETY: I1, and the caller's duty.
                let freed = unsafe { memory.free(holding.at, holding.bytes, holding.category) };
                if freed.is_ok() {
                    continue;
                }
                all = false;
            }
            // SAFETY: as above; a refused chunk is still mapped.
            unsafe {
                record.write(Holding {
                    next: kept,
                    ..holding
                })
            };
            kept = record.as_ptr();
        }
        self.holdings = kept;
        all
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
