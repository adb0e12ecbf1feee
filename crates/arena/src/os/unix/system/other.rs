//! Every other Unix: none of it.
//!
//! Stateless.
#![expect(unsafe_code, reason = "the same signatures as elsewhere")]
use crate::{Addr, Advice, ByteCount, Reason};
use core::ffi::CStr;
use core::ptr::NonNull;

/// Bytes of a transparent huge page; 0 if there are none.
pub(in crate::os::unix) fn huge_page_size() -> usize {
    0
}

/// The program break, where there is one.
pub(in crate::os::unix) fn program_break() -> Option<Addr> {
    None
}

/// # Safety
///
/// The caller owns the range.
pub(in crate::os::unix) unsafe fn advise(_at: NonNull<u8>, _bytes: ByteCount, _advice: Advice) {}

/// No other system moves pages.
///
/// # Safety
///
/// None.
pub(in crate::os::unix) unsafe fn remap(
    _from: NonNull<u8>,
    _to: NonNull<u8>,
    _bytes: ByteCount,
) -> Result<(), Reason> {
    Err(Reason::Unsupported)
}

/// No other system has names.
pub(in crate::os::unix) fn name(_at: NonNull<u8>, _bytes: ByteCount, _name: &'static CStr) {}
