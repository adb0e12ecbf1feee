//! The heap bitmap: two bits for each word of the heap, for whoever traces pointers through it.
//!
//! Shared by every thread; bytes are atomic, and a range belongs to whoever owns the memory that it
//! describes. Where the bytes lie is the layout's affair ([`HeapBitmap`]). After Go 1.10 and 1.11
//! `heapBits`. Nothing of it is mapped before somebody asks for it.
//!
//! ```text
//!     byte:  │ scan 3 │ scan 2 │ scan 1 │ scan 0 │ pointer 3 │ pointer 2 │ pointer 1 │ pointer 0 │
//! ```
//!
//! *Pointer*: the word holds a pointer. *Scan*: there is more to look at, here or further on in the
//! object. Both clear: the rest of the object holds no pointers.
use crate::{Addr, AddressSpace, ByteCount, GrowError, PageCount};
use sync::atomic::{AtomicU8, Ordering};
use thiserror::Error;

/// Words that one byte describes.
const WORDS: usize = 4;

/// The two bits of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct WordBits {
    /// The word holds a pointer.
    pub pointer: bool,
    /// There is more to scan from here on.
    pub scan: bool,
}

impl WordBits {
    /// Nothing more to scan.
    pub const DEAD: Self = Self {
        pointer: false,
        scan: false,
    };
    /// A pointer, and maybe more of them.
    pub const POINTER: Self = Self {
        pointer: true,
        scan: true,
    };
    /// No pointer here, but there may be some further on.
    pub const SCALAR: Self = Self {
        pointer: false,
        scan: true,
    };

    /// As the first word of a byte has them.
    const fn bits(self) -> u8 {
        self.pointer as u8 | (self.scan as u8) << 4
    }

    const fn from_bits(bits: u8) -> Self {
        Self {
            pointer: bits & 0x01 != 0,
            scan: bits & 0x10 != 0,
        }
    }
}

/// A range of the bitmap could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum BitmapError {
    /// Go's "initSpan: unaligned length".
    #[error("bitmap of {bytes} bytes at {addr}: not a multiple of four words")]
    Unaligned {
        /// Start of the range.
        addr: Addr,
        /// Its length.
        bytes: ByteCount,
    },
    /// No bitmap is mapped there.
    #[error("no bitmap at {0}")]
    Absent(Addr),
}

/// A layout that has a place for the bitmap.
///
/// The byte of an address is the same as long as the layout lives, and no two words share bits.
pub trait HeapBitmap: AddressSpace {
    /// Bytes of a word.
    const WORD_BYTES: usize;

    /// Maps the bitmap of these pages; dead bits at first. Takes the layout's lock.
    ///
    /// # Errors
    ///
    /// Nothing is lost and the next attempt can succeed.
    fn map_bitmap(&self, first: Addr, pages: PageCount) -> Result<(), GrowError>;

    /// The byte that describes the word at `addr` and its three neighbours; `None` if it is not
    /// mapped. Lock-free.
    fn bitmap_byte(&self, addr: Addr) -> Option<&AtomicU8>;

    /// The bitmap, to read and write.
    fn bitmap(&self) -> Bitmap<'_, Self>
    where
        Self: Sized,
    {
        Bitmap { space: self }
    }
}

/// Accessors of a layout's bitmap.
#[derive(Debug)]
pub struct Bitmap<'a, S> {
    space: &'a S,
}

impl<S> Clone for Bitmap<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Bitmap<'_, S> {}

impl<'a, S: HeapBitmap> Bitmap<'a, S> {
    /// Bytes of memory that one byte describes.
    const GROUP: usize = WORDS * S::WORD_BYTES;

    /// The bits of the word around `addr`; `None` if they are not mapped.
    #[must_use]
    pub fn get(self, addr: Addr) -> Option<WordBits> {
        let byte = self.space.bitmap_byte(addr)?.load(Ordering::Relaxed);
        Some(WordBits::from_bits(byte >> Self::shift(addr)))
    }

    /// Sets the bits of the word around `addr`. Neighbours in the same byte may be set meanwhile.
    ///
    /// # Errors
    ///
    /// The bitmap is not mapped there.
    pub fn set(self, addr: Addr, bits: WordBits) -> Result<(), BitmapError> {
        let byte = self.space.bitmap_byte(addr);
        let byte = byte.ok_or(BitmapError::Absent(addr))?;
        let shift = Self::shift(addr);
        let (mask, new) = (WordBits::POINTER.bits() << shift, bits.bits() << shift);
        // Relaxed: the bits describe memory whose owner publishes it by other means.
        let _ = byte.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |old| {
            Some(old & !mask | new)
        });
        Ok(())
    }

    /// Sets all words of a range alike: dead for a new span, pointers for one of single words.
    ///
    /// # Errors
    ///
    /// The range is not made of groups of four words, or the bitmap is not mapped there.
    pub fn fill(self, first: Addr, bytes: ByteCount, bits: WordBits) -> Result<(), BitmapError> {
        let group = Self::GROUP;
        if (first.get() | bytes.get()) & (group - 1) != 0 {
            let addr = first;
            return Err(BitmapError::Unaligned { addr, bytes });
        }
        let all = bits.bits() * 0b1111;
        for offset in (0..bytes.get()).step_by(group) {
            let addr = Addr::new(first.get() + offset);
            let byte = self.space.bitmap_byte(addr);
            let byte = byte.ok_or(BitmapError::Absent(addr))?;
            byte.store(all, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Marks every word of a range dead.
    ///
    /// # Errors
    ///
    /// As [`Bitmap::fill`].
    pub fn clear(self, first: Addr, bytes: ByteCount) -> Result<(), BitmapError> {
        self.fill(first, bytes, WordBits::DEAD)
    }

    /// The words of an object that hold pointers, in ascending order, up to the first dead one.
    pub fn pointers(
        self,
        first: Addr,
        bytes: ByteCount,
    ) -> impl Iterator<Item = Addr> + use<'a, S> {
        let words = bytes.get() / S::WORD_BYTES;
        (0..words)
            .map(move |word| Addr::new(first.get() + word * S::WORD_BYTES))
            .map_while(move |addr| {
                let bits = self.get(addr)?;
                (bits != WordBits::DEAD).then_some((addr, bits))
            })
            .filter_map(|(addr, bits)| bits.pointer.then_some(addr))
    }

    /// Which word of its byte an address is in.
    fn shift(addr: Addr) -> usize {
        addr.get() / S::WORD_BYTES % WORDS
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
