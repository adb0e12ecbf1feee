//! The heap's invariants, checked one by one.
//!
//! Under the heap's lock; for tests, drivers and debug builds, at a cost that grows with the heap.
use super::entries::LANDMARK;
use super::{Heap, Inner};
use crate::released::pages_of;
use crate::{RunStore, SpanRef, SpanState};
use arena::{Addr, AddressSpace, PAGE_BYTES};
use core::ptr;

/// Bytes by state, counted anew.
#[derive(Default)]
struct Sums {
    small: usize,
    large: usize,
    manual: usize,
    idle: usize,
    released: usize,
    free_runs: usize,
}

impl<A: AddressSpace, R: RunStore> Heap<A, R> {
    /// Panics if an invariant does not hold. O(pages).
    pub fn check_invariants(&self) {
        let inner = self.inner.lock();
        inner.runs.check_invariants();
        let mut sums = Sums::default();
        inner
            .headers
            .for_each(|span| self.check_span(&inner, span, &mut sums));
        for run in inner.recent.iter() {
            assert_eq!(run.state(), SpanState::Dead, "what is recent is dead");
            assert_eq!((run.list(), run.height()), (0, 0), "I3");
            self.check_entries(&inner, run);
            sums.idle += run.bytes();
        }
        let mut stored = 0;
        inner.runs.for_each(&mut |run| {
            assert_eq!(run.state(), SpanState::Free, "I3");
            stored += 1;
        });
        assert_eq!(stored, sums.free_runs, "I3: every free run is in the store");
        let stats = self.stats();
        if sums.idle == stats.mapped.get() && inner.recent.len() == 0 {
            let regions = inner.regions.len();
            assert!(sums.free_runs <= regions, "I1: one free run a region");
        }
        assert_eq!(inner.in_transit, 0, "nobody scavenges meanwhile");
        let used = sums.small + sums.large + sums.manual;
        assert_eq!(used + sums.idle, stats.mapped.get(), "I1: every page once");
        assert_eq!(stats.small.get(), sums.small);
        assert_eq!(stats.large.get(), sums.large);
        assert_eq!(stats.manual.get(), sums.manual);
        assert_eq!(stats.idle.get(), sums.idle);
        assert_eq!(stats.released.get(), sums.released, "I5");
        assert_eq!(stats.in_use().get() + sums.manual, used);
        assert_eq!(stats.free().get() + sums.released, sums.idle);
    }

    /// Is this page (by number) free and without memory?
    #[cfg(any(test, feature = "ops"))]
    pub(super) fn is_released(&self, page: usize) -> bool {
        let page = Addr::new(page * PAGE_BYTES);
        self.inner.lock().released.count(&pages_of(page, 1)) == 1
    }

    /// How many runs are recent.
    #[cfg(any(test, feature = "ops"))]
    pub(super) fn recent_len(&self) -> usize {
        self.inner.lock().recent.len()
    }

    fn check_span(&self, inner: &Inner<R>, span: SpanRef, sums: &mut Sums) {
        let state = span.state();
        if state == SpanState::Dead {
            return;
        }
        assert!(span.pages() > 0, "no run is empty");
        let released = inner.released.count(&pages_of(span.addr(), span.pages()));
        assert_eq!(released, span.released(), "I5: released pages are counted");
        let tag = match state {
            SpanState::InUse if span.slots() > 0 => span.class().bin(),
            _ => 0,
        };
        let (prefix, prefix_tag) = self.check_entries(inner, span);
        match state {
            SpanState::Free => {
                sums.idle += span.bytes();
                sums.released += released * PAGE_BYTES;
                sums.free_runs += 1;
                let behind = self.header_at(span.end());
                let free = |run: SpanRef| run.state() == SpanState::Free && run.covers(span.end());
                assert!(!behind.is_some_and(free), "I1: free neighbours are merged");
                return;
            }
            SpanState::Manual => sums.manual += span.bytes(),
            _ if span.class().size_class().is_large() => sums.large += span.bytes(),
            _ => sums.small += span.bytes(),
        }
        assert_eq!(released, 0, "I5: what is in use is Ready");
        assert_eq!((prefix, usize::from(prefix_tag)), (span.pages(), tag), "I2");
        assert_eq!((span.list(), span.height()), (0, 0), "I3");
    }

    /// Answers with the prefix and its tag.
    fn check_entries(&self, inner: &Inner<R>, span: SpanRef) -> (usize, u8) {
        let (prefix, prefix_tag) = span.prefix();
        assert!(prefix <= span.pages(), "no entry is known behind the end");
        let known = inner.released.count(&pages_of(span.addr(), prefix));
        assert_eq!(known, 0, "I6");
        let first = span.addr().page().get();
        let landmark = first.next_multiple_of(LANDMARK);
        for page in 0..span.pages() {
            let promised = prefix_tag != 0
                || first + page < landmark
                || (first + page).is_multiple_of(LANDMARK);
            let known = page < prefix && promised;
            if known || page == 0 || page + 1 == span.pages() {
                self.check_entry(span, page, known.then_some(prefix_tag));
            }
        }
        (prefix, prefix_tag)
    }

    fn check_entry(&self, span: SpanRef, page: usize, tag: Option<u8>) {
        let addr = Addr::new(span.addr().get() + page * PAGE_BYTES);
        let header = self.header_at(addr).map(SpanRef::as_ptr);
        assert!(
            header.is_some_and(|header| ptr::eq(header, span.as_ptr())),
            "I2: the entry of page {page} of {span:?} is its header"
        );
        if let Some(tag) = tag {
            assert_eq!(
                self.tag(addr),
                tag,
                "I2: the tag of page {page} of {span:?}"
            );
        }
    }
}
