//! The algorithm that makes a table of size classes, for Go's tables and for tables of one's own.
//!
//! After Go's `mksizeclasses.go`, whose constants are the fields of [`Params`] here. It runs at
//! compile time for the tables of this crate and of anyone who writes a `const` or a `static`; it
//! may as well run in a program. It allocates nothing.
//!
//! The steps: walk the sizes upward at steps that grow with them; for each take the fewest pages
//! that leave little of the span unused at its end; merge a size into the one below where both
//! give the same number of slots from the same number of pages; widen what is left until the span
//! is used up, at the granularity of the coarse lookup.

mod error;

use crate::class::SizeClass;
use crate::narrow::{to_u16, to_u32};
pub use error::{DeriveError, Parameter};

/// What a table is derived from; all sizes in bytes.
///
/// [`Params::GO_1_16`] makes the default table. Change what differs:
///
/// ```
/// use gomalloc_sizeclass::Table;
/// use gomalloc_sizeclass::derive::Params;
///
/// // Spans that lose at most a 16th at their end, and small objects up to 16 KiB.
/// static TIGHT: Table = match Table::derive(&Params {
///     tail_divisor: 16,
///     max_size: 16 << 10,
///     ..Params::GO_1_16
/// }) {
///     Ok(table) => table,
///     Err(_) => panic!("these parameters give no table"),
/// };
/// assert_eq!(TIGHT.max_size(), 16 << 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Params {
    /// A page; spans are whole numbers of them. A power of two, 256 bytes to 1 MiB.
    pub page_bytes: usize,
    /// The largest size that gets a class, at most 1 MiB. The steps have to reach it. The largest
    /// class may come out wider, where its span has the room (never in Go's tables).
    pub max_size: usize,
    /// The smallest size and the smallest alignment of a slot. A power of two, from 2 on.
    pub min_align: usize,
    /// From `wide_from` on, sizes are multiples of this power of two.
    pub wide_align: usize,
    /// The power of two from which sizes are multiples of `wide_align`. The one number in which
    /// Go's two tables differ: 16 without, 32 with a class of 24 bytes.
    pub wide_from: usize,
    /// Sizes are at most a `step_divisor`-th of their power of two apart before merging, which
    /// bounds what a request loses to rounding. A power of two, at most 64.
    pub step_divisor: usize,
    /// The most that two sizes are apart before merging; a power of two.
    pub max_step: usize,
    /// At most a `tail_divisor`-th of a span is unused behind its last slot; 2 to 1024.
    pub tail_divisor: usize,
    /// What sizes are widened in multiples of, and what the coarse lookup counts in. A power of
    /// two, from `min_align` to `max_step`.
    pub granule: usize,
}

impl Params {
    /// The 68 entries of Go 1.16 and all releases since.
    pub const GO_1_16: Self = Self {
        page_bytes: crate::PAGE_BYTES,
        max_size: crate::MAX_SMALL_SIZE,
        min_align: crate::MIN_HEAP_ALIGN,
        wide_align: 16,
        wide_from: 32,
        step_divisor: 8,
        max_step: 256,
        tail_divisor: 8,
        granule: 128,
    };

    /// The 67 entries of Go 1.7 to 1.15, without a class of 24 bytes.
    pub const GO_1_8: Self = Self {
        wide_from: 16,
        ..Self::GO_1_16
    };

    /// The step from `size`, a power of two, to the next size.
    const fn step(&self, size: usize) -> usize {
        let least = if size < self.wide_from {
            self.min_align
        } else {
            self.wide_align
        };
        let step = size / self.step_divisor;
        if step < least {
            least
        } else if step > self.max_step {
            self.max_step
        } else {
            step
        }
    }

    /// Where the lookup changes from fine to coarse: the least power of two from which on steps
    /// are at least a granule wide.
    pub(crate) const fn cut(&self) -> usize {
        self.granule * self.step_divisor
    }

    const fn check(&self) -> Result<(), DeriveError> {
        use Parameter as P;
        // Parameter, value, least, most, whether it has to be a power of two.
        #[rustfmt::skip]
        let checks = [
            (P::PageBytes, self.page_bytes, 256, LARGEST_PAGE, true),
            (P::MaxSize, self.max_size, self.min_align, LARGEST_SIZE, false),
            (P::MinAlign, self.min_align, 2, self.page_bytes, true),
            (P::WideAlign, self.wide_align, self.min_align, self.max_step, true),
            (P::WideFrom, self.wide_from, self.wide_align, LARGEST_SIZE, true),
            (P::StepDivisor, self.step_divisor, 1, 64, true),
            (P::MaxStep, self.max_step, self.granule, LARGEST_SIZE, true),
            (P::TailDivisor, self.tail_divisor, 2, 1024, false),
            (P::Granule, self.granule, self.min_align, self.page_bytes, true),
        ];
        let mut at = 0;
        while at < checks.len() {
            let (parameter, value, least, most, power_of_two) = checks[at];
            if value < least || value > most {
                return Err(DeriveError::OutOfRange {
                    parameter,
                    value,
                    least,
                    most,
                });
            }
            if power_of_two && !value.is_power_of_two() {
                return Err(DeriveError::NotPowerOfTwo { parameter, value });
            }
            at += 1;
        }
        Ok(())
    }
}

