//! Zeroed, aligned memory of the system allocator, as lazily as it can be had.
//!
//! Stateless. `alloc_zeroed` with an alignment writes every byte, which tables of 32 MiB per layout
//! make slow; without one it is `calloc`, whose fresh pages are the kernel's. So more is asked for,
//! and the block's own address is kept in front of what is handed out.
#![expect(unsafe_code, reason = "blocks of the system allocator")]
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;
use std::alloc::System;

/// What `calloc` aligns to.
const ALIGN: usize = 16;

/// Zeroed memory; `align` is a power of two of at least 16.
pub(super) fn alloc(bytes: usize, align: usize) -> Option<NonNull<u8>> {
    // SAFETY: the layout is not empty, since `align` is not 0.
    let block = NonNull::new(unsafe { System.alloc_zeroed(layout(bytes, align)?) })?;
    let gap = align - block.addr().get() % align;
    // SAFETY: `gap <= align`, and `bytes + align` were allocated.
    let at = unsafe { block.add(gap) };
    // SAFETY: `gap` is at least 16, since both addresses are multiples of that.
    let place = unsafe { at.cast::<NonNull<u8>>().sub(1) };
    // SAFETY: inside the block, in front of what is handed out, and aligned.
    unsafe { place.write(block) };
    Some(at)
}

/// Gives it back.
///
/// # Safety
///
/// [`alloc`] returned it for these numbers.
pub(super) unsafe fn free(at: NonNull<u8>, bytes: usize, align: usize) {
    // SAFETY: `alloc` left room in front.
    let place = unsafe { at.cast::<NonNull<u8>>().sub(1) };
    // SAFETY: `alloc` wrote it.
    let block = unsafe { place.read() };
    if let Some(layout) = layout(bytes, align) {
        // SAFETY: `alloc` got it with this layout.
        unsafe { System.dealloc(block.as_ptr(), layout) };
    }
}

fn layout(bytes: usize, align: usize) -> Option<Layout> {
    Layout::from_size_align(bytes.checked_add(align)?, ALIGN).ok()
}
