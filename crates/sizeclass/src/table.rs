//! A table of size classes with its lookups: Go's two, and whatever [`derive`](crate::derive) makes.
//!
//! Immutable after its derivation, so any number of threads may share it without protection.

use core::fmt;

mod build;
mod describe;
#[cfg(any(test, fuzzing))]
mod invariants;

use crate::class::SizeClass;
use crate::derive::Params;
use crate::reciprocal::{self, ShiftMul};
pub use describe::{Alignment, Alignments, Description};

/// Entries that both lookups of a table share. Go's two tables use 378; 1 MiB at a granule of
/// 512 bytes needs 2554.
const LOOKUP_CAPACITY: usize = 2560;

/// What is kept per class. All zero for class 0 and behind the last class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    slot_bytes: u32,
    magic: u32,
    slots: u32,
    pages: u16,
    shift_mul: ShiftMul,
}

impl Row {
    const NONE: Self = Self {
        slot_bytes: 0,
        magic: 0,
        slots: 0,
        pages: 0,
        shift_mul: ShiftMul {
            shift: 0,
            shift2: 0,
            mul: 0,
            base_mask: 0,
        },
    };
}

/// Size classes in ascending order, with two lookup tables and both reciprocals of each size.
///
/// A value of fixed size (5 KiB) without indirection: it may be a `static`, a local, or a field.
/// [`GO_1_16`] and [`GO_1_8`] are Go's; [`Table::derive`] makes others.
///
/// Every method takes constant time except where its documentation says otherwise. None panics:
/// a class that is not in the table has 0 bytes, 0 pages, 0 slots and a reciprocal of 0, as the
/// large class 0 has.
///
/// # Invariants
///
/// * I1: `rows[0]` is zero; `rows[1..len]` ascend strictly in `slot_bytes`; the rest is zero.
/// * I2: sizes up to `cut` are multiples of 2^`fine_shift`, larger ones of 2^`coarse_shift`.
/// * I3: fine entry i is the first class of at least i · 2^`fine_shift` bytes, for i up to
///   `fine_len`; coarse entry i is the first of at least `cut` + i · 2^`coarse_shift` bytes.
/// * I4: `slots` · `slot_bytes` ≤ `pages` · page bytes < (`slots` + 1) · `slot_bytes`.
/// * I5: `magic` and `shift_mul` are exact for all offsets below the span's bytes; `magic` is so at
///   its end too, unless it is 0, and that only for spans of one slot.
#[derive(Clone, PartialEq, Eq)]
pub struct Table {
    rows: [Row; SizeClass::LIMIT],
    /// Fine entries, then coarse ones.
    lookup: [u8; LOOKUP_CAPACITY],
    max_size: u32,
    cut: u32,
    fine_len: u16,
    coarse_len: u16,
    len: u8,
    fine_shift: u8,
    coarse_shift: u8,
    page_shift: u8,
}

/// The table of Go 1.16 and all releases since, as a value for constants.
pub(crate) const GO_1_16_VALUE: Table = expect_table(&Params::GO_1_16, crate::CLASSES);

/// The 68 entries of Go 1.16 and all releases since: the default.
pub static GO_1_16: Table = GO_1_16_VALUE;

/// The 67 entries of Go 1.7 to 1.15, which have no class of 24 bytes.
pub static GO_1_8: Table = expect_table(&Params::GO_1_8, 67);

const fn expect_table(params: &Params, len: usize) -> Table {
    match Table::derive(params) {
        Ok(table) => {
            assert!(table.len() == len, "number of size classes has changed");
            table
        }
        Err(_) => panic!("parameters of a Go table give no table"),
    }
}

impl Table {
    /// [`GO_1_16`].
    pub const DEFAULT: &'static Self = &GO_1_16;

