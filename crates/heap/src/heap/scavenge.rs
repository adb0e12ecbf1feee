//! The scavenger: free memory goes back to the system, the highest addresses first.
//!
//! It takes a piece of a free run out under the heap's lock, gives it back without the lock, and puts
//! it in again. Nobody can take the piece meanwhile, since it is dead; nobody loses it, since who
//! finds no memory waits while a piece is on its way. After Go 1.14's scavenger, which walks from high
//! addresses to low ones while allocation prefers low ones.
#![expect(unsafe_code, reason = "changes the state of free memory")]
use super::pages::count_released;
use super::{Heap, Inner, sound};
use crate::released::pages_of;
use crate::{RunStore, SpanRef, SpanState};
use arena::{Addr, AddressSpace, ByteCount, PAGE_BYTES, PageId};
use core::ops::Range;
use sync::atomic::{AtomicU64, Ordering};

/// Most that is given back in one call to the system: 4 MiB are some 250 µs of page table work, for
/// which an allocation that needs this very piece may have to wait.
const PIECE_PAGES: usize = 512;

/// Most that one [`Heap::scavenge_step`] gives back: 32 MiB are some 2 ms.
const STEP_BYTES: usize = 32 << 20;

/// Runs that are looked at before the lock is given back: some 10 µs.
const HOPS: usize = 1024;

/// Of a huge page that is whole, less than a quarter is not worth breaking it.
const WORTHWHILE: usize = 4;

/// What the scavenger needs without the lock.
#[derive(Debug)]
pub(super) struct Scavenger {
    /// Before this time there is nothing to do.
    due: AtomicU64,
    retained_percent: u8,
}

impl Scavenger {
    pub(super) fn new(retained_percent: u8) -> Self {
        Self {
            due: AtomicU64::new(0),
            retained_percent,
        }
    }
}

/// Which free memory is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Take {
    /// Not what would break up a huge page for little.
    Worthwhile,
    /// All of it.
    Everything,
}

/// What a look at some runs has found.
enum Found {
    /// This part of this run, which is in the store.
    Piece(SpanRef, Range<PageId>),
    /// Nothing yet; go on below this page.
    Nothing(PageId),
    /// Nothing is left below.
    End,
}

impl<A: AddressSpace, R: RunStore> Heap<A, R> {
    /// Gives back free memory that was not needed for the decay time, apart from what is to be
    /// retained; answers with its bytes. To be called every now and then with a time that does not
    /// stand still, in milliseconds; a call too many costs one load. At most 32 MiB at a time.
    ///
    /// Memory is taken from the highest addresses down. Where the system has huge pages, one that is
    /// whole is not broken up for less than a quarter of it.
    pub fn scavenge_step(&self, now_ms: u64) -> ByteCount {
        if now_ms < self.scavenger.due.load(Ordering::Relaxed) {
            return ByteCount::ZERO;
        }
        let goal = {
            let mut inner = self.inner.lock();
            let retained = self.retained();
            let held = self.counters.held();
            inner.decay.tick(now_ms, held, retained);
            let due = inner.decay.next(now_ms);
            self.scavenger.due.store(due, Ordering::Relaxed);
            inner.decay.debt().min(STEP_BYTES)
        };
        if goal == 0 {
            return ByteCount::ZERO;
        }
        let given = self.scavenge_some(goal, Take::Worthwhile);
        let mut inner = self.inner.lock();
        if given < goal {
            inner.decay.forgive();
        }
        let due = inner.decay.next(now_ms);
        self.scavenger.due.store(due, Ordering::Relaxed);
        ByteCount::new(given)
    }

    /// Gives all free memory back that holds any, at once; answers with its bytes. O(runs).
    pub fn release_memory(&self) -> ByteCount {
        ByteCount::new(self.scavenge(usize::MAX))
    }

    /// Gives up to about `goal` bytes back, whatever they are part of.
    pub(super) fn scavenge(&self, goal: usize) -> usize {
        self.scavenge_some(goal, Take::Everything)
    }

    fn retained(&self) -> usize {
        let in_use = self.counters.read().in_use().get();
        in_use / 100 * usize::from(self.scavenger.retained_percent)
    }

    fn scavenge_some(&self, goal: usize, take: Take) -> usize {
        let mut given = 0;
        let mut below = PageId::new(usize::MAX);
        self.merge_recent(&mut self.inner.lock());
        while given < goal {
            let mut inner = self.inner.lock();
            let most = (goal - given).div_ceil(PAGE_BYTES).min(PIECE_PAGES);
            match self.look(&inner, below, most, take) {
                Found::End => break,
                Found::Nothing(next) => below = next,
                Found::Piece(run, pages) => {
                    let Some(piece) = self.cut_out(&mut inner, run, &pages) else {
                        break;
                    };
                    inner.in_transit += 1;
                    drop(inner);
                    // SAFETY: a piece is of whole OS pages of a free run, all Ready (`look`, I5), and
                    // nobody else can take it.
                    let unused = unsafe {
                        self.space
                            .memory()
                            .unused(piece.base(), ByteCount::new(piece.bytes()))
                    };
                    let mut inner = self.inner.lock();
                    inner.in_transit -= 1;
                    if unused.is_ok() {
                        given += piece.bytes();
                        self.note_released(&mut inner, piece);
                    }
                    // Merged, it may reach further up; what is there is looked at again.
                    let whole = self.give_back_run(&mut inner, piece);
                    below = whole.end().page();
                    if unused.is_err() {
                        break;
                    }
                }
            }
        }
        given
    }

