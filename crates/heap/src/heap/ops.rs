//! The whole heap against a model of its pages.
//!
//! Belongs to one thread. The first bytes choose the world: memory that can be written, which every
//! object is checked to keep, or simulated addresses with OS pages of 4 to 64 KiB, where huge objects
//! cost nothing. Then spans, large objects and manual spans come and go under limits that change and
//! a system that refuses.
#![expect(unsafe_code, reason = "writes to and frees what it was handed")]
mod actions;
mod model;

use super::Heap;
use crate::ops::Input;
use crate::{BinnedRuns, HeapConfig, ListedRuns, RunStore, Span, limits};
use arena::{
    Addr, AddressSpace, Failing, Host, Native, Os, PAGE_BYTES, Platform, Simulated, Sparse,
    SparseConfig, Window,
};
use core::ptr::NonNull;
use model::{Model, Pages};
use std::vec::Vec;

/// How often the driver passed each branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapSeen {
    /// Operations.
    pub ops: usize,
    /// Objects of 128 pages and more.
    pub long: usize,
    /// Frees with free neighbours on both sides.
    pub merged_both: usize,
    /// Objects that got the very run of one that was freed before.
    pub recent: usize,
    /// Allocations cut from a run of which only a part was released.
    pub partly_released: usize,
    /// Objects that lie in two arenas.
    pub across_arenas: usize,
    /// Objects aligned to more than a page.
    pub aligned: usize,
    /// Objects that became longer, or shorter, where they were.
    pub resized: [usize; 2],
    /// Objects that were handed out as zero.
    pub zero: usize,
    /// Pages that a step gave back.
    pub stepped: usize,
    /// Pages that went back on demand.
    pub released: usize,
    /// Allocations that a limit or the system refused.
    pub refused: usize,
    /// Frees of what was not there.
    pub wrong: usize,
    /// Addresses that were looked up and found, and that were not.
    pub lookups: [usize; 2],
}

/// Reads a world and operations from `data`, some five bytes each, and checks every answer; all
/// invariants every now and then and at the end, when everything is freed.
///
/// # Panics
///
/// If the heap and its model differ.
pub fn heap_ops(data: &[u8]) -> HeapSeen {
    let mut input = Input::new(data);
    let world = if limits::INTERPRETED { 0 } else { input.byte() };
    let (page, huge) = match world % 8 {
        0 | 1 => return run::<Host, Window, ListedRuns>(Host::new(), true, input),
        2 => return run::<Host, Window, BinnedRuns>(Host::new(), true, input),
        3 => (4 << 10, 0),
        4 => {
            let os = Simulated::new(Native::ADDRESS_BITS).with_page_size(16 << 10);
            return run::<Simulated, Native, BinnedRuns>(os, false, input);
        }
        5 => (4 << 10, 2 << 20),
        6 => (16 << 10, 32 << 20),
        _ => (64 << 10, 0),
    };
    let os = Simulated::new(Native::ADDRESS_BITS)
        .with_page_size(page)
        .with_huge_page_size(huge);
    run::<Simulated, Native, ListedRuns>(os, false, input)
}

fn run<O: Os, P: Platform, R: RunStore>(os: O, is_real: bool, mut input: Input<'_>) -> HeapSeen {
    let space = Sparse::<_, P>::for_platform(Failing::new(os), SparseConfig::default());
    let space = space.expect("a layout");
    let config = HeapConfig::default();
    let heap = Heap::<_, R>::with_runs(space, config).expect("the default table");
    let os_pages = heap.space().memory().page_size().pages_up().get();
    let mut driver = Driver {
        failing: heap.space().memory().os(),
        heap: &heap,
        model: Model::new(os_pages),
        live: Vec::new(),
        seen: HeapSeen::default(),
        is_real,
        is_limited: false,
        now: 0,
        scavenged: 0,
        next_mark: 1,
        arena_pages: P::PAGES,
    };
    while !input.is_empty() {
        driver.op(&mut input);
        driver.seen.ops += 1;
        if driver.seen.ops.is_multiple_of(64) {
            driver.check();
        }
    }
    driver.finish();
    driver.seen
}

/// What an allocation is.
#[derive(Clone, Copy)]
enum Kind<'a> {
    Small(&'a Span),
    Large,
    Manual(&'a Span),
}

#[derive(Clone, Copy)]
struct Live<'a> {
    kind: Kind<'a>,
    base: NonNull<u8>,
    pages: Pages,
    /// Written into every page.
    mark: u64,
}

struct Driver<'a, O: Os, A: AddressSpace, R> {
    heap: &'a Heap<A, R>,
    failing: &'a Failing<O>,
    model: Model,
    live: Vec<Live<'a>>,
    seen: HeapSeen,
    is_real: bool,
    /// A limit or a failing system may refuse.
    is_limited: bool,
    now: u64,
    /// What had been scavenged when the model heard of it last.
    scavenged: u64,
    next_mark: u64,
    arena_pages: usize,
}