    /// Entries, class 0 included: one more than the largest class.
    #[expect(
        clippy::len_without_is_empty,
        reason = "no table is empty: each has a class"
    )]
    #[inline]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Bytes of a page.
    #[inline]
    pub const fn page_bytes(&self) -> usize {
        1 << self.page_shift
    }

    /// The largest size in bytes that has a class.
    #[inline]
    pub const fn max_size(&self) -> usize {
        self.max_size as usize
    }

    /// The smallest alignment in bytes that every slot has.
    #[inline]
    pub const fn min_align(&self) -> usize {
        1 << self.fine_shift
    }

    /// Every class of the table, ascending, without class 0.
    #[inline]
    pub const fn classes(&self) -> Classes {
        Classes {
            next: 1,
            end: self.len,
        }
    }

    /// Whether `class` is in the table and not class 0.
    #[inline]
    pub const fn contains(&self, class: SizeClass) -> bool {
        !class.is_large() && class.get() < self.len
    }

    /// The smallest class of at least `size` bytes; `None` above [`max_size`](Self::max_size).
    ///
    /// Size 0 has the smallest class, so that every object has an address of its own. (Go never
    /// asks: its zero-sized objects share one address.)
    ///
    /// ```
    /// use gomalloc_sizeclass::Table;
    ///
    /// let class = Table::DEFAULT.class_of(1025).unwrap();
    /// assert_eq!(Table::DEFAULT.slot_bytes(class), 1152);
    /// assert_eq!(Table::DEFAULT.class_of(32_769), None);
    /// ```
    #[inline]
    pub const fn class_of(&self, size: usize) -> Option<SizeClass> {
        if size > self.max_size as usize {
            return None;
        }
        let size = if size == 0 { 1 } else { size };
        let fine = (size + (1 << self.fine_shift) - 1) >> self.fine_shift;
        // The fine part ends one entry short of the cut, as Go's does (1016, not 1024): what
        // rounds up to the cut is the first coarse entry.
        if fine << self.fine_shift < self.cut as usize {
            return self.entry(fine);
        }
        // `size` is above `cut` - `min_align`, and `min_align` ≤ `granule`: not negative.
        let coarse = size + (1 << self.coarse_shift) - 1 - self.cut as usize;
        self.entry(self.fine_len as usize + (coarse >> self.coarse_shift))
    }

    #[inline]
    const fn entry(&self, at: usize) -> Option<SizeClass> {
        // Never so by I3; said so that no code for a panic is made.
        if at >= LOOKUP_CAPACITY {
            return None;
        }
        SizeClass::new(self.lookup[at])
    }

    /// Bytes of a slot of `class`.
    #[inline]
    pub const fn slot_bytes(&self, class: SizeClass) -> usize {
        self.row(class).slot_bytes as usize
    }

    /// Pages of a span of `class`.
    #[inline]
    pub const fn pages(&self, class: SizeClass) -> usize {
        self.row(class).pages as usize
    }

    /// Bytes of a span of `class`.
    #[inline]
    pub const fn span_bytes(&self, class: SizeClass) -> usize {
        self.pages(class) << self.page_shift
    }

    /// Slots of a span of `class`.
    #[inline]
    pub const fn slots(&self, class: SizeClass) -> usize {
        self.row(class).slots as usize
    }

    /// The 32-bit reciprocal of the slot size, for [`magic_index`](crate::magic_index).
    ///
    /// 0, for which every offset is in slot 0, where a span holds a single slot and no reciprocal
    /// would do. That takes slots above 45 KiB, which Go's tables do not have.
    #[inline]
    pub const fn magic(&self, class: SizeClass) -> u32 {
        self.row(class).magic
    }

    /// The reciprocal of the slot size as shifts and a factor.
    #[inline]
    pub const fn shift_mul(&self, class: SizeClass) -> ShiftMul {
        self.row(class).shift_mul
    }

    /// The slot of a span of `class` that `offset`, in bytes from the span's start, lies in.
    ///
    /// Exact throughout the span. In the unused bytes behind the last slot it is
    /// [`slots`](Self::slots), which is no slot; but where [`magic`](Self::magic) is 0 it is 0.
    #[inline]
    pub const fn slot_index(&self, class: SizeClass, offset: usize) -> usize {
        reciprocal::magic_index(self.magic(class), offset)
    }

    /// The alignment in bytes that every slot of `class` has: spans start at a multiple of the
    /// page, so it is the largest power of two in the slot size, at most the page. 0 for a class
    /// that is not in the table.
    #[inline]
    pub const fn align(&self, class: SizeClass) -> usize {
        let bytes = self.slot_bytes(class);
        min(bytes & bytes.wrapping_neg(), self.page_bytes())
    }

    /// The fine lookup (Go: `size_to_class8`): entry i is the first class of at least i ·
    /// [`min_align`](Self::min_align) bytes; entry 0 is class 0.
    pub const fn fine_lookup(&self) -> &[u8] {
        self.lookup.split_at(self.fine_len as usize).0
    }

    /// The coarse lookup (Go: `size_to_class128`): entry i is the first class of at least
    /// [`cut`](Self::cut) + i · [`granule`](Self::granule) bytes.
    pub const fn coarse_lookup(&self) -> &[u8] {
        self.lookup
            .split_at(self.fine_len as usize)
            .1
            .split_at(self.coarse_len as usize)
            .0
    }

    /// The size in bytes where the coarse lookup begins (Go: `smallSizeMax`, 1024).
    #[inline]
    pub const fn cut(&self) -> usize {
        self.cut as usize
    }

    /// Bytes between two entries of the coarse lookup (Go: `largeSizeDiv`, 128).
    #[inline]
    pub const fn granule(&self) -> usize {
        1 << self.coarse_shift
    }

    #[inline]
    const fn row(&self, class: SizeClass) -> &Row {
        // The mask changes no class (all are below 128) and spares the bounds check.
        &self.rows[class.index() & (SizeClass::LIMIT - 1)]
    }
}

impl Default for Table {
    /// The table of Go 1.16.
    fn default() -> Self {
        GO_1_16_VALUE
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("len", &self.len())
            .field("max_size", &self.max_size())
            .field("min_align", &self.min_align())
            .field("page_bytes", &self.page_bytes())
            .finish_non_exhaustive()
    }
}

/// The classes of a table, ascending; made by [`Table::classes`].
#[derive(Clone, Debug)]
pub struct Classes {
    next: u8,
    end: u8,
}

impl Iterator for Classes {
    type Item = SizeClass;

    fn next(&mut self) -> Option<SizeClass> {
        if self.next >= self.end {
            return None;
        }
        let class = SizeClass::new(self.next);
        self.next += 1;
        class
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.end - self.next) as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Classes {}
impl core::iter::FusedIterator for Classes {}

const fn min(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}

#[cfg(test)]
pub(crate) mod expected;
#[cfg(test)]
mod tests;
