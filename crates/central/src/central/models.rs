//! Loom models of the free protocol: the shipped code, two slots a span, up to three threads.
//!
//! Each slot has a payload cell that its owner writes: loom reports it when two owners meet, or
//! when a hand-over through the exchange does not order them. The heap stand-in asserts that spans
//! come back once and wholly free.
use crate::fake::FakeHeap;
use crate::{Central, Exchange};
use core::ptr;
use sizeclass::{Scan, SpanClass, Table};
use std::vec::Vec;
use sync::atomic::Ordering;
use sync::cell::UnsafeCell;
use sync::model::{Arc, model, thread};

/// 4096-byte slots: two a span, which has one page.
const SLOT_BYTES: usize = 4096;

struct World {
    central: Central<FakeHeap>,
    payload: Vec<UnsafeCell<u32>>,
}

/// Slots that a thread of the model owns.
struct Owned(Vec<*mut u8>);

// SAFETY: slots may be freed from any thread, that is the point.
unsafe impl Send for Owned {}

fn class() -> SpanClass {
    let class = Table::DEFAULT.class_of(SLOT_BYTES).expect("a small size");
    SpanClass::new(class, Scan::No)
}

impl World {
    /// A world of `pages` spans, of which `kept` may be kept.
    fn new(pages: usize, kept: usize) -> Arc<Self> {
        let heap = FakeHeap::new(pages);
        Arc::new(Self {
            central: Central::new_keeping(heap, kept * sizeclass::PAGE_BYTES),
            payload: (0..2 * pages).map(|_| UnsafeCell::new(0)).collect(),
        })
    }

    /// Up to `count` slots, each touched by its new owner.
    fn alloc(&self, count: usize) -> Owned {
        let mut slots = std::vec![ptr::null_mut(); count];
        let count = self.central.refill(class(), &mut slots);
        slots.truncate(count);
        let owned = Owned(slots);
        self.touch(&owned);
        owned
    }

    /// Touches the slots a last time and gives them back in one flush.
    fn free(&self, mut owned: Owned) {
        self.touch(&owned);
        // SAFETY: the slots are owned, and given up here.
        let result = unsafe { self.central.flush(class(), &mut owned.0) };
        result.expect("every slot was in use once");
    }

    fn touch(&self, owned: &Owned) {
        for &slot in &owned.0 {
            let memory = self.central.source().memory.as_ptr();
            let index = (slot.addr() - memory.addr()) / SLOT_BYTES;
            // SAFETY: the slot's owner alone touches its payload; loom checks it.
            self.payload[index].with_mut(|payload| unsafe { *payload += 1 });
        }
    }

    fn spans_out(&self) -> usize {
        self.central.source().out.load(Ordering::Relaxed)
    }

    /// With nothing owned any more: nothing was lost, nothing is counted twice.
    fn check_all_free(&self) {
        self.central.source().check_at_rest();
        let stats = self.central.stats(class());
        assert_eq!(
            stats.partial, 0,
            "a wholly free span is not listed as partial"
        );
        assert_eq!(
            stats.spans, stats.kept,
            "a wholly free span is kept or in the heap"
        );
        self.central.release_kept();
        assert_eq!(
            self.spans_out(),
            0,
            "every span returns to the heap exactly once"
        );
    }
}

fn spawn(world: &Arc<World>, work: impl FnOnce(&World) + 'static) -> thread::JoinHandle<()> {
    let world = Arc::clone(world);
    thread::spawn(move || work(&world))
}

fn join(threads: impl IntoIterator<Item = thread::JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("the thread's own assertions hold");
    }
}

#[test]
fn flush_against_refill_loses_nothing_and_hands_nothing_out_twice() {
    model(|| {
        let world = World::new(2, 0);
        let mut first = world.alloc(2);
        let second = Owned(first.0.split_off(1));
        let flusher = spawn(&world, move |world| world.free(first));
        let taken = world.alloc(1);
        assert_eq!(
            taken.0.len(),
            1,
            "the heap has a page left, so a refill finds a slot"
        );
        assert_ne!(taken.0[0], second.0[0], "a slot in use is not handed out");
        join([flusher]);
        world.free(taken);
        world.free(second);
        world.check_all_free();
    });
}

#[test]
fn last_frees_against_refill_return_the_span_once() {
    for kept in [0, 1] {
        model(move || {
            let world = World::new(2, kept);
            let mut first = world.alloc(2);
            let second = Owned(first.0.split_off(1));
            let one = spawn(&world, move |world| world.free(first));
            let other = spawn(&world, move |world| world.free(second));
            let taken = world.alloc(1);
            world.free(taken);
            join([one, other]);
            world.check_all_free();
        });
    }
}

#[test]
fn a_free_is_found_by_the_refill_after_it() {
    model(|| {
        let world = World::new(2, 0);
        let mut first = world.alloc(2);
        let _second = first.0.split_off(1);
        let flusher = spawn(&world, move |world| world.free(first));
        // Finds nothing free, or what the other thread has just freed.
        let taken = world.alloc(1);
        join([flusher]);
        let spans = world.spans_out();
        let slots_left = 2 * spans - 1 - taken.0.len();
        let rest = world.alloc(slots_left);
        assert_eq!(rest.0.len(), slots_left, "every freed slot is found again");
        assert_eq!(
            world.spans_out(),
            spans,
            "no span is taken while slots are free"
        );
    });
}

#[test]
fn two_caches_exchange_slots_through_the_class() {
    model(|| {
        let world = World::new(3, 0);
        let mut all = world.alloc(2);
        let half = Owned(all.0.split_off(1));
        let work = |world: &World, mine: Owned| {
            world.free(mine);
            let again = world.alloc(1);
            assert_eq!(again.0.len(), 1, "three pages are enough for two caches");
            world.free(again);
        };
        let one = spawn(&world, move |world| work(world, all));
        work(&world, half);
        join([one]);
        world.check_all_free();
    });
}

#[test]
fn a_late_settler_leaves_the_next_life_alone() {
    model(|| {
        // One page: the next life is in the same header, and only one thread at a time can have it.
        let world = World::new(1, 0);
        let mut first = world.alloc(2);
        let second = Owned(first.0.split_off(1));
        let one = spawn(&world, move |world| world.free(first));
        let other = spawn(&world, move |world| {
            world.free(second);
            let next_life = world.alloc(1);
            world.free(next_life);
        });
        join([one, other]);
        world.check_all_free();
    });
}
