//! What the process's allocator has done and holds: [`stats`], and giving memory back on demand.
//!
//! Readable from any thread at any time; nobody is stopped. The counts are exact when no thread
//! allocates meanwhile; otherwise they never miss what happened before the call.
use crate::{assembly, misuse, thread};
use arena::{AddressSpace, ByteCount, Category};
use sizeclass::{Scan, SpanClass, Table};

/// How many size classes the figures tell apart, class 0 (large) included.
pub const CLASSES: usize = 68;

/// The figures of one size class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BySize {
    /// Bytes of a slot; 0 for the large blocks' row.
    pub size: u32,
    /// Blocks handed out since the start.
    pub mallocs: u64,
    /// Blocks given back since the start.
    pub frees: u64,
}

/// A picture of the allocator, named after Go's `MemStats`. Bytes are those of whole slots and runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Blocks handed out since the start, small and large.
    pub mallocs: u64,
    /// Blocks given back since the start.
    pub frees: u64,
    /// Bytes of blocks that are in use.
    pub live_bytes: u64,
    /// The largest number of heap bytes that were in use at once: spans and large blocks.
    pub peak_bytes: u64,
    /// Bytes of memory obtained from the system for the heap.
    pub mapped_bytes: u64,
    /// Of those, bytes given back to the system and not used since.
    pub released_bytes: u64,
    /// Bytes of free slots in the threads' magazines.
    pub cache_bytes: u64,
    /// Bytes of the allocator's own records: span headers, page tables, caches.
    pub metadata_bytes: u64,
    /// Large blocks handed out since the start.
    pub large_mallocs: u64,
    /// Large blocks given back since the start.
    pub large_frees: u64,
    /// By size class; row 0 is the large blocks'.
    pub by_size: [BySize; CLASSES],
}

impl Stats {
    const NOTHING: Self = Self {
        mallocs: 0,
        frees: 0,
        live_bytes: 0,
        peak_bytes: 0,
        mapped_bytes: 0,
        released_bytes: 0,
        cache_bytes: 0,
        metadata_bytes: 0,
        large_mallocs: 0,
        large_frees: 0,
        by_size: [BySize {
            size: 0,
            mallocs: 0,
            frees: 0,
        }; CLASSES],
    };
}

/// The figures of the process's allocator. Allocates nothing; takes some microseconds for each
/// cache that threads have had at the same time.
#[must_use]
pub fn stats() -> Stats {
    let mut stats = Stats::NOTHING;
    let Some((heap, _, caches)) = assembly::parts() else {
        return stats;
    };
    let mut slots = cache::Stats::new();
    caches.stats(&mut slots);
    let table = Table::DEFAULT;
    for class in table.classes() {
        let bytes = table.slot_bytes(class) as u64;
        let row = &mut stats.by_size[class.index()];
        row.size = u32::try_from(bytes).unwrap_or(u32::MAX);
        for scan in [Scan::Yes, Scan::No] {
            let bin = SpanClass::new(class, scan).bin();
            row.mallocs += slots.mallocs[bin];
            row.frees += slots.frees[bin];
            stats.cache_bytes += slots.cached[bin] * bytes;
        }
        // A slot that another thread frees while we read may be seen freed before it is seen
        // allocated; it is neither then.
        row.mallocs = row.mallocs.max(row.frees);
        stats.live_bytes += (row.mallocs - row.frees) * bytes;
    }
    let usage = heap.space().memory().usage();
    let heap = heap.stats();
    stats.large_mallocs = heap.large_allocs;
    stats.large_frees = heap.large_frees;
    stats.by_size[0].mallocs = heap.large_allocs;
    stats.by_size[0].frees = heap.large_frees;
    stats.mallocs = stats.by_size.iter().map(|row| row.mallocs).sum();
    stats.frees = stats.by_size.iter().map(|row| row.frees).sum();
    stats.live_bytes += heap.large.get() as u64;
    stats.peak_bytes = heap.peak.get() as u64;
    stats.mapped_bytes = heap.mapped.get() as u64;
    stats.released_bytes = heap.released.get() as u64;
    stats.metadata_bytes = [
        Category::Span,
        Category::Cache,
        Category::Metadata,
        Category::Other,
    ]
    .map(|category| usage.of(category).get() as u64)
    .iter()
    .sum();
    stats
}

/// Gives the calling thread's magazines back to the exchange: for a thread that will be idle for
/// long, and to have its frees checked now. Costs some microseconds.
pub fn flush_thread_cache() {
    if let (Some(cache), Some(caches)) = (thread::existing_cache(), assembly::caches()) {
        flush(caches, cache);
    }
}

#[expect(unsafe_code, reason = "names this thread as the owner of its cache")]
fn flush(caches: &assembly::Caches, cache: core::ptr::NonNull<cache::Cache>) {
    // SAFETY: the cache is the calling thread's own.
    if let Err(error) = unsafe { caches.flush(cache) } {
        misuse::end(error);
    }
}

/// Gives back what is free: this thread's magazines and those of dead threads, spans that are
/// wholly free, and the memory of free runs. Returns the bytes that went back to the system. Other
/// threads' magazines stay: only they can flush them.
pub fn release_memory() -> usize {
    let Some((heap, central, caches)) = assembly::parts() else {
        return 0;
    };
    flush_thread_cache();
    if let Err(error) = caches.flush_dead() {
        misuse::end(error);
    }
    central.release_kept();
    heap.release_memory().get()
}

/// Sets the hard limit of the running process, in bytes of mapped memory; `None` is none. Overrules
/// the builder and the environment. What is mapped already stays.
pub fn set_hard_limit(bytes: Option<usize>) {
    if assembly::start_up().is_some()
        && let Some(heap) = assembly::heap()
    {
        heap.set_hard_limit(bytes.map(ByteCount::new));
    }
}

/// Sets the soft limit of the running process, in bytes of resident memory; `None` is none.
/// Overrules the builder and the environment.
pub fn set_soft_limit(bytes: Option<usize>) {
    if assembly::start_up().is_some()
        && let Some(heap) = assembly::heap()
    {
        heap.set_soft_limit(bytes.map(ByteCount::new));
    }
}
