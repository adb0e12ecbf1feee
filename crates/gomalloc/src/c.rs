//! The C family's semantics, for the preload library and for anyone who writes an ABI of his own.
//!
//! Null stands for failure; setting `errno` is the caller's part, since who preserves it and who
//! sets it differs by function. A hit touches the thread's cache and the page's class byte.
//!
//! # Budget
//!
//! As in [`global`](crate::GoMalloc), plus one load for the class of a size and, for `free`, the
//! loads that find the page's class byte. The goal is 38 instructions for a pair, shims included; it is
//! missed: `.ci/instructions.sh` counts what it is, prints both and holds the count.
#![expect(unsafe_code, reason = "C's functions take pointers on trust")]
use crate::{assembly, classes, maintain, misuse, slow, thread};
use arena::Addr;
use cache::Cache;
use core::ptr::{NonNull, null_mut};
use sizeclass::Table;

/// C's `max_align_t` on every system that we know: what `malloc` aligns to from 16 bytes on.
const MAX_ALIGN: usize = 16;

/// A pointer outside every arena: not ours, perhaps another allocator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unowned {
    /// The pointer that was passed.
    pub pointer: *mut u8,
}

/// A block of at least `size` bytes: 8-aligned up to 8 bytes, 16-aligned above. `malloc(0)` is a
/// block of its own. Null: out of memory, limit reached, or `size` beyond any address space.
#[inline]
#[must_use]
pub fn malloc(size: usize) -> *mut u8 {
    let slot = malloc_hit(size);
    if !slot.is_null() {
        return slot;
    }
    malloc_miss(size)
}

/// The first half of [`malloc`]: null is a miss, with which [`malloc_miss`] has to go on. For an ABI
/// that has more to do after a miss, and wants no trace of it in the hit.
#[inline(always)]
#[must_use]
pub fn malloc_hit(size: usize) -> *mut u8 {
    // SAFETY: the thread's own cache, or a shared one that always misses.
    unsafe { Cache::pop(thread::cache(), classes::c_class(size).into()) }
}

/// The second half of [`malloc`], after a [`malloc_hit`] that was none.
#[cold]
#[inline(never)]
#[must_use]
pub fn malloc_miss(size: usize) -> *mut u8 {
    match classes::small(classes::c_class(size)) {
        Some(class) => slow::alloc_small(class),
        // The flat table has no class for it, and a run would be a page.
        None if size == 0 => malloc(1),
        None => slow::alloc_large(size, MAX_ALIGN),
    }
}

/// A zeroed block for `count` elements of `size` bytes. Null also if the product overflows.
#[inline]
#[must_use]
pub fn calloc(count: usize, size: usize) -> *mut u8 {
    let Some(bytes) = count.checked_mul(size) else {
        return null_mut();
    };
    if classes::c_class(bytes) == 0 && bytes != 0 {
        return slow::alloc_large_zeroed(bytes, MAX_ALIGN);
    }
    let slot = malloc(bytes);
    if !slot.is_null() {
        // SAFETY: the slot has at least `bytes` bytes and is ours alone.
        unsafe { slot.write_bytes(0, bytes) };
    }
    slot
}

/// Frees a block of this module; nothing happens for null.
///
/// # Errors
///
/// [`Unowned`] for a pointer outside every arena. A pointer into an arena that is no live block
/// ends the process with one line.
///
/// # Safety
///
/// The caller owns the block.
#[inline]
pub unsafe fn free(pointer: *mut u8) -> Result<(), Unowned> {
    // SAFETY: the caller's promise.
    if unsafe { free_hit(pointer) } {
        return Ok(());
    }
    // SAFETY: the caller's promise; nothing has happened to the block yet.
    unsafe { free_miss(pointer) }
}

/// The first half of [`free`]: false is a miss, with which [`free_miss`] has to go on.
///
/// # Safety
///
/// The caller owns the block.
#[inline(always)]
pub unsafe fn free_hit(pointer: *mut u8) -> bool {
    let class = assembly::class_byte(Addr::of(pointer));
    // SAFETY: the page's slots are of this class; the caller gives one up. Class 0 misses.
    unsafe { Cache::push(thread::cache(), class.into(), pointer) }
}

