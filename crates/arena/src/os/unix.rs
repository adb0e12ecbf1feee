//! The real thing on Unix systems, by rustix, and by libc where rustix does not have the call.
//!
//! Shared by every thread; the kernel protects its own tables, and what is remembered here is which
//! advice it understands.
#![expect(unsafe_code, reason = "system calls for memory")]
use super::{Advice, Os};
use crate::{Addr, ByteCount, GuardMethod, Reason};
use core::ffi::{CStr, c_void};
use core::ptr::NonNull;
use ladder::Ladder;
use rustix::io::Errno;
use rustix::mm::{self, MapFlags, MprotectFlags, ProtFlags};

mod guard;
mod ladder;
mod system;

/// Anonymous private mappings of a Unix kernel.
///
/// `LAZY` chooses how memory is given back: at once and zero when it is touched again (the default
/// on Linux, Go's since 1.16), or when the kernel needs it (`MADV_FREE`, Go 1.12 to 1.15), which is
/// cheaper and keeps the process looking large.
#[derive(Debug)]
pub struct Unix<const LAZY: bool = false> {
    ladder: Ladder,
    names: bool,
}

impl Unix {
    /// Gives memory back at once.
    #[cfg(not(gomalloc_loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            ladder: Ladder::new(false),
            names: false,
        }
    }

    /// Gives memory back at once.
    #[cfg(gomalloc_loom)]
    #[must_use]
    pub fn new() -> Self {
        Self {
            ladder: Ladder::new(false),
            names: false,
        }
    }
}

impl Unix<true> {
    /// Lets the kernel take memory back when it needs it.
    #[cfg(not(gomalloc_loom))]
    #[must_use]
    pub const fn new_lazy() -> Self {
        Self {
            ladder: Ladder::new(true),
            names: false,
        }
    }

    /// Lets the kernel take memory back when it needs it.
    #[cfg(gomalloc_loom)]
    #[must_use]
    pub fn new_lazy() -> Self {
        Self {
            ladder: Ladder::new(true),
            names: false,
        }
    }
}

impl<const LAZY: bool> Unix<LAZY> {
    /// Names mappings (`[anon: gomalloc: heap]` in `/proc/self/maps`), where the kernel has names
    /// for anonymous memory: Linux 5.17 with `CONFIG_ANON_VMA_NAME`. It costs a call a mapping.
    #[must_use]
    pub const fn with_names(mut self) -> Self {
        self.names = true;
        self
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
}

impl Default for Unix {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for Unix<true> {
    fn default() -> Self {
        Self::new_lazy()
    }
}

// SAFETY: anonymous private mappings are nobody else's, zero at first, and accessible once their
// protection says so.
unsafe impl<const LAZY: bool> Os for Unix<LAZY> {
    const PROTECTS: bool = true;
    /// Elsewhere the advice is only advice.
    const UNUSED_IS_ZERO: bool = !LAZY && cfg!(any(target_os = "linux", target_os = "android"));

    fn page_size(&self) -> usize {
        system::page_size()
    }

    fn huge_page_size(&self) -> usize {
        system::huge_page_size()
    }

    fn program_break(&self) -> Option<Addr> {
        system::program_break()
    }

    fn alloc(&self, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        Self::mmap(None, bytes, access, MapFlags::empty())
    }

    fn reserve(&self, hint: Option<Addr>, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        Self::mmap(hint, bytes, ProtFlags::empty(), NO_RESERVE)
    }

    unsafe fn map(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // Go maps anew with MAP_FIXED; before Linux 6.12 a refused one leaves a hole that anybody
        // may take. A refused mprotect changes nothing.
        // SAFETY: the caller owns the range, and Reserved memory has no content.
        unsafe { protect(at, bytes, MprotectFlags::READ | MprotectFlags::WRITE) }
    }

    unsafe fn used(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { ladder::reuse(at, bytes) };
        Ok(())
    }

    unsafe fn unused(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.ladder.give_back(at, bytes) }
    }

    unsafe fn fault(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // What is mapped next must read as zero, so the content goes at once.
        // SAFETY: the caller owns the range and gives its content up.
        unsafe { self.ladder.empty(at, bytes) }?;
        // SAFETY: the caller owns the range, and nothing refers to its content.
        unsafe { protect(at, bytes, MprotectFlags::empty()) }
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

    unsafe fn advise(&self, at: NonNull<u8>, bytes: ByteCount, advice: Advice) {
        // SAFETY: the caller's duty is the call's.
        unsafe { system::advise(at, bytes, advice) };
    }

    unsafe fn remap(
        &self,
        from: NonNull<u8>,
        to: NonNull<u8>,
        bytes: ByteCount,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { system::remap(from, to, bytes) }
    }

    fn name(&self, at: NonNull<u8>, bytes: ByteCount, name: &'static CStr) {
        if self.names {
            system::name(at, bytes, name);
        }
    }
}

/// A reservation is no promise of memory: without the flag Linux charges a later large `mprotect`
/// against the commit limit.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
const NO_RESERVE: MapFlags = MapFlags::NORESERVE;
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
const NO_RESERVE: MapFlags = MapFlags::empty();

/// # Safety
///
/// The caller owns the range and nothing needs its present protection.
unsafe fn protect(at: NonNull<u8>, bytes: ByteCount, flags: MprotectFlags) -> Result<(), Reason> {
    // SAFETY: the caller's duty is the call's.
    unsafe { mm::mprotect(at.as_ptr().cast(), bytes.get(), flags) }.map_err(reason)
}

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
