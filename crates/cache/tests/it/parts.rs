//! The layers put together for a test, and what an allocator does with them.
use arena::{Sparse, SparseConfig, System};
use cache::{Cache, CacheSet, Stats};
use central::{Central, FlushError};
use core::ptr::NonNull;
use gomalloc_cache as cache;
use heap::HeapConfig;
use sizeclass::{Scan, SpanClass, Table};

pub(crate) type Heap = heap::Heap<Sparse<System>>;
pub(crate) type Caches<'h> = CacheSet<Central<&'h Heap>, &'h Heap>;

pub(crate) fn heap(config: HeapConfig) -> Heap {
    let space = Sparse::new(System::new(), SparseConfig::default()).expect("a usable system");
    Heap::new(space, config).expect("memory for the tables")
}

pub(crate) fn caches(heap: &Heap) -> Caches<'_> {
    CacheSet::new(Central::new(heap), heap)
}

pub(crate) fn class_of(bytes: usize) -> SpanClass {
    let class = Table::DEFAULT.class_of(bytes).expect("a small size");
    SpanClass::new(class, Scan::Yes)
}

/// The class as the page of the pointer says, as C's `free` finds it.
pub(crate) fn class_at(heap: &Heap, slot: *mut u8) -> SpanClass {
    let span = heap.span_of(arena::Addr::of(slot)).expect("ours");
    let tag = heap.tag(arena::Addr::of(slot));
    assert_eq!(usize::from(tag), span.class().bin(), "the tag is the bin");
    span.class()
}

pub(crate) fn alloc(set: &Caches<'_>, cache: NonNull<Cache>, class: SpanClass) -> *mut u8 {
    // SAFETY: a thread of the test passes the cache that it acquired.
    let slot = unsafe { Cache::pop(cache, class.bin()) };
    if slot.is_null() {
        // SAFETY: as above.
        return unsafe { set.alloc_slow(cache, class) };
    }
    slot
}

pub(crate) fn free(
    set: &Caches<'_>,
    cache: NonNull<Cache>,
    class: SpanClass,
    slot: *mut u8,
) -> Result<(), FlushError> {
    // SAFETY: as in `alloc`, and the slot is the test's, or wrong and never touched.
    if unsafe { Cache::push(cache, class.bin(), slot) } {
        return Ok(());
    }
    // SAFETY: as above.
    unsafe { set.free_slow(cache, class, slot) }
}

/// Every slot has been freed: nothing is lost in any layer.
pub(crate) fn check_empty(heap: &Heap, set: &Caches<'_>) {
    set.flush_dead().expect("right pointers");
    let mut stats = Stats::new();
    set.stats(&mut stats);
    assert_eq!(stats.mallocs, stats.frees, "what was allocated was freed");
    assert_eq!(stats.cached.iter().sum::<u64>(), 0, "dead caches are empty");
    set.exchange().release_kept();
    let mut small = 0;
    heap.for_each_span(|span| small += usize::from(!span.class().size_class().is_large()));
    assert_eq!(small, 0, "every span is back in the heap");
}
