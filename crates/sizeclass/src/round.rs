//! What a request really gets: round-up without and with Go's malloc headers.
//!
//! Pure functions of a table.

use crate::class::{Scan, SizeClass};
use crate::table::Table;

/// Go's malloc headers (Go ≥ 1.22): a word in front of each large enough object with pointers,
/// which leads to its type.
///
/// ```
/// use gomalloc_sizeclass::{HeaderRule, Scan, Table};
///
/// let rule = HeaderRule::BITS_64;
/// assert_eq!(rule.header_bytes_for(513, Scan::Yes), 8);
/// assert_eq!(Table::DEFAULT.round_up_with_header(513, Scan::Yes, rule), 568); // 576 less 8
/// assert_eq!(Table::DEFAULT.round_up_with_header(513, Scan::No, rule), 576);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeaderRule {
    /// Bytes of a pointer, and of a word of the pointer bitmap of objects without a header.
    pub pointer_bytes: usize,
    /// Bytes of a header (Go: `mallocHeaderSize`): 8 on every platform, for the alignment.
    pub header_bytes: usize,
    /// Objects with pointers above this many bytes have a header (Go: `minSizeForMallocHeader`,
    /// which is exclusive despite its name).
    pub largest_without: usize,
}

impl HeaderRule {
    /// Of systems with 64-bit pointers.
    pub const BITS_64: Self = Self::of_pointer_bytes(8);

    /// Of systems with 32-bit pointers.
    pub const BITS_32: Self = Self::of_pointer_bytes(4);

    /// Of the system that this is compiled for.
    pub const HOST: Self = Self::of_pointer_bytes(size_of::<usize>());

    /// Without a header, one bit per word of an object has to fit a word.
    const fn of_pointer_bytes(pointer_bytes: usize) -> Self {
        let largest_without = pointer_bytes * (8 * pointer_bytes);
        Self {
            pointer_bytes,
            header_bytes: 8,
            largest_without,
        }
    }

    /// Bytes of the header of a small object: [`header_bytes`](Self::header_bytes) or 0.
    #[inline]
    pub const fn header_bytes_for(self, size: usize, scan: Scan) -> usize {
        match scan {
            Scan::Yes if size > self.largest_without => self.header_bytes,
            _ => 0,
        }
    }
}

impl Table {
    /// The bytes that a request of `size` gets (Go ≤ 1.21 `roundupsize`): its class's slot, or
    /// whole pages above the largest class. 0 stays 0; what does not fit `usize` once rounded
    /// stays what it is, for the allocation to fail with.
    ///
    /// ```
    /// use gomalloc_sizeclass::Table;
    ///
    /// assert_eq!(Table::DEFAULT.round_up(33), 48);
    /// assert_eq!(Table::DEFAULT.round_up(32_769), 40_960);
    /// ```
    pub const fn round_up(&self, size: usize) -> usize {
        if size == 0 {
            return 0;
        }
        match self.class_of(size) {
            Some(class) => self.slot_bytes(class),
            None => self.round_up_to_page(size),
        }
    }

    /// [`round_up`](Self::round_up) with a header in front of the object where `rule` has one (Go
    /// ≥ 1.22 `roundupsize`). The header is not in the result: these are the bytes behind it.
    ///
    /// Requests within a header's length of the largest class are whole pages, as in Go, whether
    /// or not they would have a header.
    pub const fn round_up_with_header(&self, size: usize, scan: Scan, rule: HeaderRule) -> usize {
        let class = match self.class_with_header(size, scan, rule) {
            Some(class) if size > 0 => class,
            Some(_) => return 0,
            None => return self.round_up_to_page(size),
        };
        self.slot_bytes(class) - rule.header_bytes_for(size, scan)
    }

    /// The smallest class that holds `size` bytes and the header that `rule` puts in front of
    /// them; `None` for what Go allocates as a large object then.
    pub const fn class_with_header(
        &self,
        size: usize,
        scan: Scan,
        rule: HeaderRule,
    ) -> Option<SizeClass> {
        match size.checked_add(rule.header_bytes) {
            Some(with) if with <= self.max_size() => {
                self.class_of(size + rule.header_bytes_for(size, scan))
            }
            _ => None,
        }
    }

    const fn round_up_to_page(&self, size: usize) -> usize {
        match size.checked_next_multiple_of(self.page_bytes()) {
            Some(rounded) => rounded,
            None => size,
        }
    }
}

#[cfg(test)]
mod tests;