impl Default for Params {
    fn default() -> Self {
        Self::GO_1_16
    }
}

/// Largest page that a table may be derived for, in bytes.
pub const LARGEST_PAGE: usize = 1 << 20;

/// Largest `max_size` that a table may be derived for, in bytes.
pub const LARGEST_SIZE: usize = 1 << 20;

/// Most pages that a span of a derived table may have.
pub const LARGEST_SPAN_PAGES: usize = 1024;

/// Sizes and pages of a table, without what is computed from them. Entry 0 is all zero.
pub(crate) struct Sizes {
    pub(crate) bytes: [u32; SizeClass::LIMIT],
    pub(crate) pages: [u16; SizeClass::LIMIT],
    pub(crate) len: usize,
}

/// Sizes in ascending order, the largest of them at least `params.max_size`.
pub(crate) const fn sizes(params: &Params) -> Result<Sizes, DeriveError> {
    if let Err(error) = params.check() {
        return Err(error);
    }
    let mut sizes = Sizes {
        bytes: [0; SizeClass::LIMIT],
        pages: [0; SizeClass::LIMIT],
        len: 1,
    };
    let mut step = params.min_align;
    let mut size = params.min_align;
    let mut last = size;
    while size <= params.max_size {
        if size.is_power_of_two() {
            step = params.step(size);
        }
        let pages = match span_pages(params, size) {
            Ok(pages) => pages,
            Err(error) => return Err(error),
        };
        if let Err(error) = sizes.push_or_merge(params, size, pages) {
            return Err(error);
        }
        last = size;
        size += step;
    }
    if last != params.max_size {
        return Err(DeriveError::MaxSizeUnreachable {
            max_size: params.max_size,
            last,
        });
    }
    sizes.widen(params);
    Ok(sizes)
}

/// Fewest pages whose unused end is within the bound.
const fn span_pages(params: &Params, size: usize) -> Result<usize, DeriveError> {
    let mut pages = 1;
    while pages <= LARGEST_SPAN_PAGES {
        let bytes = pages * params.page_bytes;
        // `tail_divisor` is at least 2, so a span too short for one slot fails this: its
        // remainder is all of it.
        if bytes % size <= bytes / params.tail_divisor {
            return Ok(pages);
        }
        pages += 1;
    }
    Err(DeriveError::SpanTooLarge {
        size,
        limit: LARGEST_SPAN_PAGES,
    })
}

impl Sizes {
    const fn push_or_merge(
        &mut self,
        params: &Params,
        size: usize,
        pages: usize,
    ) -> Result<(), DeriveError> {
        let before = self.len - 1;
        if before > 0 && self.pages[before] as usize == pages {
            let bytes = pages * params.page_bytes;
            if bytes / self.bytes[before] as usize == bytes / size {
                self.bytes[before] = to_u32(size as u64);
                return Ok(());
            }
        }
        if self.len == SizeClass::LIMIT {
            return Err(DeriveError::TooManyClasses {
                size,
                limit: SizeClass::LIMIT,
            });
        }
        self.bytes[self.len] = to_u32(size as u64);
        self.pages[self.len] = to_u16(pages as u64);
        self.len += 1;
        Ok(())
    }

    /// Enlarges each size to what its span can give each of its slots.
    ///
    /// From the largest down, so that each can stay short of the final size above it. (In Go's
    /// tables none comes near it, and Go does not look.)
    const fn widen(&mut self, params: &Params) {
        let mut above = usize::MAX;
        let mut class = self.len - 1;
        while class > 0 {
            let size = self.bytes[class] as usize;
            let span = self.pages[class] as usize * params.page_bytes;
            let mut wide = span / (span / size);
            if wide >= above {
                wide = above - 1;
            }
            // A granule may be narrower than what larger sizes are multiples of.
            let unit = if wide < params.wide_from || params.wide_align < params.granule {
                params.granule
            } else {
                params.wide_align
            };
            wide &= !(unit - 1);
            if wide > size {
                self.bytes[class] = to_u32(wide as u64);
            }
            above = self.bytes[class] as usize;
            class -= 1;
        }
    }
}

#[cfg(test)]
mod tests;
