//! Where the contiguous layout has the bitmap: one table, downward from the arena's first byte.
//!
//! Mapped under the layout's lock, as far as somebody has asked; read by anybody. After Go 1.10
//! `heapBitsForAddr` and `mapBits`.
#![expect(unsafe_code, reason = "a table of atomics in raw memory")]
use super::{Contiguous, Inner};
use crate::{Addr, GrowError, HeapBitmap, Os, PAGE_BYTES, PageCount, Platform, limits};
use core::ptr::NonNull;
use sync::atomic::{AtomicU8, Ordering};

impl<O: Os, P: Platform> Contiguous<O, P> {
    /// Bytes of memory that one byte of the bitmap describes.
    const DESCRIBED: usize = 4 * P::POINTER_BYTES;

    /// Maps the bitmap of everything below `offset`.
    pub(super) fn map_bits(&self, inner: &mut Inner, offset: usize) -> Result<(), GrowError> {
        let bytes = offset
            .div_ceil(Self::DESCRIBED)
            .next_multiple_of(PAGE_BYTES);
        let fresh = inner
            .bitmap
            .map_to(&self.memory, &mut inner.ground, bytes * Self::TAG_BYTES)
            .map_err(GrowError::Metadata)?;
        if let (Some((at, bytes)), false) = (fresh, limits::ZERO_IS_AN_ATOMIC) {
            let count = bytes / Self::TAG_BYTES;
            // SAFETY: mapped just now for as many entries.
            unsafe { crate::map::init_entries(at.cast(), count, || AtomicU8::new(0)) };
        }
        let mapped = inner.bitmap.mapped().get() / Self::TAG_BYTES;
        // Release: publishes the mapped part; pairs with the Acquire in `bitmap_byte`.
        self.bitmap_mapped.store(mapped, Ordering::Release);
        Ok(())
    }
}

impl<O: Os, P: Platform> HeapBitmap for Contiguous<O, P> {
    const WORD_BYTES: usize = P::POINTER_BYTES;

    fn map_bitmap(&self, first: Addr, pages: PageCount) -> Result<(), GrowError> {
        let too_large = GrowError::TooLarge(pages.get());
        let bytes = pages.bytes().filter(|bytes| !bytes.is_zero());
        let end = first
            .checked_add(bytes.ok_or(too_large)?)
            .ok_or(too_large)?;
        let mut inner = self.inner.lock();
        let last = Addr::new(end.get() - 1);
        for addr in [first, last] {
            self.index(addr).ok_or(GrowError::Outside(addr))?;
        }
        self.map_bits(&mut inner, end.get() - self.start)
    }

    fn bitmap_byte(&self, addr: Addr) -> Option<&AtomicU8> {
        self.index(addr)?;
        let byte = (addr.get() - self.start) / Self::DESCRIBED;
        // Acquire: pairs with the Release in `map_bits`.
        if byte >= self.bitmap_mapped.load(Ordering::Acquire) {
            return None;
        }
        let end = self.bitmap_end.as_ptr();
        let place = NonNull::new(end.wrapping_sub((byte + 1) * Self::TAG_BYTES))?;
        // SAFETY: this many bytes below the end are mapped.
        Some(unsafe { self.entry_at(place.as_ptr()) })
    }
}
