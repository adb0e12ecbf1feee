//! What a hit cannot do: misses, large blocks, strange alignments. Both the Rust and the C way end
//! here.
//!
//! Every thread calls in; the layers protect themselves. Nothing is decided here but which layer to
//! ask: a small request goes to the cache set, a large one straight to the heap.
#![expect(
    unsafe_code,
    reason = "passes on the callers' promises about their blocks"
)]
use crate::{assembly, maintain, misuse, thread};
use arena::Addr;
use core::alloc::Layout;
use core::ptr::{NonNull, null_mut};
use sizeclass::{Scan, SizeClass, SpanClass};

/// A slot of `class` after a miss. Null: out of memory, or the limit is reached.
#[cold]
#[inline(never)]
pub(crate) fn alloc_small(class: SizeClass) -> *mut u8 {
    let Some(caches) = assembly::start_up() else {
        return null_mut();
    };
    maintain::pass_by();
    let class = SpanClass::new(class, Scan::Yes);
    match thread::own_cache() {
        // SAFETY: the cache is this thread's own.
        Some(cache) => unsafe { caches.alloc_slow(cache, class) },
        None => caches.alloc_uncached(class),
    }
}

/// Gives back a slot of `class` after the thread's cache had no room for it.
///
/// # Safety
///
/// `slot` is a block of that class that the caller owns.
#[cold]
#[inline(never)]
pub(crate) unsafe fn free_small(class: SizeClass, slot: *mut u8) {
    let Some(caches) = assembly::caches() else {
        misuse::foreign(slot);
    };
    maintain::pass_by();
    let class = SpanClass::new(class, Scan::Yes);
    let freed = match thread::existing_cache() {
        // SAFETY: the cache is this thread's own; the caller vouches for the slot.
        Some(cache) => unsafe { caches.free_slow(cache, class, slot) },
        // A thread that only frees, or one that is ending, needs no cache.
        // SAFETY: the caller vouches for the slot.
        None => unsafe { caches.free_uncached(class, slot) },
    };
    if let Err(error) = freed {
        misuse::end(error);
    }
}

/// A block that is not small. Null: out of memory, or the limit is reached.
#[cold]
#[inline(never)]
pub(crate) fn alloc_large(bytes: usize, align: usize) -> *mut u8 {
    large(bytes, align).map_or(null_mut(), |block| block.pointer.as_ptr())
}

/// As [`alloc_large`], and zero: fresh memory is not cleared again.
#[cold]
#[inline(never)]
pub(crate) fn alloc_large_zeroed(bytes: usize, align: usize) -> *mut u8 {
    let Some(block) = large(bytes, align) else {
        return null_mut();
    };
    if !block.is_zero {
        // SAFETY: the block has at least `bytes` bytes and is ours alone until it is returned.
        unsafe { block.pointer.write_bytes(0, bytes) };
    }
    block.pointer.as_ptr()
}

fn large(bytes: usize, align: usize) -> Option<heap::Large> {
    assembly::start_up()?;
    assembly::heap()?.alloc_large(bytes, align)
}

/// Gives back a block that is not small, or finds out what else the pointer is.
///
/// # Safety
///
/// The caller owns the block at `pointer` if it is one.
#[cold]
#[inline(never)]
pub(crate) unsafe fn free_large(pointer: NonNull<u8>) -> Result<(), heap::FreeError> {
    let Some(heap) = assembly::heap() else {
        return Err(heap::FreeError::NotOurs {
            pointer: Addr::of(pointer.as_ptr()),
        });
    };
    // SAFETY: the caller's promise.
    unsafe { heap.free_large(pointer) }?;
    maintain::pass_by();
    Ok(())
}

/// A block for a layout that no hit serves: empty, strangely aligned, or large.
#[cold]
#[inline(never)]
pub(crate) fn alloc_layout(layout: Layout) -> *mut u8 {
    match crate::classes::class_of(layout) {
        Some(class) => alloc_small(class),
        None => alloc_large(layout.size(), layout.align()),
    }
}

/// As [`alloc_layout`], and zero.
#[cold]
#[inline(never)]
pub(crate) fn alloc_layout_zeroed(layout: Layout) -> *mut u8 {
    let Some(class) = crate::classes::class_of(layout) else {
        return alloc_large_zeroed(layout.size(), layout.align());
    };
    let slot = alloc_small(class);
    if !slot.is_null() {
        // SAFETY: the slot has at least `layout.size()` bytes and is ours alone.
        unsafe { slot.write_bytes(0, layout.size()) };
    }
    slot
}

/// Gives back what [`alloc_layout`] returned for the same layout.
///
/// # Safety
///
/// As [`core::alloc::GlobalAlloc::dealloc`].
#[cold]
#[inline(never)]
pub(crate) unsafe fn free_layout(pointer: *mut u8, layout: Layout) {
    if let Some(class) = crate::classes::class_of(layout) {
        // SAFETY: the same layout chose the class when the block was allocated.
        return unsafe { free_small(class, pointer) };
    }
    let Some(pointer) = NonNull::new(pointer) else {
        misuse::foreign(pointer);
    };
    // SAFETY: the caller's promise.
    if let Err(error) = unsafe { free_large(pointer) } {
        misuse::end_large(error);
    }
}

/// Makes the large block at `pointer` `bytes` long without moving it, if its run allows.
///
/// # Safety
///
/// The caller owns the large block at `pointer`.
#[cold]
#[inline(never)]
pub(crate) unsafe fn resize_large(pointer: *mut u8, bytes: usize) -> bool {
    let (Some(heap), Some(pointer)) = (assembly::heap(), NonNull::new(pointer)) else {
        return false;
    };
    // SAFETY: the caller's promise.
    unsafe { heap.resize_large(pointer, bytes) }.is_some()
}
