//! Guards and residency on a Unix kernel, by `libc` where rustix does not have the call.
//!
//! Stateless. The numbers of the two advice values are Linux's, on every architecture.
#![expect(unsafe_code, reason = "system calls for memory")]
use super::protect;
use crate::{ByteCount, GuardMethod, Reason};
use core::ptr::NonNull;
use rustix::mm::MprotectFlags;

/// # Safety
///
/// The caller owns the range and gives its content up.
pub(super) unsafe fn guard(
    at: NonNull<u8>,
    bytes: ByteCount,
    method: GuardMethod,
) -> Result<(), Reason> {
    match method {
        // SAFETY: the caller's duty is the call's.
        GuardMethod::Install => unsafe { marker::advise(at, bytes, marker::INSTALL) },
        // SAFETY: the caller's duty is the call's.
        GuardMethod::Protect => unsafe { protect(at, bytes, MprotectFlags::empty()) },
    }
}

/// # Safety
///
/// [`guard`] made this guard by this method.
pub(super) unsafe fn unguard(
    at: NonNull<u8>,
    bytes: ByteCount,
    method: GuardMethod,
) -> Result<(), Reason> {
    const ACCESS: MprotectFlags = MprotectFlags::READ.union(MprotectFlags::WRITE);
    match method {
        // SAFETY: the caller's duty is the call's.
        GuardMethod::Install => unsafe { marker::advise(at, bytes, marker::REMOVE) },
        // SAFETY: the caller's duty is the call's.
        GuardMethod::Protect => unsafe { protect(at, bytes, ACCESS) },
    }
}

#[cfg(target_os = "linux")]
mod marker {
    //! Markers in the page table, Linux 6.13 and later.
    use crate::os::unix::reason;
    use crate::{ByteCount, Reason};
    use core::ptr::NonNull;
    use rustix::io::Errno;

    /// `MADV_GUARD_INSTALL`, which libc 0.2 does not name.
    pub(super) const INSTALL: i32 = 102;
    /// `MADV_GUARD_REMOVE`.
    pub(super) const REMOVE: i32 = 103;

    /// # Safety
    ///
    /// The caller owns the range and gives its content up.
    pub(super) unsafe fn advise(
        at: NonNull<u8>,
        bytes: ByteCount,
        advice: i32,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        if unsafe { libc::madvise(at.as_ptr().cast(), bytes.get(), advice) } == 0 {
            return Ok(());
        }
        // SAFETY: the C library keeps one number per thread.
        let errno = unsafe { libc::__errno_location() };
        // SAFETY: as above.
        match unsafe { errno.read() } {
            // A kernel that does not know the advice, or not for such memory (locked, before 6.15).
            libc::EINVAL => Err(Reason::Unsupported),
            code => Err(reason(Errno::from_raw_os_error(code))),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod marker {
    //! No other system has markers.
    use crate::{ByteCount, Reason};
    use core::ptr::NonNull;

    pub(super) const INSTALL: i32 = 0;
    pub(super) const REMOVE: i32 = 0;

    /// # Safety
    ///
    /// None.
    pub(super) unsafe fn advise(
        _at: NonNull<u8>,
        _bytes: ByteCount,
        _advice: i32,
    ) -> Result<(), Reason> {
        Err(Reason::Unsupported)
    }
}

/// How many pages are asked about at a time.
const CHUNK: usize = 256;

/// Resident bytes of a range of whole pages, by `mincore`.
pub(super) fn resident(at: NonNull<u8>, bytes: ByteCount, page: usize) -> Option<ByteCount> {
    let mut resident = 0;
    let mut offset = 0;
    while offset < bytes.get() {
        let length = (bytes.get() - offset).min(CHUNK * page);
        let mut pages = [0_u8; CHUNK];
        let from = at.as_ptr().wrapping_add(offset).cast();
        // SAFETY: `pages` has a byte for each page of `length`; the kernel checks the range.
        if unsafe { libc::mincore(from, length, pages.as_mut_ptr().cast()) } != 0 {
            return None;
        }
        resident += pages.iter().filter(|flags| **flags & 1 != 0).count() * page;
        offset += length;
    }
    Some(ByteCount::new(resident))
}

#[cfg(all(test, not(any(miri, gomalloc_loom))))]
mod tests;
