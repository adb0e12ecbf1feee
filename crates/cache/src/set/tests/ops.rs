//! Random calls against a reference model: what is allocated, by which cache, and every figure.
#![expect(unsafe_code, reason = "the driver owns the caches that it gives back")]
use super::{Set, alloc, class_of, free, set, stats};
use crate::Cache;
use core::ptr::NonNull;
use proptest::prelude::*;
use sizeclass::SpanClass;
use std::collections::BTreeSet;
use std::vec::Vec;

#[derive(Clone, Debug)]
enum Op {
    /// By the cache with this number, or by the shared one.
    Alloc {
        cache: usize,
        class: usize,
        count: usize,
    },
    /// The oldest, or the newest, of what is allocated.
    Free {
        cache: usize,
        class: usize,
        count: usize,
        oldest: bool,
    },
    Birth,
    Death {
        cache: usize,
    },
    Flush {
        cache: usize,
    },
    FlushDead,
}

const CLASSES: usize = 4;

fn classes() -> [SpanClass; CLASSES] {
    [class_of(8), class_of(1024), class_of(8192), class_of(32768)]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0..5_usize, 0..CLASSES, 1..80_usize)
            .prop_map(|(cache, class, count)| Op::Alloc { cache, class, count }),
        8 => (0..5_usize, 0..CLASSES, 1..80_usize, any::<bool>())
            .prop_map(|(cache, class, count, oldest)| Op::Free { cache, class, count, oldest }),
        2 => Just(Op::Birth),
        1 => (0..5_usize).prop_map(|cache| Op::Death { cache }),
        1 => (0..5_usize).prop_map(|cache| Op::Flush { cache }),
        1 => Just(Op::FlushDead),
    ]
}

struct World {
    set: Set,
    caches: Vec<NonNull<Cache>>,
    owned: [Vec<*mut u8>; CLASSES],
    live: BTreeSet<usize>,
    mallocs: [u64; CLASSES],
    frees: [u64; CLASSES],
}

impl World {
    fn new() -> Self {
        let set = set();
        set.set_warm_limit(2);
        Self {
            set,
            caches: Vec::new(),
            owned: Default::default(),
            live: BTreeSet::new(),
            mallocs: [0; CLASSES],
            frees: [0; CLASSES],
        }
    }

    fn cache(&self, number: usize) -> NonNull<Cache> {
        self.caches.get(number).copied().unwrap_or(Cache::empty())
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Alloc {
                cache,
                class,
                count,
            } => {
                for _ in 0..count {
                    let slot = alloc(&self.set, self.cache(cache), classes()[class]);
                    assert!(self.live.insert(slot.addr()), "a slot has one owner");
                    self.owned[class].push(slot);
                    self.mallocs[class] += 1;
                }
            }
            Op::Free {
                cache,
                class,
                count,
                oldest,
            } => {
                for _ in 0..count.min(self.owned[class].len()) {
                    let last = self.owned[class].len() - 1;
                    let slot = self.owned[class].remove(if oldest { 0 } else { last });
                    self.live.remove(&slot.addr());
                    free(&self.set, self.cache(cache), classes()[class], slot).expect("owned");
                    self.frees[class] += 1;
                }
            }
            Op::Birth => {
                if self.caches.len() < 4 {
                    self.caches.push(self.set.acquire().expect("memory"));
                }
            }
            Op::Death { cache } => {
                if cache < self.caches.len() {
                    let cache = self.caches.swap_remove(cache);
                    // SAFETY: taken off the list of caches in use.
                    unsafe { self.set.give_back(cache) }.expect("right pointers");
                }
            }
            Op::Flush { cache } => {
                // SAFETY: this thread owns all caches of the list.
                unsafe { self.set.flush(self.cache(cache)) }.expect("right pointers");
            }
            Op::FlushDead => self.set.flush_dead().expect("right pointers"),
        }
        self.check();
    }

    fn check(&self) {
        let stats = stats(&self.set);
        for (index, class) in classes().into_iter().enumerate() {
            assert_eq!(
                stats.mallocs[class.bin()],
                self.mallocs[index],
                "allocations are exact"
            );
            assert_eq!(
                stats.frees[class.bin()],
                self.frees[index],
                "frees are exact"
            );
        }
        let cached: u64 = stats.cached.iter().sum();
        assert_eq!(
            self.set.exchange().out() as u64,
            cached + self.live.len() as u64,
            "a slot is in the exchange, in a cache, or in use"
        );
        assert_eq!(stats.caches - stats.dead_caches, self.caches.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { 150 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn caches_lose_nothing_and_count_everything(ops in prop::collection::vec(op(), 1..80)) {
        let mut world = World::new();
        for op in &ops {
            world.apply(op);
        }
    }
}
