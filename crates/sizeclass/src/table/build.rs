//! From sizes and pages to a whole table: rows, reciprocals, lookups.
//!
//! Runs once per table, at compile time where the table is a `static`.

use super::{LOOKUP_CAPACITY, Row, Table, min};
use crate::class::SizeClass;
use crate::derive::{self, DeriveError, Params};
use crate::narrow::{to_u8, to_u16, to_u32};
use crate::reciprocal::{ShiftMul, is_exact, magic_for};

impl Table {
    /// The table that `params` give.
    ///
    /// In a `const` or `static` this runs at compile time. It tries each size below the largest
    /// with each number of pages up to what its span needs: some thousand steps for Go's tables.
    ///
    /// # Errors
    ///
    /// [`DeriveError`] says which parameter is out of range, or what does not fit.
    pub const fn derive(params: &Params) -> Result<Self, DeriveError> {
        let sizes = match derive::sizes(params) {
            Ok(sizes) => sizes,
            Err(error) => return Err(error),
        };
        let max_size = sizes.bytes[sizes.len - 1] as usize;
        let cut = params.cut();
        let fine_len = min(cut, max_size) / params.min_align + 1;
        let coarse_len = if max_size < cut {
            0
        } else {
            (max_size - cut) / params.granule + 1
        };
        if fine_len + coarse_len > LOOKUP_CAPACITY {
            let entries = fine_len + coarse_len;
            return Err(DeriveError::LookupTooLarge {
                entries,
                limit: LOOKUP_CAPACITY,
            });
        }
        let mut table = Self {
            rows: [Row::NONE; SizeClass::LIMIT],
            lookup: [0; LOOKUP_CAPACITY],
            max_size: to_u32(max_size as u64),
            cut: to_u32(cut as u64),
            fine_len: to_u16(fine_len as u64),
            coarse_len: to_u16(coarse_len as u64),
            len: to_u8(sizes.len),
            fine_shift: to_u8(params.min_align.trailing_zeros() as usize),
            coarse_shift: to_u8(params.granule.trailing_zeros() as usize),
            page_shift: to_u8(params.page_bytes.trailing_zeros() as usize),
        };
        if let Err(error) = table.fill_rows(&sizes) {
            return Err(error);
        }
        table.fill_lookup();
        Ok(table)
    }

    const fn fill_rows(&mut self, sizes: &derive::Sizes) -> Result<(), DeriveError> {
        let mut class = 1;
        while class < sizes.len {
            let slot_bytes = sizes.bytes[class];
            let pages = sizes.pages[class];
            let span_bytes = (pages as u32) << self.page_shift;
            let slots = span_bytes / slot_bytes;
            let reciprocals = (
                magic_throughout(slot_bytes, span_bytes),
                ShiftMul::new(slot_bytes, span_bytes),
            );
            let (Some(magic), Some(shift_mul)) = reciprocals else {
                let (size, span_bytes) = (slot_bytes as usize, span_bytes as usize);
                return Err(DeriveError::NoReciprocal { size, span_bytes });
            };
            self.rows[class] = Row {
                slot_bytes,
                magic,
                slots,
                pages,
                shift_mul,
            };
            class += 1;
        }
        Ok(())
    }

    const fn fill_lookup(&mut self) {
        let mut class = 0_u8;
        let mut at = 0;
        while at < (self.fine_len + self.coarse_len) as usize {
            let size = if at < self.fine_len as usize {
                at << self.fine_shift
            } else {
                self.cut as usize + ((at - self.fine_len as usize) << self.coarse_shift)
            };
            // No entry asks for more than the largest class has, so this ends within the table;
            // the last fine entry and the first coarse one both ask for the cut, so it never has
            // to go back.
            while (self.rows[class as usize].slot_bytes as usize) < size {
                class += 1;
            }
            self.lookup[at] = class;
            at += 1;
        }
    }
}

/// A reciprocal that is exact for every offset of a span.
const fn magic_throughout(slot_bytes: u32, span_bytes: u32) -> Option<u32> {
    let magic = magic_for(slot_bytes);
    if is_exact(slot_bytes as u64, magic as u64, 32, span_bytes as u64) {
        Some(magic)
    } else if span_bytes / slot_bytes == 1 {
        Some(0)
    } else {
        None
    }
}
