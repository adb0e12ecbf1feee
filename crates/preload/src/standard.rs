//! What the C standard and POSIX name: `malloc calloc realloc reallocarray free free_sized
//! free_aligned_sized`.
//!
//! Called by every thread; the facade protects what they share. The bodies are inlined into every
//! name that they go by (`__libc_malloc`, `operator new`), so that none of them calls another
//! through the procedure linkage table. Decisions: see the table in the crate's head.
#![expect(
    unsafe_code,
    reason = "C functions: exported names, pointers from outside"
)]

use core::ffi::c_void;

use facade::c;

use crate::{errno, next};

/// `size` bytes; null and `ENOMEM` when there are none.
///
/// A hit and a jump: what comes after a miss, `errno` too, is in a function of its own, so that the
/// hit saves no register and has no frame.
#[inline(always)]
pub(crate) fn alloc(size: usize) -> *mut c_void {
    let block = c::malloc_hit(size);
    if block.is_null() {
        return alloc_slow(size);
    }
    block.cast()
}

#[cold]
#[inline(never)]
extern "C" fn alloc_slow(size: usize) -> *mut c_void {
    errno::or_enomem(c::malloc_miss(size))
}

/// `count * size` zero bytes; null and `ENOMEM` when there are none or the product overflows.
#[inline(always)]
pub(crate) fn alloc_zeroed(count: usize, size: usize) -> *mut c_void {
    errno::or_enomem(c::calloc(count, size))
}

/// Frees `pointer`; a null one is no call at all. Keeps `errno`.
///
/// # Safety
/// `pointer` is null or a live block of this library or of the next one in line.
#[inline(always)]
pub(crate) unsafe fn free_block(pointer: *mut c_void) {
    // SAFETY: the caller's duty, handed on.
    if !unsafe { c::free_hit(pointer.cast()) } {
        // SAFETY: the caller's duty, handed on.
        unsafe { free_slow(pointer) };
    }
}

/// What is left of [`free_block`] after a miss.
///
/// # Safety
/// As for [`free_block`].
#[cold]
#[inline(never)]
unsafe extern "C" fn free_slow(pointer: *mut c_void) {
    // SAFETY: the caller's duty, handed on.
    if unsafe { c::free_miss(pointer.cast()) }.is_err() {
        // SAFETY: not ours (the facade just said so), hence the next one's by the caller's duty.
        unsafe { next::free(pointer) };
    }
}

/// Changes `pointer`'s size, moving it if need be.
///
/// # Safety
/// `pointer` is null or a live block of this library or of the next one in line.
#[inline(always)]
pub(crate) unsafe fn resize(pointer: *mut c_void, size: usize) -> *mut c_void {
    if pointer.is_null() {
        return alloc(size);
    }
    if size == 0 {
        // SAFETY: the caller's duty, handed on.
        unsafe { free_block(pointer) };
        return core::ptr::null_mut();
    }
    // SAFETY: the caller's duty, handed on.
    match unsafe { c::realloc(pointer.cast(), size) } {
        Ok(moved) => errno::or_enomem(moved),
        // SAFETY: not ours (the facade just said so), hence the next one's by the caller's duty.
        Err(_) => unsafe { next::realloc(pointer, size) },
    }
}

/// `malloc`: `size` bytes, aligned to 16 from 16 bytes on.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn malloc(size: usize) -> *mut c_void {
    alloc(size)
}

/// `calloc`: room for `count` objects of `size` bytes, all zero.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    alloc_zeroed(count, size)
}

/// `realloc`: the block with another size; its contents up to the smaller of the two are kept.
///
/// # Safety
/// `pointer` is null or a live block; unless null is returned for a `size` above 0 it is no longer.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn realloc(pointer: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's duty, handed on.
    unsafe { resize(pointer, size) }
}

/// `reallocarray`: `realloc` to `count * size` bytes; a product that overflows is `ENOMEM` and
/// leaves the block as it was.
///
/// # Safety
/// As for [`realloc`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn reallocarray(
    pointer: *mut c_void,
    count: usize,
    size: usize,
) -> *mut c_void {
    let Some(bytes) = count.checked_mul(size) else {
        return errno::enomem_slow();
    };
    // SAFETY: the caller's duty, handed on.
    unsafe { resize(pointer, bytes) }
}

/// `free`.
///
/// # Safety
/// `pointer` is null or a live block, which nobody uses any more.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn free(pointer: *mut c_void) {
    // SAFETY: the caller's duty, handed on.
    unsafe { free_block(pointer) }
}

/// `free_sized` (C23): `free`; the size is not needed.
///
/// # Safety
/// As for [`free`]; `_size` is what the block was asked for with.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn free_sized(pointer: *mut c_void, _size: usize) {
    // SAFETY: the caller's duty, handed on.
    unsafe { free_block(pointer) }
}

/// `free_aligned_sized` (C23): `free`; neither alignment nor size is needed.
///
/// # Safety
/// As for [`free`]; `_align` and `_size` are what the block was asked for with.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn free_aligned_sized(
    pointer: *mut c_void,
    _align: usize,
    _size: usize,
) {
    // SAFETY: the caller's duty, handed on.
    unsafe { free_block(pointer) }
}
