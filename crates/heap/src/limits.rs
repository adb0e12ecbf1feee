//! Sizes that depend on the world that the crate is compiled for, and sizes of the structures.
//!
//! Constants only; no logic depends on which world it is.

/// The crate runs on loom's modelled memory: headers hold loom's objects, so their layout is not
/// that of the shipped build.
pub(crate) const MODELLED: bool = cfg!(gomalloc_loom);

/// Words of free bits in a header: 16 × 64 = 1,024 slots, the 8-byte class on its one page.
pub(crate) const FREE_WORDS: usize = 16;

/// Runs of this many pages and more are kept in a tree, shorter ones in a list per length (Go 1.10
/// `_MaxMHeapList`): 128 pages are 1 MiB.
pub(crate) const LISTS: usize = 128;

/// Large objects that are kept as they were when they were freed.
pub(crate) const RECENT_RUNS: usize = 8;

/// Pages of those: 16 MiB, which are not there for longer requests until the heap would grow.
pub(crate) const RECENT_PAGES: usize = 2048;

/// Headers that are made at a time: 64 × 256 bytes are 16 KiB (Go `_FixAllocChunk`).
pub(crate) const HEADER_BATCH: usize = if MODELLED { 1 } else { 64 };

/// The crate is interpreted by Miri, where every page is really allocated and every step is slow.
#[cfg(any(test, feature = "ops"))]
pub(crate) const INTERPRETED: bool = cfg!(miri);
