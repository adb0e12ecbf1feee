//! The operations of the heap's driver.
//!
//! Belongs to the driver; each operation is done to the heap and to the model.
#![expect(unsafe_code, reason = "writes to and frees what it was handed")]
use super::model::Pages;
use super::{Driver, Kind, Live};
use crate::ops::Input;
use crate::{RunStore, SpanSource, limits};
use arena::{Addr, AddressSpace, ByteCount, Os, PAGE_BYTES, PageCount, Reason};
use core::ptr::NonNull;
use sizeclass::{CLASSES, Scan, SizeClass, SpanClass};

/// Most pages in use at a time: 192 MiB.
const MOST_PAGES: usize = 24 << 10;

impl<O: Os, A: AddressSpace, R: RunStore> Driver<'_, O, A, R> {
    pub(super) fn op(&mut self, input: &mut Input<'_>) {
        let op = input.byte();
        let some = if self.live.is_empty() {
            0
        } else {
            input.below(self.live.len())
        };
        match op % 32 {
            0..=5 => self.alloc_small(input),
            6..=11 => self.alloc_large(input),
            12..=14 => self.alloc_manual(input),
            15..=23 if !self.live.is_empty() => self.free(some),
            24 | 25 if !self.live.is_empty() => self.resize(some, input),
            26 if !self.live.is_empty() => self.free_wrong(some, input),
            27 => self.look_up(some, input),
            28 => self.step(input),
            29 if input.byte().is_multiple_of(8) => self.release_all(),
            30 => self.limit(input),
            31 => self.fail(input),
            _ => self.alloc_large(input),
        }
    }

    fn used(&self) -> usize {
        self.live.iter().map(|live| live.pages.count).sum()
    }

    /// Lengths that meet: a few, around the border to the tree, many.
    fn pages(&self, input: &mut Input<'_>) -> usize {
        let byte = usize::from(input.byte());
        let room = MOST_PAGES.saturating_sub(self.used());
        let pages = match byte % 16 {
            0..=7 => 1 + byte / 32,
            8..=11 => 1 + byte / 4,
            12 | 13 => limits::LISTS - 8 + byte / 16,
            14 => limits::LISTS + 2 * byte,
            _ if limits::INTERPRETED => 200,
            _ => 1000 + 40 * byte,
        };
        pages.min(room.max(1))
    }

    /// What is taken was cut from a best fit, at the beginning if no alignment was asked for.
    fn check_fit(&mut self, before: Option<usize>, lowest: Option<usize>, base: NonNull<u8>) {
        if self.heap.recent_len() != self.model.recent_len() {
            // What was merged may fit better.
            return;
        }
        let page = Addr::of(base.as_ptr()).page().get();
        let (Some(best), Some(run)) = (before, self.model.run_at(page)) else {
            return;
        };
        assert_eq!(run.first, page, "the first pages of a run");
        if !R::BEST_FIT {
            return;
        }
        assert_eq!(run.count, best, "the shortest run that is long enough");
        if best >= limits::LISTS {
            assert_eq!(Some(run.first), lowest, "the lowest of those");
        }
    }

    fn refused(&mut self) {
        assert!(self.is_limited, "there is memory, and no limit");
        self.seen.refused += 1;
        self.learn_growth(NonNull::dangling(), 0);
        self.learn_released();
    }

    fn alloc_small(&mut self, input: &mut Input<'_>) {
        let number = 1 + input.below(CLASSES - 1);
        let number = u8::try_from(number).ok().and_then(SizeClass::new);
        let scan = if input.byte().is_multiple_of(2) {
            Scan::Yes
        } else {
            Scan::No
        };
        let class = SpanClass::new(number.expect("below 68"), scan);
        let pages = self.heap.table().pages(class.size_class());
        let best = self.model.best_fit(pages);
        let lowest = best.and_then(|best| self.model.lowest_of(best));
        let Some(span) = self.heap.acquire_span(class) else {
            return self.refused();
        };
        self.check_fit(best, lowest, span.base());
        self.learn_released();
        assert_eq!((span.pages(), span.class()), (pages, class));
        self.born(Kind::Small(span), span.base(), pages, false);
    }

    fn alloc_large(&mut self, input: &mut Input<'_>) {
        let pages = self.pages(input);
        let shift = match input.byte() {
            byte if byte < 200 => 0,
            byte => u32::from(byte) % 21,
        };
        let cut = input.below(PAGE_BYTES);
        let recent = self
            .model
            .recent_of(pages, (1_usize << shift).div_ceil(PAGE_BYTES));
        let best = self.model.best_fit(pages);
        let lowest = best.and_then(|best| self.model.lowest_of(best));
        let Some(large) = self.heap.alloc_large(pages * PAGE_BYTES - cut, 1 << shift) else {
            return self.refused();
        };
        assert_eq!(large.bytes, pages * PAGE_BYTES);
        assert!(large.pointer.addr().get().is_multiple_of(1 << shift));
        if let Some(recent) = recent {
            let page = Addr::of(large.pointer.as_ptr()).page().get();
            assert_eq!((page, large.is_zero), (recent.first, false));
            self.model.take_recent(recent);
            self.lives(Kind::Large, large.pointer, recent, false);
            self.seen.recent += 1;
            return;
        }
        if 1 << shift <= PAGE_BYTES {
            self.check_fit(best, lowest, large.pointer);
        } else {
            self.seen.aligned += 1;
        }
        self.learn_released();
        self.born(Kind::Large, large.pointer, pages, large.is_zero);
    }

    fn alloc_manual(&mut self, input: &mut Input<'_>) {
        let pages = self.pages(input);
        let align = 1 << (input.byte() % 18);
        let Some(span) = self.heap.alloc_manual(PageCount::new(pages), align) else {
            return self.refused();
        };
        self.learn_released();
        assert!(span.addr().is_aligned(ByteCount::new(align)));
        self.born(Kind::Manual(span), span.base(), pages, false);
    }

    pub(super) fn free(&mut self, at: usize) {
        let live = self.dies(at);
        match live.kind {
            Kind::Small(span) => {
                // SAFETY: handed out, and not used any more.
                unsafe { self.heap.give_back_span(span) };
            }
            Kind::Large => {
                // SAFETY: as above.
                let freed = unsafe { self.heap.free_large(live.base) };
                assert_eq!(freed, Ok(live.pages.count * PAGE_BYTES));
            }
            Kind::Manual(span) => {
                // SAFETY: as above.
                assert_eq!(unsafe { self.heap.free_manual(span) }, Ok(()));
            }
        }
    }

    fn resize(&mut self, at: usize, input: &mut Input<'_>) {
        let live = self.live[at];
        let pages = match input.byte() {
            byte if byte % 2 == 0 => live.pages.count + usize::from(byte) / 32,
            _ => self.pages(input),
        };
        // SAFETY: what is cut off is not looked at any more.
        let after = unsafe { self.heap.resize_large(live.base, pages * PAGE_BYTES) };
        if !matches!(live.kind, Kind::Large) {
            assert_eq!(after, None, "only large objects change their length");
            return;
        }
        self.learn_merged();
        let more = pages.saturating_sub(live.pages.count);
        let behind = self.model.run_at(live.pages.end());
        let fits = more == 0
            || behind.is_some_and(|run| run.first == live.pages.end() && run.count >= more);
        if after.is_none() {
            assert!(!fits || self.is_limited, "there is room behind");
            return;
        }
        assert!(fits && after == Some(pages * PAGE_BYTES));
        self.model.resize(live.pages, pages);
        self.live[at].pages.count = pages;
        let changed = self.live[at];
        self.for_each_page(&changed, |word| {
            // SAFETY: the first word of a page that was handed out.
            unsafe { word.write(changed.mark) };
        });
        self.seen.resized[0] += usize::from(more > 0);
        self.seen.resized[1] += usize::from(pages < live.pages.count);
    }

    /// Frees by the wrong pointer, or as the wrong kind.
    fn free_wrong(&mut self, at: usize, input: &mut Input<'_>) {
        let Live {
            kind, base, pages, ..
        } = self.live[at];
        let skip = input.below(pages.count);
        // SAFETY: inside the object.
        let inside = unsafe { base.add(skip * PAGE_BYTES) };
        let is_right = matches!(kind, Kind::Large) && skip == 0;
        if !is_right {
            // SAFETY: not the pointer of a large object, so nothing is freed.
            assert!(unsafe { self.heap.free_large(inside) }.is_err());
            self.seen.wrong += 1;
        }
        let free = self.model.free_runs();
        if let Some(run) = free.get(input.below(free.len().max(1))) {
            let page = run.first + input.below(run.count);
            let pointer = base.as_ptr().with_addr(page * PAGE_BYTES);
            let pointer = NonNull::new(pointer).expect("not page 0");
            // SAFETY: nothing is allocated there.
            assert!(unsafe { self.heap.free_large(pointer) }.is_err());
            self.seen.wrong += 1;
        }
    }

    fn look_up(&mut self, at: usize, input: &mut Input<'_>) {
        if let Some(live) = self.live.get(at).copied() {
            let offset = input.below(live.pages.count) * PAGE_BYTES + input.below(PAGE_BYTES);
            let addr = Addr::new(live.base.addr().get() + offset);
            self.check_found(&live, addr, offset);
            self.seen.lookups[0] += 1;
        }
        let free = self.model.free_runs();
        if let Some(Pages { first, count }) = free.get(input.below(free.len().max(1))) {
            let addr = Addr::new((first + input.below(*count)) * PAGE_BYTES + 9);
            assert!(self.heap.span_of(addr).is_none());
            assert_eq!(self.heap.find_object(addr), None);
            self.seen.lookups[1] += 1;
        }
    }

    fn check_found(&self, live: &Live<'_>, addr: Addr, offset: usize) {
        let object = self.heap.find_object(addr);
        match live.kind {
            Kind::Manual(_) => {
                assert_eq!(object, None);
                assert!(self.heap.span_of(addr).is_none());
            }
            Kind::Large => {
                let object = object.expect("a large object");
                assert_eq!((object.base, object.slot), (live.base, 0));
                assert_eq!(object.bytes, live.pages.count * PAGE_BYTES);
                assert_eq!(self.heap.large_bytes(live.base), Some(object.bytes));
                assert_eq!(self.heap.tag(Addr::of(live.base.as_ptr())), 0);
            }
            Kind::Small(span) => {
                let found = self.heap.span_of(addr).expect("a span");
                assert!(core::ptr::eq(found, span));
                assert_eq!(usize::from(self.heap.tag(addr)), span.class().bin());
                let slot = offset / span.slot_bytes();
                let expected = (slot < span.slots()).then_some(slot);
                assert_eq!(object.map(|object| object.slot), expected);
                let base = |object: crate::Object| object.base.addr().get();
                let at = live.base.addr().get() + slot * span.slot_bytes();
                assert_eq!(object.map(base), expected.map(|_| at));
            }
        }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        self.now += u64::from(input.byte()) * 4;
        let given = self.heap.scavenge_step(self.now).get() / PAGE_BYTES;
        self.learn_merged();
        assert_eq!(self.learn_released(), given, "as many as it says");
        self.seen.stepped += given;
    }

    pub(super) fn release_all(&mut self) {
        let given = self.heap.release_memory().get() / PAGE_BYTES;
        self.learn_merged();
        let expected = self.model.releasable().len();
        assert_eq!(self.learn_released(), given, "as many as it says");
        assert!(given == expected || self.is_limited, "all that is free");
        self.seen.released += given;
    }

    /// A limit near to what is in use, or none; and the system works again.
    fn limit(&mut self, input: &mut Input<'_>) {
        self.failing.heal();
        let usage = self.heap.space().memory().usage();
        let more = input.word() << 10;
        let (hard, soft) = match input.byte() % 4 {
            0 => (Some(usage.total()), None),
            1 => (None, Some(usage.ready)),
            _ => (None, None),
        };
        let above = |limit: Option<ByteCount>| {
            limit.and_then(|limit| limit.checked_add(ByteCount::new(more)))
        };
        self.heap.set_hard_limit(above(hard));
        self.heap.set_soft_limit(above(soft));
        self.is_limited = hard.is_some();
    }

    /// One of the next calls of the system fails.
    fn fail(&mut self, input: &mut Input<'_>) {
        let number = usize::from(input.byte() % 4);
        self.failing.fail_nth(number, Reason::OutOfMemory);
        self.is_limited = true;
    }
}
