//! Threads that allocate, hand over, free and die, over the real heap.
use crate::parts::{Caches, Heap, alloc, caches, check_empty, class_at, class_of, free, heap};
use arena::ByteCount;
use cache::Cache;
use core::ptr::NonNull;
use gomalloc_cache as cache;
use heap::HeapConfig;
use sizeclass::Table;
use std::sync::Mutex;
use std::thread;

const THREADS: usize = if cfg!(miri) { 2 } else { 4 };
const LIVES: usize = if cfg!(miri) { 2 } else { 12 };
const STEPS: usize = if cfg!(miri) { 60 } else { 20_000 };

/// A slot on its way to another thread.
struct Parcel(*mut u8);

// SAFETY: a slot may be used and freed by any thread that owns it.
unsafe impl Send for Parcel {}

struct Dice(u32);

impl Dice {
    /// Marsaglia's xorshift32.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % limit
    }
}

/// Writes a stamp at both ends of a slot.
fn stamp(slot: *mut u8, bytes: usize) {
    for end in [0, bytes - 8] {
        let place = slot.wrapping_add(end).cast::<usize>();
        // SAFETY: inside a slot of `bytes`, which are a multiple of 8, that this thread owns.
        unsafe { place.write(slot.addr() ^ bytes) };
    }
}

fn check(slot: *mut u8, bytes: usize) {
    for end in [0, bytes - 8] {
        let place = slot.wrapping_add(end).cast::<usize>();
        // SAFETY: as in `stamp`, which has written it.
        let stamp = unsafe { place.read() };
        assert_eq!(stamp, slot.addr() ^ bytes, "nobody else wrote to the slot");
    }
}

fn free_checked(heap: &Heap, set: &Caches<'_>, cache: NonNull<Cache>, slot: *mut u8) {
    let class = class_at(heap, slot);
    check(slot, Table::DEFAULT.slot_bytes(class.size_class()));
    free(set, cache, class, slot).expect("owned");
}

fn live(heap: &Heap, set: &Caches<'_>, market: &[Mutex<Vec<Parcel>>], seed: usize) {
    let mut dice = Dice(u32::try_from(seed).expect("a few threads") * 0x9E37 + 1);
    let cache = set.acquire().expect("memory");
    let mut own = Vec::new();
    for _ in 0..STEPS {
        // Mostly small, as in programs; up to the largest class.
        let bytes = 1 << (3 + dice.below(13).min(dice.below(13)));
        let class = class_of(bytes);
        let slot = alloc(set, cache, class);
        assert!(!slot.is_null(), "there is memory");
        stamp(slot, bytes);
        match dice.below(4) {
            0 => {
                let to = dice.below(market.len());
                market[to].lock().expect("whole").push(Parcel(slot));
            }
            1 | 2 => own.push(slot),
            _ => free_checked(heap, set, cache, slot),
        }
        if own.len() > 200 {
            let index = dice.below(own.len());
            free_checked(heap, set, cache, own.swap_remove(index));
        }
        let parcel = market[seed % market.len()].lock().expect("whole").pop();
        if let Some(Parcel(slot)) = parcel {
            free_checked(heap, set, cache, slot);
        }
    }
    // Half is left behind for others.
    let rest = own.split_off(own.len() / 2);
    market[0]
        .lock()
        .expect("whole")
        .extend(rest.into_iter().map(Parcel));
    for slot in own {
        free_checked(heap, set, cache, slot);
    }
    // SAFETY: acquired above and not used again.
    unsafe { set.give_back(cache) }.expect("right pointers");
}

#[test]
fn nothing_is_lost_or_shared_by_threads_that_come_and_go() {
    let heap = heap(HeapConfig::default());
    let set = caches(&heap);
    set.set_warm_limit(2);
    let market: Vec<_> = (0..THREADS).map(|_| Mutex::new(Vec::new())).collect();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (heap, set, market) = (&heap, &set, &market);
            scope.spawn(move || {
                for life in 0..LIVES {
                    live(heap, set, market, life * THREADS + thread);
                }
            });
        }
    });
    let cache = set.acquire().expect("memory");
    for parcels in market {
        for Parcel(slot) in parcels.into_inner().expect("whole") {
            free_checked(&heap, &set, cache, slot);
        }
    }
    // SAFETY: acquired above and not used again.
    unsafe { set.give_back(cache) }.expect("right pointers");
    check_empty(&heap, &set);
}

#[test]
fn one_side_allocates_and_the_other_frees() {
    let heap = heap(HeapConfig::default());
    let set = caches(&heap);
    let (sender, receiver) = std::sync::mpsc::sync_channel::<Parcel>(256);
    let count = if cfg!(miri) { 100 } else { 200_000 };
    thread::scope(|scope| {
        let (set, heap) = (&set, &heap);
        scope.spawn(move || {
            let cache = set.acquire().expect("memory");
            let mut dice = Dice(7);
            for _ in 0..count {
                let bytes = 16 << dice.below(7);
                let slot = alloc(set, cache, class_of(bytes));
                stamp(slot, bytes);
                sender.send(Parcel(slot)).expect("the other side listens");
            }
            // SAFETY: acquired above and not used again.
            unsafe { set.give_back(cache) }.expect("right pointers");
        });
        scope.spawn(move || {
            let cache = set.acquire().expect("memory");
            for Parcel(slot) in receiver {
                free_checked(heap, set, cache, slot);
            }
            // SAFETY: acquired above and not used again.
            unsafe { set.give_back(cache) }.expect("right pointers");
        });
    });
    // What waits between the two sides is bounded: 256 in the channel, two magazines a class, the
    // kept spans. All in all the heap never needs more than some megabytes.
    let peak = heap.stats().peak;
    assert!(
        peak < ByteCount::mib(16),
        "{peak:?}: the freeing side strands nothing"
    );
    check_empty(&heap, &set);
}
