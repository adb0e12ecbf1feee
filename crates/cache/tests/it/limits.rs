//! Out of memory: the hard limit of the heap, reached through all layers.
use crate::parts::{alloc, caches, check_empty, class_of, free, heap};
use arena::{AddressSpace, ByteCount};
use heap::HeapConfig;

#[test]
fn at_the_limit_allocation_fails_and_after_a_free_it_goes_on() {
    let heap = heap(HeapConfig::default());
    let limit = ByteCount::mib(32);
    // The tables count as well, and are there already.
    let tables = heap.space().memory().usage().total();
    heap.set_hard_limit(tables.checked_add(limit));
    let set = caches(&heap);
    let cache = set.acquire().expect("memory");
    // The smallest spans first: they need most headers, which count as well.
    for bytes in [1024, 8192, 32768] {
        let class = class_of(bytes);
        let mut slots = Vec::new();
        loop {
            let slot = alloc(&set, cache, class);
            if slot.is_null() {
                break;
            }
            slots.push(slot);
            assert!(slots.len() * bytes <= limit.get(), "the limit holds");
        }
        assert!(
            slots.len() * bytes > limit.get() / 2,
            "{} slots of {bytes}: what other classes have kept is found",
            slots.len()
        );
        free(&set, cache, class, slots.pop().expect("many")).expect("owned");
        slots.push(alloc(&set, cache, class));
        assert!(
            slots.iter().all(|slot| !slot.is_null()),
            "one free, one more"
        );
        for slot in slots {
            free(&set, cache, class, slot).expect("owned");
        }
        // SAFETY: this thread owns the cache.
        unsafe { set.flush(cache) }.expect("right pointers");
    }
    // SAFETY: acquired above and not used again.
    unsafe { set.give_back(cache) }.expect("right pointers");
    check_empty(&heap, &set);
}
