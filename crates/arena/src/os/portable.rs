//! Any system that memmap2 knows, with what is common to all of them: whole anonymous mappings.
//!
//! Stateless, so it may be shared freely; the system protects its own tables. It can neither choose
//! addresses nor take access away, and says so ([`Os::HONOURS_HINTS`], [`Os::PROTECTS`]); memory
//! that is not used stays with the process until its mapping goes.
//!
//! ```text
//!     mapping: │ head ···· │ Mapping │ what is handed out ··············· │ tail │
//! ```
#![expect(unsafe_code, reason = "keeps mappings alive behind raw pointers")]
use super::Os;
use crate::{Addr, ByteCount, Reason};
use core::ptr::NonNull;
use memmap2::{MmapMut, MmapOptions};

/// The unit in which this system is spoken to. It is a multiple of the page of every system that
/// has a memmap2, and what Windows reserves in; nothing here depends on the page itself.
const PAGE_BYTES: usize = 64 << 10;

/// Anonymous mappings by memmap2.
#[derive(Clone, Copy, Debug, Default)]
pub struct Portable;

/// What is kept in front of memory that was handed out: dropping it unmaps.
struct Mapping {
    mapping: MmapMut,
}

impl Portable {
    /// The one system there is.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// Maps `bytes` at a multiple of `align`, with room for its [`Mapping`] in front.
    fn map_aligned(bytes: usize, align: usize) -> Result<NonNull<u8>, Reason> {
        let length = bytes.checked_add(align).ok_or(Reason::OutOfMemory)?;
        let mut mapping = MmapOptions::new();
        let mapping = mapping.len(length).no_reserve_swap().map_anon();
        let mut mapping = mapping.map_err(|error| match error.raw_os_error() {
            Some(code) => Reason::Code(code),
            None => Reason::OutOfMemory,
        })?;
        let start = NonNull::new(mapping.as_mut_ptr()).ok_or(Reason::Conflict)?;
        let gap = align - start.addr().get() % align;
        // SAFETY: `gap <= align`, so `bytes` remain of the mapping behind it.
        let at = unsafe { start.add(gap) };
        // SAFETY: mappings begin at pages, so the gap is a page at least.
        let place = unsafe { at.cast::<Mapping>().sub(1) };
        // SAFETY: inside the mapping, in front of what is handed out, and aligned, since `at` is.
        unsafe { place.write(Mapping { mapping }) };
        Ok(at)
    }
}

// SAFETY: anonymous mappings are nobody else's, zero at first, accessible, and stay until `free`
// drops the record in front of them.
unsafe impl Os for Portable {
    const PROTECTS: bool = false;
    const HONOURS_HINTS: bool = false;

    fn page_size(&self) -> usize {
        PAGE_BYTES
    }

    fn frees_parts(&self) -> bool {
        false
    }

    fn alloc(&self, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        Self::map_aligned(bytes.get(), PAGE_BYTES)
    }

    fn reserve(&self, _hint: Option<Addr>, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        Self::map_aligned(bytes.get(), PAGE_BYTES)
    }

    fn reserve_aligned(
        &self,
        bytes: ByteCount,
        align: ByteCount,
    ) -> Option<Result<NonNull<u8>, Reason>> {
        Some(Self::map_aligned(bytes.get(), align.get().max(PAGE_BYTES)))
    }

    unsafe fn map(&self, _at: NonNull<u8>, _bytes: ByteCount) -> Result<(), Reason> {
        Ok(())
    }

    unsafe fn used(&self, _at: NonNull<u8>, _bytes: ByteCount) -> Result<(), Reason> {
        Ok(())
    }

    unsafe fn unused(&self, _at: NonNull<u8>, _bytes: ByteCount) -> Result<(), Reason> {
        Ok(())
    }

    unsafe fn fault(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // What is mapped next must read as zero.
        // SAFETY: the caller owns the range, which is accessible, and gives its content up.
        unsafe { at.write_bytes(0, bytes.get()) };
        Ok(())
    }

    unsafe fn free(&self, at: NonNull<u8>, _bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: `map_aligned` left room in front of what it returned, and the caller frees that.
        let place = unsafe { at.cast::<Mapping>().sub(1) };
        // SAFETY: `map_aligned` wrote it. It lies in the mapping that goes with it, so it is taken
        // out first.
        let Mapping { mapping } = unsafe { place.read() };
        drop(mapping);
        Ok(())
    }
}

#[cfg(all(test, not(any(miri, gomalloc_loom))))]
mod tests;
