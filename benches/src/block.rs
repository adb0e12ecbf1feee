//! A block of memory of any size, aligned to 8 bytes, as a program asks for one.
//!
//! Owned by one thread at a time; handing it to another is a move.
#![expect(
    unsafe_code,
    reason = "calls the global allocator without a type in between"
)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// An allocation whose first and last byte have been written.
#[derive(Debug)]
pub struct Block {
    /// I1: allocated with `Block::layout(size)` and not freed.
    pointer: NonNull<u8>,
    size: usize,
}

// SAFETY: the memory belongs to this value alone (I1), and an allocator frees from any thread.
unsafe impl Send for Block {}

impl Block {
    /// Allocates `size` bytes, which is not zero.
    ///
    /// Writes the first and the last byte, since nobody allocates what he does not use; more
    /// would measure memory and not the allocator.
    ///
    /// # Panics
    /// If `size` is zero or above `isize::MAX` − 7.
    #[inline]
    #[must_use]
    pub fn new(size: usize) -> Self {
        assert!(size > 0);
        let layout = Self::layout(size);
        // SAFETY: the size is not zero.
        let pointer = unsafe { alloc(layout) };
        let Some(pointer) = NonNull::new(pointer) else {
            handle_alloc_error(layout)
        };
        // SAFETY: the block has at least one byte.
        unsafe { pointer.write(1) };
        // SAFETY: `size - 1` is inside the block.
        let last = unsafe { pointer.add(size - 1) };
        // SAFETY: `last` is inside the block.
        unsafe { last.write(2) };
        Self { pointer, size }
    }

    /// Address and size, for handing the block over in two words.
    #[inline]
    #[must_use]
    pub fn into_raw(self) -> (NonNull<u8>, usize) {
        let raw = (self.pointer, self.size);
        std::mem::forget(self);
        raw
    }

    /// The block that [`Block::into_raw`] has taken apart.
    ///
    /// # Safety
    /// The two words came from one call of `into_raw` and are used once.
    #[inline]
    #[must_use]
    pub unsafe fn from_raw(pointer: NonNull<u8>, size: usize) -> Self {
        Self { pointer, size }
    }

    /// How many bytes were asked for.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    #[inline]
    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).expect("a size below isize::MAX")
    }
}

impl Drop for Block {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: I1.
        unsafe { dealloc(self.pointer.as_ptr(), Self::layout(self.size)) }
    }
}