    fn note_released(&self, inner: &mut Inner<R>, piece: SpanRef) {
        inner.has_released = true;
        inner.released.set(&pages_of(piece.addr(), piece.pages()));
        piece.set_released(piece.pages());
        piece.set_prefix(0, 0);
        self.counters.change(|counters| {
            counters.released.add(piece.bytes());
            counters.scavenged.up(piece.bytes());
        });
        inner.decay.paid(piece.bytes());
    }

    /// Looks at runs from `below` downwards.
    fn look(&self, inner: &Inner<R>, below: PageId, most: usize, take: Take) -> Found {
        let mut below = below;
        for _ in 0..HOPS {
            let Some(end) = inner.regions.highest_end(below) else {
                return Found::End;
            };
            let last = Addr::new(end.addr().get() - 1);
            let run = self
                .header_at(last)
                .filter(|run| run.state() != SpanState::Dead && run.covers(last));
            let Some(run) = run else {
                // A piece that another scavenger has, or the middle of what was merged meanwhile.
                // What is left out now comes next time.
                below = PageId::new(end.get() - 1);
                continue;
            };
            if run.state() == SpanState::Free
                && run.released() < run.pages()
                && let Some(pages) = self.piece(inner, run, most, take)
            {
                return Found::Piece(run, pages);
            }
            below = run.addr().page();
        }
        Found::Nothing(below)
    }

    /// The highest pages of a free run that hold memory and should go, whole OS pages of them.
    fn piece(
        &self,
        inner: &Inner<R>,
        run: SpanRef,
        most: usize,
        take: Take,
    ) -> Option<Range<PageId>> {
        let memory = self.space.memory();
        let os_pages = memory.page_size().pages_up().get();
        let huge = match take {
            Take::Worthwhile => memory.huge_page_size().pages_down().get(),
            Take::Everything => 0,
        };
        let mut rest = pages_of(run.addr(), run.pages());
        while let Some(held) = inner.released.highest_held(&rest) {
            let start = held.start.get().next_multiple_of(os_pages);
            let end = held.end.get() / os_pages * os_pages;
            if start < end {
                let least = most.next_multiple_of(os_pages);
                let broken = |pages: &Range<PageId>| inner.released.count(pages) > 0;
                if let Some(pages) = choose(start..end, least, huge, broken) {
                    return Some(PageId::new(pages.start)..PageId::new(pages.end));
                }
            }
            rest.end = held.start;
        }
        None
    }

    /// Takes these pages out of a run in the store, as a dead run of their own.
    fn cut_out(
        &self,
        inner: &mut Inner<R>,
        run: SpanRef,
        pages: &Range<PageId>,
    ) -> Option<SpanRef> {
        let memory = self.space.memory();
        inner.headers.reserve(2, &mut inner.persistent, memory)?;
        sound(inner.runs.remove(run));
        let mut piece = run;
        let skip = pages.start.get() - run.addr().page().get();
        if skip > 0 {
            let released = count_released(inner, run, skip);
            piece = self.split(inner, run, skip, released)?;
            sound(inner.runs.insert(run));
        }
        let length = pages.end.get() - pages.start.get();
        if piece.pages() > length {
            let rest = self.split(inner, piece, length, 0)?;
            sound(inner.runs.insert(rest));
        }
        piece.life().change();
        Some(piece)
    }
}

/// The highest part of `held` that should go, at most about `most` pages. `huge`: pages of a huge page,
/// 0 for none. `broken`: has any of these pages been given back?
fn choose(
    held: Range<usize>,
    most: usize,
    huge: usize,
    broken: impl Fn(&Range<PageId>) -> bool,
) -> Option<Range<usize>> {
    if huge == 0 {
        return Some(held.start.max(held.end.saturating_sub(most))..held.end);
    }
    let mut end = held.end;
    while end > held.start {
        let low = (end - 1) / huge * huge;
        let start = low.max(held.start);
        let part = end - start;
        let around = PageId::new(low)..PageId::new(low + huge);
        if part * WORTHWHILE >= huge || broken(&around) {
            // Whole huge pages below come along.
            let more = most.saturating_sub(part) / huge * huge;
            let whole = start.saturating_sub(held.start) / huge * huge;
            return Some(start - more.min(whole)..end);
        }
        end = start;
    }
    None
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
