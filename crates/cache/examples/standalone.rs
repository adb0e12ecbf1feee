//! An allocator for objects of 64 bytes out of the layers: cache, exchange, heap, address space.
//!
//! `cargo run -p gomalloc-cache --example standalone`
#![expect(clippy::print_stdout, reason = "an example shows what it found")]
use arena::{Sparse, SparseConfig, System};
use cache::{Cache, CacheSet, Stats};
use central::Central;
use core::error::Error;
use core::ptr::NonNull;
use gomalloc_cache as cache;
use heap::{Heap, HeapConfig};
use sizeclass::{Scan, SpanClass, Table};
use std::thread;

type Layers<'h> = CacheSet<Central<&'h OwnHeap>, &'h OwnHeap>;
type OwnHeap = Heap<Sparse<System>>;

/// The whole of malloc: a hit, or the set.
fn alloc(set: &Layers<'_>, cache: NonNull<Cache>, class: SpanClass) -> *mut u8 {
    // SAFETY: the calling thread has acquired the cache, and the class is one of the table.
    let slot = unsafe { Cache::pop(cache, class.bin()) };
    if slot.is_null() {
        // SAFETY: as above.
        return unsafe { set.alloc_slow(cache, class) };
    }
    slot
}

/// The whole of free.
fn free(set: &Layers<'_>, cache: NonNull<Cache>, class: SpanClass, slot: *mut u8) {
    // SAFETY: as in `alloc`; the slot came from there and is not used any more.
    if unsafe { Cache::push(cache, class.bin(), slot) } {
        return;
    }
    // SAFETY: as above.
    unsafe { set.free_slow(cache, class, slot) }.expect("the slots are live");
}

fn main() -> Result<(), Box<dyn Error>> {
    let space = Sparse::new(System::new(), SparseConfig::default())?;
    let heap = Heap::new(space, HeapConfig::default())?;
    let set = CacheSet::new(Central::new(&heap), &heap);
    let class = Table::DEFAULT.class_of(64).ok_or("64 is a small size")?;
    let class = SpanClass::new(class, Scan::No);

    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let Some(cache) = set.acquire() else { return };
                for _ in 0..100 {
                    let slots: Vec<_> = (0..1000).map(|_| alloc(&set, cache, class)).collect();
                    for slot in slots {
                        free(&set, cache, class, slot);
                    }
                }
                // SAFETY: acquired above and not used again.
                unsafe { set.give_back(cache) }.expect("the slots were live");
            });
        }
    });
    let mut stats = Stats::new();
    set.stats(&mut stats);
    println!(
        "{} allocations, {} frees, {} slots in {} caches",
        stats.mallocs[class.bin()],
        stats.frees[class.bin()],
        stats.cached[class.bin()],
        stats.caches
    );
    Ok(())
}
