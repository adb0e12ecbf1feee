//! Size classes of the Go runtime: tables derived at compile time, lookups and reciprocals.
//!
//! An allocator of the Go kind rounds small requests up to one of some 70 sizes, its *size
//! classes*, and cuts *spans* (whole pages) into equal *slots* of one class. This crate has the
//! tables of both generations of Go, and answers from them:
//!
//! * which class a request gets: [`Table::class_of`], with an alignment [`Table::class_for`], and
//!   on an allocator's hit path [`hit_class`] or, by C's rules, [`malloc_class`];
//! * how a span of a class is cut: [`Table::slot_bytes`], [`Table::pages`], [`Table::slots`];
//! * which slot is at an offset: [`Table::slot_index`] by Go's 32-bit reciprocal ([`magic_index`]),
//!   [`ShiftMul`] by the older form;
//! * what a request really gets: [`Table::round_up`], [`Table::round_up_with_header`];
//! * what Go checks when it starts: [`Table::check`];
//! * other tables: [`Table::derive`] from [`derive::Params`], at compile time or at run time.
//!
//! ```
//! use gomalloc_sizeclass::Table;
//!
//! let table = Table::DEFAULT; // Go 1.16 and later
//! let class = table.class_for(100, 64).unwrap();
//! assert_eq!(table.slot_bytes(class), 128);
//! assert_eq!(table.slot_index(class, 1000), 7);
//! ```
//!
//! Pure arithmetic and read-only tables: nothing here is written after compilation, so everything
//! may be used from any thread and in any context, before `main` and in signal handlers alike.
//! Nothing allocates; no lookup panics. Lookups are `const fn`.
//!
//! The facts are those of Go's `runtime/sizeclasses.go` and its generator `mksizeclasses.go`.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

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