impl<'a, O: Os, A: AddressSpace, R: RunStore> Driver<'a, O, A, R> {
    /// Has the heap merged what was recent? All of it or nothing.
    fn learn_merged(&mut self) {
        if self.heap.recent_len() != self.model.recent_len() {
            assert_eq!(self.heap.recent_len(), 0, "all of it");
            self.seen.merged_both += self.model.merge_recent();
        }
    }

    /// Something was handed out that was cut from a free run.
    fn born(&mut self, kind: Kind<'a>, base: NonNull<u8>, count: usize, is_zero: bool) {
        self.learn_growth(base, count);
        let pages = Pages {
            first: Addr::of(base.as_ptr()).page().get(),
            count,
        };
        let (all_released, mixed) = self.model.take(pages);
        assert!(
            all_released || !is_zero,
            "what was used is not known as zero"
        );
        self.seen.partly_released += usize::from(mixed);
        self.lives(kind, base, pages, is_zero);
    }

    /// Something was handed out.
    fn lives(&mut self, kind: Kind<'a>, base: NonNull<u8>, pages: Pages, is_zero: bool) {
        let live = Live {
            kind,
            base,
            pages,
            mark: self.next_mark,
        };
        self.next_mark += 1;
        if is_zero {
            self.for_each_page(&live, |word| {
                // SAFETY: the first word of a page that was handed out.
                assert_eq!(unsafe { word.read() }, 0, "zero is zero");
            });
            self.seen.zero += 1;
        }
        self.for_each_page(&live, |word| {
            // SAFETY: the first word of a page that was handed out.
            unsafe { word.write(live.mark) };
        });
        self.live.push(live);
        self.seen.long += usize::from(pages.count >= limits::LISTS);
        let arena = |page: usize| page / self.arena_pages;
        let across = arena(pages.first) != arena(pages.end() - 1);
        self.seen.across_arenas += usize::from(across);
    }

    /// Something is about to be freed: is its content what was written?
    fn dies(&mut self, at: usize) -> Live<'a> {
        let live = self.live.swap_remove(at);
        self.for_each_page(&live, |word| {
            // SAFETY: the first word of a page that was handed out.
            assert_eq!(unsafe { word.read() }, live.mark, "nobody else writes here");
        });
        self.seen.merged_both += match live.kind {
            Kind::Large => self.model.give_later(live.pages),
            _ => usize::from(self.model.give(live.pages) == 2),
        };
        live
    }

    fn for_each_page(&self, live: &Live<'_>, each: impl Fn(NonNull<u64>)) {
        if !self.is_real {
            return;
        }
        for page in 0..live.pages.count {
            // SAFETY: inside of what was handed out.
            each(unsafe { live.base.add(page * PAGE_BYTES) }.cast());
        }
    }

    /// Pages that the model does not know are those that the heap has just grown by: free ones, and
    /// what was cut from them.
    fn learn_growth(&mut self, base: NonNull<u8>, count: usize) {
        if self.heap.stats().mapped.get() / PAGE_BYTES == self.model.total() {
            return;
        }
        self.learn_merged();
        let first = Addr::of(base.as_ptr()).page().get();
        self.model.learn(Pages { first, count });
        let mut free = Vec::new();
        self.heap.for_each_free_run(|run| {
            let (first, count) = (run.addr().page().get(), run.pages());
            free.push(Pages { first, count });
        });
        for run in free {
            self.model.learn(run);
        }
        let mapped = self.heap.stats().mapped.get();
        assert_eq!(
            mapped / PAGE_BYTES,
            self.model.total(),
            "growth is in one run"
        );
    }

    /// Pages that the heap calls released and the model does not were given back just now.
    fn learn_released(&mut self) -> usize {
        self.learn_merged();
        let scavenged = self.heap.stats().scavenged;
        if scavenged == self.scavenged {
            return 0;
        }
        self.scavenged = scavenged;
        let mut given = 0;
        for page in self.model.releasable() {
            if self.heap.is_released(page) {
                self.model.release(page);
                given += 1;
            }
        }
        given
    }

    fn check(&mut self) {
        self.heap.check_invariants();
        self.learn_merged();
        self.seen.merged_both += self.model.merge_recent();
        let mut runs = Vec::new();
        self.heap.for_each_free_run(|run| {
            let first = run.addr().page().get();
            let count = run.pages();
            runs.push(Pages { first, count });
        });
        runs.sort_unstable_by_key(|run| run.first);
        assert_eq!(runs, self.model.free_runs(), "free runs are whole");
        let released = self.heap.stats().released.get() / PAGE_BYTES;
        assert_eq!(released, self.model.released());
    }

    fn finish(&mut self) {
        self.failing.heal();
        while !self.live.is_empty() {
            self.free(self.live.len() - 1);
        }
        self.check();
        let stats = self.heap.stats();
        assert_eq!(stats.idle, stats.mapped, "everything is free");
        self.release_all();
        self.check();
    }
}
