//! Blocks with an alignment: `posix_memalign aligned_alloc memalign valloc pvalloc`.
//!
//! They differ in which alignments they take and in how they say no; each function states both.
#![expect(
    unsafe_code,
    reason = "C functions: exported names, pointers from outside"
)]

use core::ffi::{c_int, c_void};

use facade::c;

use crate::errno;

/// What `memalign` does: the alignment is rounded up to a power of two.
#[inline]
pub(crate) fn alloc_rounded(align: usize, size: usize) -> *mut c_void {
    match align.checked_next_power_of_two() {
        Some(align) => errno::or_enomem(c::aligned(align, size)),
        None => errno::einval_slow(),
    }
}

/// Bytes of an OS page: a power of two.
fn os_page_bytes() -> usize {
    // SAFETY: reads a constant of the system.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    // The auxiliary vector always has it; 4096 is what is left if it had not.
    usize::try_from(bytes).unwrap_or(4096)
}

/// What `valloc` does: a block at an OS page.
pub(crate) fn alloc_at_page(size: usize) -> *mut c_void {
    errno::or_enomem(c::aligned(os_page_bytes(), size))
}

/// What `pvalloc` does: whole OS pages, at least one.
pub(crate) fn alloc_pages(size: usize) -> *mut c_void {
    let page = os_page_bytes();
    match size.max(1).checked_next_multiple_of(page) {
        Some(bytes) => errno::or_enomem(c::aligned(page, bytes)),
        None => errno::enomem_slow(),
    }
}

/// `posix_memalign`: 0 and the block in `*result`; `EINVAL` unless `align` is a power of two of at
/// least a pointer's size, `ENOMEM` when there is no memory. Neither failure touches `*result` or
/// `errno`.
///
/// # Safety
/// `result` can be written.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn posix_memalign(
    result: *mut *mut c_void,
    align: usize,
    size: usize,
) -> c_int {
    if !align.is_power_of_two() || align < size_of::<*mut c_void>() {
        return libc::EINVAL;
    }
    let block = c::aligned(align, size);
    if block.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: the caller's duty.
    unsafe { *result = block.cast() };
    0
}

/// `aligned_alloc`: null and `EINVAL` unless `align` is a power of two. `size` is free.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
    if !align.is_power_of_two() {
        return errno::einval_slow();
    }
    errno::or_enomem(c::aligned(align, size))
}

/// `memalign`: like `aligned_alloc`, but any `align` is rounded up to a power of two.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn memalign(align: usize, size: usize) -> *mut c_void {
    alloc_rounded(align, size)
}

/// `valloc`: at an OS page.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn valloc(size: usize) -> *mut c_void {
    alloc_at_page(size)
}

/// `pvalloc`: whole OS pages.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pvalloc(size: usize) -> *mut c_void {
    alloc_pages(size)
}
