//! Whose memory it is: categories, and how many bytes each has at one moment.
//!
//! Plain values; the counters are [`Memory`](crate::Memory)'s.
use crate::ByteCount;
use core::ffi::CStr;

/// Whose bytes they are (Go's `sysMemStat`s).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// Pages of the heap: objects and free runs (`heap_sys`).
    Heap = 0,
    /// Stacks (`stacks_sys`).
    Stack,
    /// Span headers (`mspan_sys`).
    Span,
    /// Per-thread caches (`mcache_sys`).
    Cache,
    /// Arena map, page tables, bitmaps (`gcMiscSys`).
    Metadata,
    /// Everything else, and what chunks of metadata have left (`other_sys`).
    Other,
}

impl Category {
    /// Every category, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Heap,
        Self::Stack,
        Self::Span,
        Self::Cache,
        Self::Metadata,
        Self::Other,
    ];
}

impl Category {
    /// What mappings of this category are called, where the system shows names.
    #[must_use]
    pub const fn label(self) -> &'static CStr {
        match self {
            Self::Heap => c"gomalloc: heap",
            Self::Stack => c"gomalloc: stacks",
            Self::Span => c"gomalloc: spans",
            Self::Cache => c"gomalloc: caches",
            Self::Metadata => c"gomalloc: heap metadata",
            Self::Other => c"gomalloc: immortal metadata",
        }
    }
}

/// Bytes by state and category at one moment; exact when nobody calls meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Usage {
    /// Address space that is Reserved.
    pub reserved: ByteCount,
    /// Prepared and Ready memory, by [`Category`] (index: its number).
    pub mapped: [ByteCount; Category::ALL.len()],
    /// What of it is Ready (Go `mappedReady`).
    pub ready: ByteCount,
}

impl Usage {
    /// Prepared and Ready memory of one category.
    #[must_use]
    pub const fn of(&self, category: Category) -> ByteCount {
        self.mapped[category as usize]
    }

    /// Prepared and Ready memory of all categories.
    #[must_use]
    pub fn total(&self) -> ByteCount {
        let total = self.mapped.iter().map(|bytes| bytes.get());
        ByteCount::new(total.fold(0, usize::wrapping_add))
    }
}
