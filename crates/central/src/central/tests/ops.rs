//! Random batches against a reference model: the exchange as a bag of slots with shadow ownership.
use super::{class_of, give, scanned_class_of};
use crate::fake::{FakeHeap, first_run, free_bits};
use crate::{Central, Exchange};
use core::ptr;
use proptest::prelude::*;
use sizeclass::{SpanClass, Table};
use std::collections::BTreeMap;
use std::vec::Vec;
use sync::atomic::Ordering;

const PAGES: usize = 24;

#[derive(Clone, Debug)]
enum Op {
    /// Take up to this many slots.
    Refill {
        class: usize,
        count: usize,
    },
    /// Give back every `stride`-th owned slot, `count` at most, in or against the order of taking.
    Flush {
        class: usize,
        count: usize,
        stride: usize,
        reversed: bool,
    },
    ReleaseKept,
}

fn classes() -> [SpanClass; 5] {
    [
        class_of(8),
        class_of(48),
        scanned_class_of(1024),
        class_of(1408),
        class_of(8192),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..5_usize, 1..300_usize).prop_map(|(class, count)| Op::Refill { class, count }),
        4 => (0..5_usize, 1..300_usize, 1..4_usize, any::<bool>()).prop_map(
            |(class, count, stride, reversed)| Op::Flush { class, count, stride, reversed }
        ),
        1 => Just(Op::ReleaseKept),
    ]
}

/// The exchange, and beside it which slots are out.
struct World {
    central: Central<FakeHeap>,
    owned: [Vec<*mut u8>; 5],
    /// Address → bytes of every slot that is out, for overlap checks.
    live: BTreeMap<usize, usize>,
}

impl World {
    fn new() -> Self {
        Self {
            central: Central::new_keeping(FakeHeap::new(PAGES), 16 << 10),
            owned: Default::default(),
            live: BTreeMap::new(),
        }
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Refill { class, count } => self.refill(class, count),
            Op::Flush {
                class,
                count,
                stride,
                reversed,
            } => self.flush(class, count, stride, reversed),
            Op::ReleaseKept => {
                self.central.release_kept();
            }
        }
        self.check();
    }

    fn refill(&mut self, class: usize, count: usize) {
        let span_class = classes()[class];
        let mut out = std::vec![ptr::null_mut(); count];
        let got = self.central.refill(span_class, &mut out);
        assert!(got <= count);
        assert!(
            out[got..].iter().all(|slot| slot.is_null()),
            "nothing is written past the answer"
        );
        let bytes = Table::DEFAULT.slot_bytes(span_class.size_class());
        for &slot in &out[..got] {
            let below = self.live.range(..slot.addr() + bytes).next_back();
            assert!(
                below.is_none_or(|(start, bytes)| start + bytes <= slot.addr()),
                "a slot overlaps no live one"
            );
            self.live.insert(slot.addr(), bytes);
            self.owned[class].push(slot);
        }
        if got < count {
            let pages = Table::DEFAULT.pages(span_class.size_class());
            assert!(
                first_run(&self.central.source().used.lock(), pages).is_none(),
                "a refill falls short only when no run of pages is left"
            );
        }
    }

    fn flush(&mut self, class: usize, count: usize, stride: usize, reversed: bool) {
        let owned = core::mem::take(&mut self.owned[class]);
        let (mut back, mut kept) = (Vec::new(), Vec::new());
        for (index, slot) in owned.into_iter().enumerate() {
            if index % stride == 0 && back.len() < count {
                back.push(slot);
            } else {
                kept.push(slot);
            }
        }
        if reversed {
            back.reverse();
        }
        for slot in &back {
            self.live.remove(&slot.addr());
        }
        self.owned[class] = kept;
        give(&self.central, classes()[class], back).expect("every slot was out");
    }

    /// The figures and the headers agree with the shadow.
    fn check(&self) {
        let heap = self.central.source();
        heap.check_at_rest();
        let mut spans = 0;
        for (class, owned) in classes().into_iter().zip(&self.owned) {
            let stats = self.central.stats(class);
            assert!(stats.partial + stats.kept <= stats.spans);
            let slots = stats.spans * Table::DEFAULT.slots(class.size_class());
            let of_class = heap.spans().filter(|span| span.class() == class);
            let free: usize = of_class.map(free_bits).sum();
            assert_eq!(free, slots - owned.len(), "a slot is out or free");
            spans += stats.spans;
        }
        assert_eq!(spans, heap.out.load(Ordering::Relaxed));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 3 } else { 200 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_exchange_is_a_bag_of_slots(ops in prop::collection::vec(op(), 1..60)) {
        let mut world = World::new();
        for op in &ops {
            world.apply(op);
        }
        for class in 0..world.owned.len() {
            world.flush(class, usize::MAX, 1, false);
        }
        world.central.release_kept();
        let out = world.central.source().out.load(Ordering::Relaxed);
        prop_assert_eq!(out, 0, "nothing is lost");
    }
}
