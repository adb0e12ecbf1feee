//! Blocks of one type, freed to that type and to nothing else.
//!
//! Belongs to one owner, whose lock (if there is one) protects it. After Go 1.16 `fixalloc`, with
//! one departure: Go threads its free list through the first word of freed blocks. Here freed
//! blocks stand in a side array, so a freed block stays a valid `T` that stale readers may look
//! at, and its content (a generation, say) survives reuse.
//!
//! ```text
//!     chunk: │ Segment │ pointers, one per block │ block │ block │ ···
//!     freed blocks: a stack over the pointer arrays of all segments, oldest segment first
//! ```
#![expect(unsafe_code, reason = "carves blocks out of mapped chunks")]
use crate::{ByteCount, Category, Memory, Os, OsError, Persistent, limits};
use core::ptr::{self, NonNull};

/// What a block that was freed holds when it is handed out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// Zero bytes (Go `zero = true`).
    Zeroed,
    /// What it held when it was freed (Go's spans, whose sweep generation must survive).
    Preserved,
}

/// Head of a chunk; `capacity` block pointers follow, then as many blocks.
struct Segment<T> {
    older: *mut Segment<T>,
    newer: *mut Segment<T>,
    capacity: usize,
    stack: *mut *mut T,
}

/// Blocks for values of one type: headers, records, hints.
///
/// # Invariants
///
/// * I1: segments form a chain; each has a pointer array with one place per block of its chunk.
/// * I2: `fresh` blocks from `next` on, in the newest chunk, were never handed out.
/// * I3: the freed blocks are the first `top` pointers of `segment` and all pointers of the older
///   ones; newer arrays are empty. There are never more freed blocks than places.
#[derive(Debug)]
pub struct Fixed<T> {
    persistent: Persistent,
    first: unsafe fn(*mut T),
    category: Category,
    reuse: Reuse,
    next: *mut T,
    fresh: usize,
    newest: *mut Segment<T>,
    segment: *mut Segment<T>,
    top: usize,
    in_use: usize,
}

// SAFETY: it owns its blocks, and nothing of it is bound to a thread; it hands out raw memory and
// never touches a value by itself, except to zero it.
unsafe impl<T> Send for Fixed<T> {}

impl<T> Fixed<T> {
    /// How many blocks a chunk of 16 KiB holds.
    const BLOCKS: usize = {
        assert!(size_of::<T>() > 0, "use of a fixed allocator of size 0");
        assert!(
            size_of::<T>() <= 16 << 10,
            "fixed allocator: size too large"
        );
        assert!(align_of::<T>() <= 4096, "fixed allocator: align too large");
        let room = limits::FIXED_CHUNK_BYTES - size_of::<Segment<T>>();
        let room = room.saturating_sub(align_of::<T>());
        let blocks = room / (size_of::<T>() + size_of::<*mut T>());
        if blocks == 0 { 1 } else { blocks }
    };

    /// Offset of the first block of a chunk.
    const BLOCKS_OFFSET: usize = {
        let head = size_of::<Segment<T>>() + Self::BLOCKS * size_of::<*mut T>();
        head.next_multiple_of(align_of::<T>())
    };

    /// Alignment of a chunk.
    const ALIGN: usize = {
        let head = align_of::<Segment<T>>();
        if align_of::<T>() > head {
            align_of::<T>()
        } else {
            head
        }
    };

    /// An allocator that holds nothing. `first` constructs a value in zeroed memory; it runs once
    /// for each block, when it is handed out for the first time.
    #[must_use]
    pub const fn new(category: Category, reuse: Reuse, first: unsafe fn(*mut T)) -> Self {
        Self {
            persistent: Persistent::new(),
            first,
            category,
            reuse,
            next: ptr::null_mut(),
            fresh: 0,
            newest: ptr::null_mut(),
            segment: ptr::null_mut(),
            top: 0,
            in_use: 0,
        }
    }

