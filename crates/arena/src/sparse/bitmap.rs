//! Where the sparse layout has the bitmap: one piece for each arena, forward.
//!
//! Pieces are made under the layout's lock and published in the arena's head; read by anybody.
//! After Go 1.11 `heapArena.bitmap`, which is part of the metadata there.
#![expect(unsafe_code, reason = "a table of atomics in raw memory")]
use super::{Inner, Sparse};
use crate::map::Metadata;
use crate::{Addr, ByteCount, Category, GrowError, HeapBitmap, Os, PageCount, Platform};
use core::ptr::NonNull;
use sync::atomic::{AtomicU8, Ordering};

impl<O: Os, P: Platform> Sparse<O, P> {
    /// Makes sure that the arena around `addr` has its bitmap.
    fn map_arena_bitmap(&self, inner: &mut Inner, addr: Addr) -> Result<(), GrowError> {
        let outside = GrowError::Outside(addr);
        let head = self.lookup.map.metadata(addr).ok_or(outside)?.head();
        if !head.bitmap.load(Ordering::Relaxed).is_null() {
            return Ok(());
        }
        let (count, align) = (Metadata::<P>::BITMAP_BYTES, align_of::<AtomicU8>());
        let bytes = ByteCount::new(count * size_of::<AtomicU8>());
        let bitmap = inner
            .persistent
            .alloc(
                &self.memory,
                bytes,
                ByteCount::new(align),
                Category::Metadata,
            )
            .map_err(GrowError::Metadata)?;
        // SAFETY: fresh, zeroed and large enough.
        unsafe { crate::map::init_entries(bitmap.cast(), count, || AtomicU8::new(0)) };
        // Release: publishes the zeroed bitmap; pairs with the Acquire in `bitmap_byte`.
        head.bitmap.store(bitmap.as_ptr(), Ordering::Release);
        Ok(())
    }
}

impl<O: Os, P: Platform> HeapBitmap for Sparse<O, P> {
    const WORD_BYTES: usize = P::POINTER_BYTES;

    fn map_bitmap(&self, first: Addr, pages: PageCount) -> Result<(), GrowError> {
        let Some(bytes) = pages.bytes().filter(|bytes| !bytes.is_zero()) else {
            return Err(GrowError::TooLarge(pages.get()));
        };
        let mut inner = self.inner.lock();
        let end = first.get().checked_add(bytes.get() - 1);
        let end = end.ok_or(GrowError::TooLarge(pages.get()))?;
        let mut at = first.get();
        while at <= end {
            self.map_arena_bitmap(&mut inner, Addr::new(at))?;
            let next = (at | (P::ARENA.get() - 1)).checked_add(1);
            at = next.ok_or(GrowError::TooLarge(pages.get()))?;
        }
        Ok(())
    }

    fn bitmap_byte(&self, addr: Addr) -> Option<&AtomicU8> {
        let head = self.lookup.map.metadata(addr)?.head();
        // Acquire: pairs with the Release in `map_arena_bitmap`.
        let bitmap = NonNull::new(head.bitmap.load(Ordering::Acquire))?.cast::<AtomicU8>();
        let offset = addr.get() & (P::ARENA.get() - 1);
        // SAFETY: a bitmap has a byte for every four words of its arena.
        let byte = unsafe { bitmap.add(offset / (4 * P::POINTER_BYTES)) };
        // SAFETY: it lives as long as the layout, and is only accessed atomically.
        Some(unsafe { byte.as_ref() })
    }
}
