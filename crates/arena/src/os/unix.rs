//! The real thing on Unix systems, by rustix.
//!
//! Stateless, so it may be shared freely; the kernel protects its own tables.
#![expect(unsafe_code, reason = "system calls for memory")]
mod guard;

use super::Os;
use crate::{Addr, ByteCount, GuardMethod, Reason};
use core::ffi::c_void;
use core::ptr::NonNull;
use rustix::io::Errno;
use rustix::mm::{self, MapFlags, MprotectFlags, ProtFlags};

/// Anonymous private mappings of a Unix kernel.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unix;

impl Unix {
    /// The one kernel there is.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    fn mmap(
        hint: Option<Addr>,
        bytes: ByteCount,
        protection: ProtFlags,
        flags: MapFlags,
    ) -> Result<NonNull<u8>, Reason> {
        let hint = hint.map_or(0, Addr::get);
        let hint = core::ptr::without_provenance_mut::<c_void>(hint);
        // SAFETY: without `MAP_FIXED` (no caller passes it) the kernel takes addresses that are
        // free, so no existing memory changes.
        let mapped =
            unsafe { mm::mmap_anonymous(hint, bytes.get(), protection, flags | MapFlags::PRIVATE) };
        let mapped = mapped.map_err(reason)?;
        // Address 0 is mapped only if somebody allows it and asks for it.
        NonNull::new(mapped.cast()).ok_or(Reason::Conflict)
    }

    /// # Safety
    ///
    /// The caller owns the range and nothing needs its present protection.
    unsafe fn protect(
        at: NonNull<u8>,
        bytes: ByteCount,
        flags: MprotectFlags,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { mm::mprotect(at.as_ptr().cast(), bytes.get(), flags) }.map_err(reason)
    }
}

// SAFETY: anonymous private mappings are nobody else's, zero at first, and accessible once their
// protection says so.
unsafe impl Os for Unix {
    const PROTECTS: bool = true;
    /// Elsewhere the advice is only advice.
    const UNUSED_IS_ZERO: bool = cfg!(any(target_os = "linux", target_os = "android"));

    fn page_size(&self) -> usize {
        // SAFETY: reads a number of the running kernel.
        let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(bytes).unwrap_or(0)
    }

    fn alloc(&self, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        Self::mmap(
            None,
            bytes,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::empty(),
        )
    }

    fn reserve(&self, hint: Option<Addr>, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        Self::mmap(hint, bytes, ProtFlags::empty(), NO_RESERVE)
    }

    unsafe fn map(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // Go maps anew with MAP_FIXED; before Linux 6.12 a refused one leaves a hole that anybody
        // may take. A refused mprotect changes nothing.
        // SAFETY: the caller owns the range, and Reserved memory has no content.
        unsafe { Self::protect(at, bytes, MprotectFlags::READ | MprotectFlags::WRITE) }
    }

    unsafe fn used(&self, _at: NonNull<u8>, _bytes: ByteCount) -> Result<(), Reason> {
        Ok(())
    }

    unsafe fn unused(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller owns the range and gives its content up.
        unsafe { mm::madvise(at.as_ptr().cast(), bytes.get(), DROP_CONTENT) }.map_err(reason)
    }

    unsafe fn fault(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller owns the range and gives its content up.
        unsafe { self.unused(at, bytes) }?;
        // SAFETY: the caller owns the range, and nothing refers to its content.
        unsafe { Self::protect(at, bytes, MprotectFlags::empty()) }
    }

    unsafe fn free(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller owns the range, and nothing refers to it.
        unsafe { mm::munmap(at.as_ptr().cast(), bytes.get()) }.map_err(reason)
    }

    unsafe fn guard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { guard::guard(at, bytes, method) }
    }

    unsafe fn unguard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { guard::unguard(at, bytes, method) }
    }

    fn resident(&self, at: NonNull<u8>, bytes: ByteCount) -> Option<ByteCount> {
        guard::resident(at, bytes, self.page_size())
    }
}

/// A reservation is no promise of memory: without the flag Linux charges a later large `mprotect`
/// against the commit limit.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
const NO_RESERVE: MapFlags = MapFlags::NORESERVE;
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
const NO_RESERVE: MapFlags = MapFlags::empty();

#[cfg(any(target_os = "linux", target_os = "android"))]
const DROP_CONTENT: mm::Advice = mm::Advice::LinuxDontNeed;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const DROP_CONTENT: mm::Advice = mm::Advice::DontNeed;

fn reason(errno: Errno) -> Reason {
    match errno {
        Errno::NOMEM => Reason::OutOfMemory,
        Errno::ACCESS => Reason::AccessDenied,
        Errno::AGAIN => Reason::LockedMemory,
        Errno::EXIST => Reason::Conflict,
        errno => Reason::Code(errno.raw_os_error()),
    }
}

#[cfg(all(test, not(any(miri, gomalloc_loom))))]
mod tests;
