//! The default table's lookup as one byte per 8 bytes of size: the class in one load.
//!
//! Read-only; what the hit paths of an allocator use, hence `#[inline(always)]` throughout. Each
//! table is there twice: as a `static` for those who want it shared, and as a `const` for those
//! who want a `static` of their own beside their own code, which then needs no load through
//! another crate's symbol.

use crate::class::SizeClass;
use crate::table::{GO_1_16_VALUE, Table};
use crate::{MAX_SMALL_SIZE, MIN_HEAP_ALIGN, TINY_SIZE};

/// Entries of the flat tables: one per 8 bytes from 0 to 32768.
pub const FLAT_LEN: usize = MAX_SMALL_SIZE / MIN_HEAP_ALIGN + 1;

/// Largest alignment in bytes that [`hit_class`] looks up.
pub const MAX_HIT_ALIGN: usize = 128;

/// The values of [`FLAT`].
pub const FLAT_CLASSES: [u8; FLAT_LEN] = match GO_1_16_VALUE.flatten() {
    Some(flat) => flat,
    None => panic!("the flat table has an entry per 8 bytes of the default table"),
};

/// Entry (size + 7) / 8 is the number of the first class of [`GO_1_16`](crate::GO_1_16) that has
/// `size` bytes; entry 0 is class 0.
pub static FLAT: [u8; FLAT_LEN] = FLAT_CLASSES;

/// The values of [`FLAT_MALLOC`].
pub const FLAT_MALLOC_CLASSES: [u8; FLAT_LEN] = malloc_classes();

/// As [`FLAT`], but without the classes that are not aligned to 16 bytes, save that of 8 bytes.
///
/// C's `malloc` owes 16 bytes of alignment on 64-bit systems to whatever may hold a `long double`
/// or a vector: to every request of 16 bytes and more, and by rounding also to 9 to 15. Class 3,
/// 24 bytes, is the only one that differs: its sizes go to class 4.
pub static FLAT_MALLOC: [u8; FLAT_LEN] = FLAT_MALLOC_CLASSES;

const fn malloc_classes() -> [u8; FLAT_LEN] {
    let mut flat = FLAT_CLASSES;
    let mut at = 2;
    while at < FLAT_LEN {
        while let Some(class) = SizeClass::new(flat[at])
            && GO_1_16_VALUE.align(class) < TINY_SIZE
        {
            flat[at] += 1;
        }
        at += 1;
    }
    flat
}

/// The class number of `size` in the default table, 0 for size 0 and above 32768.
///
/// ```
/// use gomalloc_sizeclass::flat_class;
///
/// assert_eq!(flat_class(24), 3);
/// assert_eq!(flat_class(32_769), 0);
/// ```
#[inline(always)]
pub const fn flat_class(size: usize) -> u8 {
    flat_class_in(&FLAT, size)
}

/// [`flat_class`] by the caller's copy of [`FLAT_CLASSES`] (or of [`FLAT_MALLOC_CLASSES`]).
#[inline(always)]
pub const fn flat_class_in(flat: &[u8; FLAT_LEN], size: usize) -> u8 {
    hit_class_in(flat, size, 1)
}

/// The number of the smallest class of the default table whose slots hold `size` bytes and are
/// aligned to `align`, a power of two; 0 for what is large or unusual: size 0, more than 32768
/// bytes, an alignment above [`MAX_HIT_ALIGN`].
///
/// For allocators' hit paths: one comparison for all that is unusual and one load; on x86-64 nine
/// instructions for an alignment known only at run time, five or six for one that the compiler
/// knows, and no conditional move. What gets 0 goes on to [`Table::class_for`], out of line. (If
/// `align` is not a power of two, the result is some class that holds `size` bytes, or 0.)
///
/// The size is rounded up to the alignment and then looked up. That finds the smallest suitable
/// class, because a class's alignment follows from its size, every multiple of 16, 32, 64 and 128
/// up to 128, 256, 512 and 1024 is itself a class, and all classes from there on are multiples of
/// it. The tests compare with a search for every size and alignment.
///
/// ```
/// use gomalloc_sizeclass::hit_class;
///
/// assert_eq!(hit_class(24, 8), 3); // 24 bytes
/// assert_eq!(hit_class(24, 16), 4); // 32 bytes: 24 is a multiple of 8 only
/// assert_eq!(hit_class(24, 256), 0);
/// ```
#[inline(always)]
pub const fn hit_class(size: usize, align: usize) -> u8 {
    hit_class_in(&FLAT, size, align)
}

/// [`hit_class`] by the caller's copy of [`FLAT_CLASSES`].
#[inline(always)]
pub const fn hit_class_in(flat: &[u8; FLAT_LEN], size: usize, align: usize) -> u8 {
    // The offset of the last byte, with the bits below the alignment set: one less than the size
    // rounded up, and unlike a sum it cannot overflow. Size 0 becomes the largest of all.
    let mask = align.wrapping_sub(1);
    let last = size.wrapping_sub(1) | mask;
    // An alignment above 128 has bits of its mask above the lowest seven; shifted by eight they
    // are as large as a large size is.
    let unusual = (mask & !(MAX_HIT_ALIGN - 1)) << 8;
    if last | unusual >= MAX_SMALL_SIZE {
        return 0;
    }
    flat[last / MIN_HEAP_ALIGN + 1]
}

/// The class number that C's `malloc` takes for `size`, 0 for size 0 and above 32768: aligned to
/// 16 bytes for 9 bytes and more.
///
/// ```
/// use gomalloc_sizeclass::malloc_class;
///
/// assert_eq!(malloc_class(8), 1);
/// assert_eq!(malloc_class(24), 4); // 32 bytes
/// ```
#[inline(always)]
pub const fn malloc_class(size: usize) -> u8 {
    flat_class_in(&FLAT_MALLOC, size)
}

impl Table {
    /// The whole lookup as a flat array with an entry per [`min_align`](Self::min_align) bytes:
    /// entry i is the first class of at least i · `min_align` bytes, entry 0 is class 0.
    ///
    /// `None` unless `N` is [`max_size`](Self::max_size) / `min_align` + 1. Takes N steps; meant
    /// for a `const` or `static`.
    ///
    /// ```
    /// use gomalloc_sizeclass::GO_1_8;
    ///
    /// let flat: [u8; 4097] = GO_1_8.flatten().unwrap();
    /// assert_eq!(flat[24 / 8], 3); // 32 bytes: this table has no class of 24
    /// ```
    pub const fn flatten<const N: usize>(&self) -> Option<[u8; N]> {
        if N != self.max_size() / self.min_align() + 1 {
            return None;
        }
        let mut flat = [0; N];
        let mut at = 1;
        while at < N {
            flat[at] = match self.class_of(at * self.min_align()) {
                Some(class) => class.get(),
                None => return None,
            };
            at += 1;
        }
        Some(flat)
    }
}

#[cfg(test)]
mod tests;
