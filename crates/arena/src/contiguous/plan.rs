//! Where everything goes in the block of the contiguous layout: pure arithmetic.
//!
//! After Go 1.10 `mallocinit`. Nothing here asks the system.
//!
//! ```text
//!     p        p1                                                             p + size
//!     │ (head) │ spans │ bitmap (grows down) │ arena ····················│ slack │
//! ```
use crate::{ByteCount, LayoutError, PAGE_BYTES, Platform};
use core::marker::PhantomData;

/// Arena sizes of the fallback, in the order in which they are tried: all 32-bit systems, and
/// 64-bit ones on which no hint was honoured. The last one leaves only what fits beside the tables.
pub(super) const FALLBACK_ARENAS: [ByteCount; 4] = [
    ByteCount::mib(512),
    ByteCount::mib(256),
    ByteCount::mib(128),
    ByteCount::ZERO,
];

/// How far above the data segment the fallback asks: the break grows too.
const DATA_GAP: usize = 256 << 10;
/// What its addresses are rounded to.
const FALLBACK_ALIGN: usize = 1 << 20;

/// Sizes of a platform's tables and arena.
#[derive(Debug)]
pub(super) struct Plan<P> {
    /// Bytes of the span table: one pointer for each page that there can be.
    pub(super) spans: usize,
    /// Bytes of the bitmap: two bits for each word that there can be.
    pub(super) bitmap: usize,
    platform: PhantomData<P>,
}

impl<P: Platform> Plan<P> {
    /// The highest offset of an arena (Go `_MaxMem`).
    pub(super) const MAX_OFFSET: usize = if P::TOTAL_BITS == usize::BITS {
        usize::MAX
    } else {
        (1 << P::TOTAL_BITS) - 1
    };

    /// Offsets are addresses, so that anything that the system gives can be used (Go on 32 bits).
    pub(super) const TAKES_ANY_ADDRESS: bool = P::POINTER_BYTES == 4 && !P::WINDOWED;

    /// Pages that there can be.
    pub(super) const PAGES: usize = Self::MAX_OFFSET / PAGE_BYTES + 1;

    /// `unit` is what tables are rounded to: a heap page, or a system page if that is larger.
    pub(super) fn new(unit: usize, span_bytes: usize) -> Self {
        let bitmap = Self::MAX_OFFSET / (4 * P::POINTER_BYTES) + 1;
        Self {
            spans: (Self::PAGES * span_bytes).next_multiple_of(unit),
            bitmap: bitmap.next_multiple_of(unit),
            platform: PhantomData,
        }
    }

    /// Bytes of the block with an arena of this size, and a page for alignment. `None` past the end
    /// of the numbers.
    pub(super) fn block(&self, arena: ByteCount) -> Option<usize> {
        let tables = self.spans.checked_add(self.bitmap)?;
        tables.checked_add(arena.get())?.checked_add(PAGE_BYTES)
    }

    /// Bytes of the block with the largest arena.
    pub(super) fn full_block(&self) -> Option<usize> {
        let arena = Self::MAX_OFFSET.checked_next_multiple_of(PAGE_BYTES)?;
        self.block(ByteCount::new(arena))
    }

    /// Where the fallback asks for a block of `size`: above the data segment, and above the break if
    /// that would be inside.
    pub(super) fn fallback_address(data_end: usize, brk: usize, size: usize) -> Option<usize> {
        let address = data_end.checked_add(DATA_GAP)?;
        let address = address.checked_next_multiple_of(FALLBACK_ALIGN)?;
        if brk.wrapping_sub(address) < size {
            let above = brk.checked_add(FALLBACK_ALIGN)?;
            return above.checked_next_multiple_of(FALLBACK_ALIGN);
        }
        Some(address)
    }

    /// Divides a block that the system has given.
    pub(super) fn place(&self, p: usize, size: usize) -> Result<Placement, LayoutError> {
        let p1 = p.next_multiple_of(PAGE_BYTES);
        let size = size - (p1 - p);
        let first = p1 + self.spans + self.bitmap;
        let placement = Placement {
            spans: p1,
            bitmap_end: first,
            arena_start: if Self::TAKES_ANY_ADDRESS { 0 } else { first },
            arena_first: first,
            // The tail that is lost is as long as the head that was trimmed.
            arena_end: p + size,
        };
        if !first.is_multiple_of(PAGE_BYTES) {
            return Err(LayoutError::Misrounded(placement.numbers()));
        }
        Ok(placement)
    }
}

/// The parts of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placement {
    pub(super) spans: usize,
    pub(super) bitmap_end: usize,
    pub(super) arena_start: usize,
    pub(super) arena_first: usize,
    pub(super) arena_end: usize,
}

impl Placement {
    fn numbers(&self) -> [usize; 5] {
        [
            self.spans,
            self.bitmap_end,
            self.arena_start,
            self.arena_first,
            self.arena_end,
        ]
    }
}
