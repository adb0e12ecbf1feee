//! What is asked of the kernel once, or only wished: page sizes, the break, huge pages, names,
//! moving pages.
//!
//! Stateless. Where a system has no such thing, the call does nothing, or says so.
#![expect(unsafe_code, reason = "asks the C library for a number")]

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "system/linux.rs"]
mod imp;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[path = "system/other.rs"]
mod imp;

pub(super) use imp::{advise, huge_page_size, name, program_break, remap};

/// Bytes of a page; 0 if the system does not say.
pub(super) fn page_size() -> usize {
    // SAFETY: reads a number of the running kernel.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).unwrap_or(0)
}

#[cfg(all(test, not(any(miri, gomalloc_loom))))]
mod tests;
