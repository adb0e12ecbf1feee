//! Size classes of the Go runtime: tables derived at compile time, lookups and reciprocals.
//!
//! Pure arithmetic and read-only tables: nothing here is written after compilation, so everything
//! may be used from any thread and from any context, before `main` and in signal handlers alike.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

// In reading order; the formatter sorts what has no empty line between.
mod class;
mod table;

mod flat;

mod align;
mod round;

mod reciprocal;

pub mod derive;

mod check;
mod narrow;
#[cfg(any(test, fuzzing))]
pub mod ops;

pub use check::{CheckError, DEFER_BYTES_32, DEFER_BYTES_64, DEFER_CLASSES};
pub use class::{BINS, CLASSES, SPAN_CLASSES, Scan, SizeClass, SpanClass};
pub use flat::{FLAT, FLAT_CLASSES, FLAT_LEN, FLAT_MALLOC, FLAT_MALLOC_CLASSES, MAX_HIT_ALIGN};
pub use flat::{flat_class, flat_class_in, hit_class, hit_class_in, malloc_class};
pub use reciprocal::{ShiftMul, magic_for, magic_index};
pub use round::HeaderRule;
pub use table::{Alignment, Alignments, Classes, Description, GO_1_8, GO_1_16, Table};

/// Base-2 logarithm of [`PAGE_BYTES`].
pub const PAGE_SHIFT: u32 = 13;

/// Bytes of a page of the heap: 8 KiB, whatever the operating system's page is.
pub const PAGE_BYTES: usize = 1 << PAGE_SHIFT;

/// Largest size in bytes that the two Go tables have a class for; what is larger is a large object.
pub const MAX_SMALL_SIZE: usize = 32_768;

/// Bytes of the block that the tiny allocator packs pointer-free objects into (Go: `_TinySize`).
pub const TINY_SIZE: usize = 16;

/// The class of the tiny allocator's blocks in either Go table (Go: `_TinySizeClass`).
pub const TINY_CLASS: SizeClass = SizeClass::new(2).unwrap();

/// The span class of the tiny allocator's blocks (Go: `tinySpanClass`, 5).
pub const TINY_SPAN_CLASS: SpanClass = SpanClass::new(TINY_CLASS, Scan::No);

/// Smallest alignment in bytes of a slot in either Go table (Go: `minHeapAlign`).
pub const MIN_HEAP_ALIGN: usize = 8;

/// Most slots of a span in either Go table: a page of 8-byte slots (Go: `MaxObjsPerSpan`).
pub const MAX_SLOTS_PER_SPAN: usize = 1024;

/// Most pages of a class's span in either Go table (Go: `MaxSizeClassNPages`).
pub const MAX_SPAN_PAGES: usize = 10;