/// The second half of [`free`], after a [`free_hit`] that was none.
///
/// # Errors
///
/// As [`free`].
///
/// # Safety
///
/// The caller owns the block.
#[cold]
#[inline(never)]
pub unsafe fn free_miss(pointer: *mut u8) -> Result<(), Unowned> {
    let class = assembly::class_byte(Addr::of(pointer));
    if let Some(class) = classes::small(class) {
        // SAFETY: the caller's promise.
        unsafe { slow::free_small(class, pointer) };
        return Ok(());
    }
    let Some(block) = NonNull::new(pointer) else {
        return Ok(());
    };
    // SAFETY: the caller's promise.
    match unsafe { slow::free_large(block) } {
        Ok(()) => Ok(()),
        Err(heap::FreeError::NotOurs { .. }) => Err(unowned(pointer)),
        Err(error) => misuse::end_large(error),
    }
}

/// What to say of a pointer to which the heap has no span: inside an arena it is ours and not live,
/// and the process ends.
#[cold]
#[inline(never)]
fn unowned(pointer: *mut u8) -> Unowned {
    if assembly::is_in_arena(Addr::of(pointer)) {
        misuse::not_live(pointer);
    }
    Unowned { pointer }
}

/// The block at `pointer` made `size` bytes long, moved if need be; null leaves it as it was.
/// For null this is [`malloc`]; a size of 0 gives the smallest block, it does not free.
///
/// # Errors
///
/// As [`free`].
///
/// # Safety
///
/// The caller owns the block.
pub unsafe fn realloc(pointer: *mut u8, size: usize) -> Result<*mut u8, Unowned> {
    if pointer.is_null() {
        return Ok(malloc(size));
    }
    let class = assembly::class_byte(Addr::of(pointer));
    let wanted = classes::c_class(size);
    if class != 0 && class == wanted {
        return Ok(pointer);
    }
    let old = usable_size(pointer)?;
    // SAFETY: the caller owns the block, which is large.
    if class == 0 && wanted == 0 && size != 0 && unsafe { slow::resize_large(pointer, size) } {
        return Ok(pointer);
    }
    let moved = malloc(size);
    if !moved.is_null() {
        // SAFETY: both blocks have that many bytes, and a fresh block overlaps no live one.
        unsafe { moved.copy_from_nonoverlapping(pointer, old.min(size)) };
        // SAFETY: the caller gives up the old block, and it is ours: it has a usable size.
        unsafe { free(pointer) }?;
    }
    Ok(moved)
}

/// A block of `size` bytes at a multiple of `align`, a power of two. Null: out of memory, or no
/// power of two.
#[must_use]
pub fn aligned(align: usize, size: usize) -> *mut u8 {
    if !align.is_power_of_two() {
        return null_mut();
    }
    let align = if size > 8 {
        align.max(MAX_ALIGN)
    } else {
        align
    };
    match Table::DEFAULT.class_for(size.max(1), align) {
        Some(class) => {
            // SAFETY: the thread's own cache, or a shared one that always misses.
            let slot = unsafe { Cache::pop(thread::cache(), class.index()) };
            if slot.is_null() {
                slow::alloc_small(class)
            } else {
                slot
            }
        }
        None => slow::alloc_large(size, align),
    }
}

/// How many bytes the block at `pointer`, which is not null, really has: its class's, or its run's.
///
/// # Errors
///
/// As [`free`].
pub fn usable_size(pointer: *mut u8) -> Result<usize, Unowned> {
    let class = assembly::class_byte(Addr::of(pointer));
    if let Some(class) = classes::small(class) {
        return Ok(Table::DEFAULT.slot_bytes(class));
    }
    let large = NonNull::new(pointer)
        .zip(assembly::heap())
        .and_then(|(block, heap)| heap.large_bytes(block));
    large.ok_or_else(|| unowned(pointer))
}

/// Has `hook` called now and then, on slow paths of every thread: what keeps figures up to date that
/// somebody else reads. Only the first hook of a process counts. It must be quick when nothing is
/// due, and must not allocate.
pub fn on_slow_path(hook: fn()) {
    maintain::hook(hook);
}
