//! What the tests of this crate share: reading memory at an offset.
#![expect(unsafe_code, reason = "reads raw memory")]
use core::ptr::NonNull;

/// The byte at `at + offset`.
///
/// # Safety
///
/// It is mapped, and reachable from `at`.
pub(crate) unsafe fn peek(at: NonNull<u8>, offset: usize) -> u8 {
    // SAFETY: the caller's duty.
    let at = unsafe { at.add(offset) };
    // SAFETY: the caller's duty.
    unsafe { at.read() }
}
