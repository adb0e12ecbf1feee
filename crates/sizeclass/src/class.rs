//! The numbers of size classes and span classes.
//!
//! Plain values; no state.

/// Entries of the default table, class 0 included (Go ≥ 1.16: `_NumSizeClasses`).
pub const CLASSES: usize = 68;

/// Span classes of the default table: one of each [`Scan`] per class (Go: `numSpanClasses`).
pub const SPAN_CLASSES: usize = 2 * CLASSES;

/// Length of an array that is indexed by [`SpanClass::bin`].
pub const BINS: usize = 2 * CLASSES;

/// The number of a size class in a table; 0 stands for "large": no class.
///
/// At most 127, so that a class and its [`Scan`] fit the byte of a [`SpanClass`].
///
/// ```
/// use gomalloc_sizeclass::SizeClass;
///
/// assert_eq!(SizeClass::new(67).unwrap().get(), 67);
/// assert_eq!(SizeClass::new(128), None);
/// assert!(SizeClass::LARGE.is_large());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SizeClass(u8);

impl SizeClass {
    /// Class 0: an object that has a span of its own.
    pub const LARGE: Self = Self(0);

    /// One more than the largest number of a class.
    pub const LIMIT: usize = 128;

    /// The class with this number; `None` from 128 on.
    #[inline]
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::LIMIT {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number, 0..=127.
    #[inline]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The number as an index into arrays with a place per class.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Whether this is class 0.
    #[inline]
    pub const fn is_large(self) -> bool {
        self.0 == 0
    }
}

/// Whether a garbage collector, or whoever walks the heap, has to scan an object for pointers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scan {
    /// The object may hold pointers.
    Yes,
    /// The object holds no pointers (Go: `noscan`).
    No,
}

/// A size class and whether its objects hold pointers: Go's `spanClass`, `class << 1 | noscan`.
///
/// ```
/// use gomalloc_sizeclass::{Scan, SizeClass, SpanClass};
///
/// let class = SpanClass::new(SizeClass::new(2).unwrap(), Scan::No);
/// assert_eq!(class.get(), 5);
/// assert_eq!(class.bin(), 68 + 2);
/// assert_eq!(SpanClass::from_bin(70), Some(class));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanClass(u8);

impl SpanClass {
    /// A large object that may hold pointers.
    pub const LARGE: Self = Self::new(SizeClass::LARGE, Scan::Yes);

    /// A large object without pointers.
    pub const LARGE_NOSCAN: Self = Self::new(SizeClass::LARGE, Scan::No);

    /// The span class of `class` and `scan`.
    #[inline]
    pub const fn new(class: SizeClass, scan: Scan) -> Self {
        Self((class.0 << 1) | matches!(scan, Scan::No) as u8)
    }

    /// The span class whose [`get`](Self::get) is `raw`; every byte is one.
    #[inline]
    pub const fn from_raw(raw: u8) -> Self {
        Self(raw)
    }

    /// Go's number of the span class: `class << 1 | noscan`.
    #[inline]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The size class.
    #[inline]
    pub const fn size_class(self) -> SizeClass {
        SizeClass(self.0 >> 1)
    }

    /// Whether objects may hold pointers.
    #[inline]
    pub const fn scan(self) -> Scan {
        if self.is_noscan() {
            Scan::No
        } else {
            Scan::Yes
        }
    }

    /// Whether objects hold no pointers.
    #[inline]
    pub const fn is_noscan(self) -> bool {
        self.0 & 1 != 0
    }

    /// Dense index below [`BINS`] that keeps the pointerful classes together: class `c` that may
    /// hold pointers has bin `c`, class `c` without pointers has bin 68 + `c`.
    ///
    /// Go's own number interleaves the two; a program that uses only one of them would touch twice
    /// the cache lines in arrays indexed by it.
    ///
    /// Only classes below [`CLASSES`] have a bin of their own: whoever indexes by bin and takes a
    /// table from outside checks that its `len()` is at most [`CLASSES`].
    #[inline]
    pub const fn bin(self) -> usize {
        (self.0 >> 1) as usize + CLASSES * (self.0 & 1) as usize
    }

    /// The span class of a bin; `None` from [`BINS`] on.
    #[inline]
    pub const fn from_bin(bin: usize) -> Option<Self> {
        if bin >= BINS {
            return None;
        }
        let (class, noscan) = if bin < CLASSES {
            (bin, 0)
        } else {
            (bin - CLASSES, 1)
        };
        Some(Self(crate::narrow::to_u8((class << 1) | noscan)))
    }
}

#[cfg(test)]
mod tests;
