//! How memory is given back, from the gentlest advice to a fresh mapping.
//!
//! Shared by every thread; the rung that a kernel has been found to refuse is never tried again
//! (Go 1.12 `sysUnused`).
//!
//! | rung | call | what it leaves |
//! |---|---|---|
//! | 0 | `MADV_FREE` | old bytes until the kernel needs the pages, then zeroes |
//! | 1 | `MADV_DONTNEED` (BSD, Apple: rung 0 again) | zeroes (Linux) |
//! | 2 | a fresh mapping in place | zeroes |
#![expect(unsafe_code, reason = "system calls for memory")]
use super::reason;
use crate::{ByteCount, Reason};
use core::ptr::NonNull;
use rustix::io::Errno;
use rustix::mm::{self, MapFlags, ProtFlags};
use sync::atomic::{AtomicU8, Ordering};

/// The lowest rung that has not been refused yet.
#[derive(Debug)]
pub(super) struct Ladder {
    rung: AtomicU8,
}

const FREE: u8 = 0;
const DONT_NEED: u8 = 1;
const FRESH: u8 = 2;

impl Ladder {
    #[cfg(not(gomalloc_loom))]
    pub(super) const fn new(lazy: bool) -> Self {
        Self {
            rung: AtomicU8::new(if lazy { FREE } else { DONT_NEED }),
        }
    }

    #[cfg(gomalloc_loom)]
    pub(super) fn new(lazy: bool) -> Self {
        Self {
            rung: AtomicU8::new(if lazy { FREE } else { DONT_NEED }),
        }
    }

    /// Gives the memory of a range back, by the gentlest call that works.
    ///
    /// # Safety
    ///
    /// The caller owns the range, may access it, and gives its content up.
    pub(super) unsafe fn give_back(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.climb(at, bytes, self.rung.load(Ordering::Relaxed)) }
    }

    /// As [`Ladder::give_back`], but the content is gone when it returns (on Linux).
    ///
    /// # Safety
    ///
    /// As [`Ladder::give_back`].
    pub(super) unsafe fn empty(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        let rung = self.rung.load(Ordering::Relaxed);
        // SAFETY: the caller's duty is the call's.
        unsafe { self.climb(at, bytes, rung.max(EMPTYING)) }
    }

    /// # Safety
    ///
    /// As [`Ladder::give_back`].
    unsafe fn climb(&self, at: NonNull<u8>, bytes: ByteCount, from: u8) -> Result<(), Reason> {
        for rung in from..FRESH {
            // SAFETY: the caller's duty is the call's.
            match unsafe { advise(at, bytes, rung) } {
                Ok(()) => return Ok(()),
                // The kernel does not know the advice, or not for such memory (locked memory is
                // not given up): a fresh mapping is.
                Err(Errno::INVAL | Errno::NOSYS) => {
                    // Relaxed: two threads may find out at once, and no rung goes down again.
                    self.rung.fetch_max(rung + 1, Ordering::Relaxed);
                }
                Err(errno) => return Err(reason(errno)),
            }
        }
        // SAFETY: the caller's duty is the call's.
        unsafe { map_afresh(at, bytes) }
    }
}

/// The first rung that leaves zeroes.
#[cfg(any(target_os = "linux", target_os = "android"))]
const EMPTYING: u8 = DONT_NEED;
/// The first rung that leaves zeroes.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const EMPTYING: u8 = FRESH;

/// # Safety
///
/// The caller owns the range and gives its content up.
#[cfg(any(target_os = "linux", target_os = "android"))]
unsafe fn advise(at: NonNull<u8>, bytes: ByteCount, rung: u8) -> Result<(), Errno> {
    let advice = if rung == FREE {
        mm::Advice::LinuxFree
    } else {
        mm::Advice::LinuxDontNeed
    };
    // SAFETY: the caller's duty is the call's.
    unsafe { mm::madvise(at.as_ptr().cast(), bytes.get(), advice) }
}

/// # Safety
///
/// The caller owns the range and gives its content up.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
unsafe fn advise(at: NonNull<u8>, bytes: ByteCount, _rung: u8) -> Result<(), Errno> {
    // Apple counts reusable memory as free, plain MADV_FREE not before it is taken.
    #[cfg(target_vendor = "apple")]
    const ADVICE: i32 = libc::MADV_FREE_REUSABLE;
    #[cfg(all(
        not(target_vendor = "apple"),
        any(target_os = "freebsd", target_os = "netbsd", target_os = "openbsd")
    ))]
    const ADVICE: i32 = libc::MADV_FREE;
    #[cfg(not(any(
        target_vendor = "apple",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd"
    )))]
    const ADVICE: i32 = libc::MADV_DONTNEED;
    // SAFETY: the caller's duty is the call's.
    if unsafe { libc::madvise(at.as_ptr().cast(), bytes.get(), ADVICE) } == 0 {
        return Ok(());
    }
    Err(Errno::INVAL)
}

/// # Safety
///
/// The caller owns the range, may access it, and gives its content up.
unsafe fn map_afresh(at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
    let access = ProtFlags::READ | ProtFlags::WRITE;
    let flags = MapFlags::PRIVATE | MapFlags::FIXED;
    // SAFETY: the caller's range is replaced by one that is as accessible.
    let mapped = unsafe { mm::mmap_anonymous(at.as_ptr().cast(), bytes.get(), access, flags) };
    mapped.map(|_| ()).map_err(reason)
}

/// Says that memory that was given back is used again. Only Apple's kernels want to know.
///
/// # Safety
///
/// The caller owns the range.
pub(super) unsafe fn reuse(at: NonNull<u8>, bytes: ByteCount) {
    #[cfg(target_vendor = "apple")]
    // SAFETY: the caller's duty is the call's. A refusal costs figures, not memory.
    unsafe {
        libc::madvise(at.as_ptr().cast(), bytes.get(), libc::MADV_FREE_REUSE);
    }
    let _ = (at, bytes);
}

#[cfg(all(test, not(any(miri, gomalloc_loom))))]
mod tests;
