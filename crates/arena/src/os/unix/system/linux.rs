//! Linux and Android.
//!
//! Stateless.
#![expect(unsafe_code, reason = "system calls for memory")]
use crate::os::unix::reason;
use crate::{Addr, Advice, ByteCount, Reason};
use core::ffi::CStr;
use core::ptr::NonNull;
use rustix::io::Errno;
use rustix::mm::{self, MremapFlags};

/// Bytes of a transparent huge page (Go `getHugePageSize`); 0 if there are none.
pub(in crate::os::unix) fn huge_page_size() -> usize {
    const FILE: &CStr = c"/sys/kernel/mm/transparent_hugepage/hpage_pmd_size";
    // SAFETY: opens a file by a constant name.
    let file = unsafe { libc::open(FILE.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
    if file < 0 {
        return 0;
    }
    let mut text = [0_u8; 24];
    // SAFETY: the buffer has room for what is asked for.
    let length = unsafe { libc::read(file, text.as_mut_ptr().cast(), text.len()) };
    // SAFETY: opened above.
    unsafe { libc::close(file) };
    let length = usize::try_from(length).unwrap_or(0);
    parse_size(text.get(..length).unwrap_or(&[]))
}

/// A decimal number and a line's end; anything else, or a number that is no power of two, is 0.
pub(super) fn parse_size(text: &[u8]) -> usize {
    let digits = text.strip_suffix(b"\n").unwrap_or(text);
    let number = core::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse().ok());
    number
        .filter(|bytes: &usize| bytes.is_power_of_two())
        .unwrap_or(0)
}

/// The program break, where there is one.
pub(in crate::os::unix) fn program_break() -> Option<Addr> {
    // SAFETY: an increment of 0 only asks.
    let brk = unsafe { libc::sbrk(0) };
    // −1 is its error.
    (brk.addr() != usize::MAX).then_some(Addr::of(brk))
}

/// # Safety
///
/// The caller owns the range.
pub(in crate::os::unix) unsafe fn advise(at: NonNull<u8>, bytes: ByteCount, advice: Advice) {
    /// `MADV_COLLAPSE`, Linux 6.1 and later, which libc does not name for every C library.
    const COLLAPSE: i32 = 25;
    let advice = match advice {
        Advice::HugePages => libc::MADV_HUGEPAGE,
        Advice::NoHugePages => libc::MADV_NOHUGEPAGE,
        Advice::Collapse => COLLAPSE,
    };
    // A kernel without huge pages refuses; the memory works without them.
    // SAFETY: the caller's duty is the call's; none of these changes any content.
    unsafe { libc::madvise(at.as_ptr().cast(), bytes.get(), advice) };
}

/// Moves the pages of a range: Linux 5.7 and later.
///
/// # Safety
///
/// The caller owns both ranges, which are accessible and disjoint, and gives the content of `to` up.
pub(in crate::os::unix) unsafe fn remap(
    from: NonNull<u8>,
    to: NonNull<u8>,
    bytes: ByteCount,
) -> Result<(), Reason> {
    // MREMAP_DONTUNMAP leaves the old range mapped and empty, so nobody can take its addresses.
    // Rustix names it for its own system calls only, not over libc.
    const DONT_UNMAP: MremapFlags = MremapFlags::from_bits_retain(4);
    let flags = MremapFlags::MAYMOVE | DONT_UNMAP;
    let (old, new, bytes) = (from.as_ptr().cast(), to.as_ptr().cast(), bytes.get());
    // SAFETY: the caller's duty is the call's.
    let moved = unsafe { mm::mremap_fixed(old, bytes, bytes, flags, new) };
    match moved {
        Ok(_) => Ok(()),
        Err(Errno::INVAL | Errno::NOSYS) => Err(Reason::Unsupported),
        Err(errno) => Err(reason(errno)),
    }
}

/// Names a mapping. A kernel without names refuses, and nothing depends on it.
pub(in crate::os::unix) fn name(at: NonNull<u8>, bytes: ByteCount, name: &'static CStr) {
    const PR_SET_VMA: libc::c_int = 0x5356_4d41;
    const PR_SET_VMA_ANON_NAME: libc::c_ulong = 0;
    let (start, length) = (at.as_ptr(), bytes.get());
    // SAFETY: changes nothing but what `/proc/self/maps` shows for the range.
    unsafe {
        libc::prctl(
            PR_SET_VMA,
            PR_SET_VMA_ANON_NAME,
            start,
            length,
            name.as_ptr(),
        )
    };
}
