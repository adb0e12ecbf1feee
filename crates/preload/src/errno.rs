//! The calling thread's `errno`.
//!
//! Private to its thread, so nothing protects it.
#![expect(unsafe_code, reason = "the C library hands out errno as a pointer")]

use core::ffi::c_int;

/// What `errno` is now.
#[inline]
pub(crate) fn get() -> c_int {
    // SAFETY: takes nothing, returns the address of this thread's variable.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: that address is valid and this thread's alone for as long as the thread lives.
    unsafe { *place }
}

/// Sets `errno`.
#[inline]
pub(crate) fn set(value: c_int) {
    // SAFETY: takes nothing, returns the address of this thread's variable.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: that address is valid and this thread's alone for as long as the thread lives.
    unsafe { *place = value }
}

/// `pointer`, with `errno` set to `ENOMEM` if it is null.
#[inline(always)]
pub(crate) fn or_enomem(pointer: *mut u8) -> *mut core::ffi::c_void {
    if pointer.is_null() {
        return enomem_slow();
    }
    pointer.cast()
}

/// Null, and `errno` says `ENOMEM`. Out of line: a hit is not to carry this.
#[cold]
#[inline(never)]
pub(crate) fn enomem_slow() -> *mut core::ffi::c_void {
    set(libc::ENOMEM);
    core::ptr::null_mut()
}

/// Null, and `errno` says `EINVAL`.
#[cold]
#[inline(never)]
pub(crate) fn einval_slow() -> *mut core::ffi::c_void {
    set(libc::EINVAL);
    core::ptr::null_mut()
}

/// A number that no two living threads share: where this thread's `errno` lies.
pub(crate) fn thread_number() -> usize {
    // SAFETY: takes nothing, returns the address of this thread's variable.
    unsafe { libc::__errno_location() }.addr()
}
