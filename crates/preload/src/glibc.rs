//! glibc's further names for the same functions.
//!
//! Programs built against an old glibc call `cfree`; some allocator wrappers call `__libc_malloc`
//! and its brothers to get behind an interposed `malloc`. Were they left to glibc, their blocks
//! would come from a second heap.
#![expect(
    unsafe_code,
    reason = "C functions: exported names, pointers from outside"
)]

use core::ffi::{c_int, c_void};

use crate::{aligned, errno, inspect, standard};

/// `cfree`: `free`.
///
/// # Safety
/// As for [`standard::free`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn cfree(pointer: *mut c_void) {
    // SAFETY: the caller's duty, handed on.
    unsafe { standard::free_block(pointer) }
}

/// `__libc_malloc`: `malloc`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __libc_malloc(size: usize) -> *mut c_void {
    standard::alloc(size)
}

/// `__libc_calloc`: `calloc`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __libc_calloc(count: usize, size: usize) -> *mut c_void {
    standard::alloc_zeroed(count, size)
}

/// `__libc_realloc`: `realloc`.
///
/// # Safety
/// As for [`standard::realloc`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __libc_realloc(pointer: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's duty, handed on.
    unsafe { standard::resize(pointer, size) }
}

/// `__libc_reallocarray`: `reallocarray`.
///
/// # Safety
/// As for [`standard::realloc`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __libc_reallocarray(
    pointer: *mut c_void,
    count: usize,
    size: usize,
) -> *mut c_void {
    let Some(bytes) = count.checked_mul(size) else {
        return errno::enomem_slow();
    };
    // SAFETY: the caller's duty, handed on.
    unsafe { standard::resize(pointer, bytes) }
}

/// `__libc_free`: `free`.
///
/// # Safety
/// As for [`standard::free`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __libc_free(pointer: *mut c_void) {
    // SAFETY: the caller's duty, handed on.
    unsafe { standard::free_block(pointer) }
}

/// `__libc_cfree`: `free`.
///
/// # Safety
/// As for [`standard::free`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __libc_cfree(pointer: *mut c_void) {
    // SAFETY: the caller's duty, handed on.
    unsafe { standard::free_block(pointer) }
}

/// `__libc_memalign`: `memalign`. The dynamic loader takes thread-local storage from it.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __libc_memalign(align: usize, size: usize) -> *mut c_void {
    aligned::alloc_rounded(align, size)
}

/// `__posix_memalign`: `posix_memalign`.
///
/// # Safety
/// As for [`aligned::posix_memalign`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __posix_memalign(
    result: *mut *mut c_void,
    align: usize,
    size: usize,
) -> c_int {
    // SAFETY: the caller's duty, handed on.
    unsafe { aligned::posix_memalign(result, align, size) }
}

/// `__libc_valloc`: `valloc`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __libc_valloc(size: usize) -> *mut c_void {
    aligned::alloc_at_page(size)
}

/// `__libc_pvalloc`: `pvalloc`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __libc_pvalloc(size: usize) -> *mut c_void {
    aligned::alloc_pages(size)
}

/// `__libc_mallinfo`: `mallinfo`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __libc_mallinfo() -> inspect::MallInfo {
    inspect::mallinfo()
}

/// `__libc_mallopt`: `mallopt`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __libc_mallopt(parameter: c_int, value: c_int) -> c_int {
    inspect::mallopt(parameter, value)
}