    /// A block: the one that was freed last, or a fresh one. O(1).
    ///
    /// # Errors
    ///
    /// What the system answers; nothing changed.
    pub fn alloc<O: Os>(&mut self, memory: &Memory<O>) -> Result<NonNull<T>, OsError> {
        if let Some(block) = self.pop() {
            if self.reuse == Reuse::Zeroed {
                // SAFETY: a freed block is nobody's, and it has the size of a `T`.
                unsafe { block.write_bytes(0, 1) };
            }
            self.in_use += 1;
            return Ok(block);
        }
        if self.fresh == 0 {
            self.add_chunk(memory)?;
        }
        let Some(block) = NonNull::new(self.next) else {
            unreachable!("a fresh block is never at address 0 (I2)");
        };
        // SAFETY: `fresh > 0`, so the next block is inside the chunk or at its end (I2).
        self.next = unsafe { self.next.add(1) };
        self.fresh -= 1;
        // SAFETY: the block is fresh, zeroed and properly aligned memory of the size of a `T`.
        unsafe { (self.first)(block.as_ptr()) };
        self.in_use += 1;
        Ok(block)
    }

    /// Takes a block back. O(1).
    ///
    /// # Safety
    ///
    /// `block` came from this allocator's `alloc` and was not freed since; with [`Reuse::Zeroed`]
    /// nothing refers to it.
    pub unsafe fn free(&mut self, block: NonNull<T>) {
        // SAFETY: a block was handed out, so there is a segment (I1), and I3 leaves a place.
        let capacity = unsafe { (*self.segment).capacity };
        if self.top == capacity {
            // SAFETY: as above: this array is full, so a newer one has a place (I3).
            self.segment = unsafe { (*self.segment).newer };
            self.top = 0;
        }
        // SAFETY: as above.
        let stack = unsafe { (*self.segment).stack };
        // SAFETY: `top < capacity` of this segment's array (I1).
        let place = unsafe { stack.add(self.top) };
        // SAFETY: inside the array.
        unsafe { place.write(block.as_ptr()) };
        self.top += 1;
        self.in_use -= 1;
    }

    /// How many blocks are handed out.
    #[must_use]
    pub const fn in_use(&self) -> usize {
        self.in_use
    }

    /// Unmaps every block. Values are not dropped.
    ///
    /// # Safety
    ///
    /// `memory` is the one that every `alloc` got, and nothing refers to any block.
    pub unsafe fn release<O: Os>(&mut self, memory: &Memory<O>) {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.persistent.release(memory) };
        (self.next, self.fresh, self.top, self.in_use) = (ptr::null_mut(), 0, 0, 0);
        (self.newest, self.segment) = (ptr::null_mut(), ptr::null_mut());
    }

    fn pop(&mut self) -> Option<NonNull<T>> {
        if self.segment.is_null() {
            return None;
        }
        if self.top == 0 {
            // SAFETY: segments live as long as the allocator (I1).
            let older = unsafe { (*self.segment).older };
            if older.is_null() {
                return None;
            }
            self.segment = older;
            // SAFETY: as above; older arrays are full (I3).
            self.top = unsafe { (*older).capacity };
        }
        self.top -= 1;
        // SAFETY: segments live as long as the allocator (I1).
        let stack = unsafe { (*self.segment).stack };
        // SAFETY: `top` is below the number of pointers in this array (I3).
        let place = unsafe { stack.add(self.top) };
        // SAFETY: it was written by `free` (I3).
        NonNull::new(unsafe { place.read() })
    }

    fn add_chunk<O: Os>(&mut self, memory: &Memory<O>) -> Result<(), OsError> {
        let bytes = Self::BLOCKS_OFFSET + Self::BLOCKS * size_of::<T>();
        let (bytes, align) = (ByteCount::new(bytes), ByteCount::new(Self::ALIGN));
        let chunk = self.persistent.alloc(memory, bytes, align, self.category)?;
        let head = chunk.cast::<Segment<T>>().as_ptr();
        // SAFETY: the head is inside the chunk.
        let stack = unsafe { head.add(1) };
        // SAFETY: the blocks are inside the chunk, at a multiple of their alignment from an
        // address that is one.
        let blocks = unsafe { chunk.add(Self::BLOCKS_OFFSET) };
        let segment = Segment {
            older: self.newest,
            newer: ptr::null_mut(),
            capacity: Self::BLOCKS,
            stack: stack.cast(),
        };
        // SAFETY: the chunk is fresh and aligned for its head.
        unsafe { head.write(segment) };
        if self.newest.is_null() {
            self.segment = head;
        } else {
            // SAFETY: segments live as long as the allocator (I1).
            unsafe { (*self.newest).newer = head };
        }
        self.newest = head;
        self.next = blocks.cast().as_ptr();
        self.fresh = Self::BLOCKS;
        Ok(())
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
