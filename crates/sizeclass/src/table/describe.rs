//! Everything that is known of a class, for people: figures, waste, and a printed table.
//!
//! Computed on demand; no allocator's path comes here.

use core::fmt;
use core::iter::FusedIterator;

use super::Table;
use crate::class::SizeClass;

/// A class of a table with all its figures.
///
/// ```
/// use gomalloc_sizeclass::{SizeClass, Table};
///
/// let class = Table::DEFAULT.describe(SizeClass::new(5).unwrap()).unwrap();
/// assert_eq!((class.slot_bytes, class.slots, class.tail_bytes), (48, 170, 32));
/// assert_eq!(class.waste_per_10_000(), 3152); // 31.52 %
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Description {
    /// Its number.
    pub class: SizeClass,
    /// Bytes of a slot.
    pub slot_bytes: usize,
    /// Pages of a span.
    pub pages: usize,
    /// Bytes of a span.
    pub span_bytes: usize,
    /// Slots of a span.
    pub slots: usize,
    /// Bytes behind the last slot of a span.
    pub tail_bytes: usize,
    /// Bytes of a span that nobody asked for when each slot serves the smallest request that
    /// comes to this class, one byte more than the class below has; the tail included.
    pub waste_bytes: usize,
    /// Alignment in bytes of every slot.
    pub align: usize,
}

impl Description {
    /// The worst-case waste in hundredths of a percent of the span, rounded to the nearest.
    pub const fn waste_per_10_000(&self) -> u32 {
        let waste = self.waste_bytes as u64 * 10_000 + self.span_bytes as u64 / 2;
        crate::narrow::to_u32(waste / self.span_bytes as u64)
    }
}

/// An alignment, and the size from which on every class has it; made by [`Table::alignments`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Alignment {
    /// A power of two, in bytes.
    pub align: usize,
    /// Bytes of a slot of the first class from which on all are aligned to that.
    pub from_slot_bytes: usize,
}

impl Table {
    /// The figures of `class`; `None` for one that is not in the table.
    pub const fn describe(&self, class: SizeClass) -> Option<Description> {
        if !self.contains(class) {
            return None;
        }
        let (slot_bytes, slots) = (self.slot_bytes(class), self.slots(class));
        let below = match SizeClass::new(class.get() - 1) {
            Some(below) => self.slot_bytes(below),
            None => 0,
        };
        let tail_bytes = self.span_bytes(class) - slots * slot_bytes;
        Some(Description {
            class,
            slot_bytes,
            pages: self.pages(class),
            span_bytes: self.span_bytes(class),
            slots,
            tail_bytes,
            waste_bytes: (slot_bytes - below - 1) * slots + tail_bytes,
            align: self.align(class),
        })
    }

    /// The figures of every class, ascending.
    pub fn descriptions(&self) -> impl Iterator<Item = Description> + '_ {
        self.classes().filter_map(|class| self.describe(class))
    }

    /// Each alignment that all classes from some size on have, ascending, up to the page. Of
    /// several with the same size only the largest is given.
    pub const fn alignments(&self) -> Alignments<'_> {
        Alignments {
            table: self,
            next: self.min_align(),
        }
    }

    /// The first class from which on all slots are aligned to `align`.
    fn aligned_from(&self, align: usize) -> Option<usize> {
        let mut from = None;
        for class in self.classes() {
            if self.align(class) < align {
                from = None;
            } else if from.is_none() {
                from = Some(self.slot_bytes(class));
            }
        }
        from
    }
}

/// Iterator of [`Table::alignments`].
#[derive(Clone, Debug)]
pub struct Alignments<'a> {
    table: &'a Table,
    next: usize,
}

impl Iterator for Alignments<'_> {
    type Item = Alignment;

    fn next(&mut self) -> Option<Alignment> {
        let from_slot_bytes = self.table.aligned_from(self.next)?;
        let mut align = self.next;
        while self.table.aligned_from(align * 2) == Some(from_slot_bytes) {
            align *= 2;
        }
        self.next = align * 2;
        Some(Alignment {
            align,
            from_slot_bytes,
        })
    }
}

impl FusedIterator for Alignments<'_> {}

/// Heads of the columns, in the order and width of the rows.
const HEAD: &str = "class  bytes/slot  bytes/span  slots  tail bytes  max waste  align";

/// The table as text: a line of heads, then a line per class, each ended by a line break.
///
/// ```
/// let text = format!("{}", gomalloc_sizeclass::GO_1_16);
/// assert_eq!(text.lines().count(), 1 + 67);
/// assert_eq!(
///     text.lines().nth(5).unwrap(),
///     "    5          48        8192    170          32     31.52%     16",
/// );
/// ```
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        for class in self.descriptions() {
            let waste = class.waste_per_10_000();
            writeln!(
                f,
                "{:5}  {:10}  {:10}  {:5}  {:10}  {:5}.{:02}%  {:5}",
                class.class.get(),
                class.slot_bytes,
                class.span_bytes,
                class.slots,
                class.tail_bytes,
                waste / 100,
                waste % 100,
                class.align,
            )?;
        }
        Ok(())
    }
}
