//! Page runs: found, cut, made ready, given back, merged, and the growth that they come from.
//!
//! Everything here runs under the heap's lock, which `&mut Inner` stands for.
#![expect(
    unsafe_code,
    reason = "writes the page table and changes memory's state"
)]
use super::limit::Soft;
use super::{Heap, Inner, sound};
use crate::recent::Recent;
use crate::released::pages_of;
use crate::{RunStore, SpanRef, SpanState};
use arena::{Addr, AddressSpace, ByteCount, Os, PAGE_BYTES, PageCount};
use core::ptr::NonNull;

/// A run that was taken out of the store.
pub(super) struct Taken {
    pub(super) run: SpanRef,
    /// Its pages read as zero.
    pub(super) is_zero: bool,
}

/// Why there is no run. Nothing changed.
pub(super) enum Refused {
    /// No free run is long enough, and the heap cannot grow.
    Memory,
    /// The pages hold no memory, and this many bytes of it would be above the soft limit.
    Soft(usize),
}

/// Headers that one operation needs at most: growth, and what is cut off before and behind.
const HEADERS: usize = 3;

impl<A: AddressSpace, R: RunStore> Heap<A, R> {
    /// A run of exactly `pages` pages at a multiple of `align` pages (a power of two), of which every
    /// page is Ready and has `tag`; still in the state [`SpanState::Free`], and counted as idle.
    pub(super) fn take_run(
        &self,
        inner: &mut Inner<R>,
        pages: usize,
        align: usize,
        tag: u8,
        soft: Soft,
    ) -> Result<Taken, Refused> {
        let memory = self.space.memory();
        let headers = &mut inner.headers;
        headers
            .reserve(HEADERS, &mut inner.persistent, memory)
            .ok_or(Refused::Memory)?;
        let found = match find(inner, pages, align) {
            Some(run) => run,
            None => self.find_more(inner, pages, align).ok_or(Refused::Memory)?,
        };
        let lead = lead(found, align);
        sound(inner.runs.remove(found));
        let is_zero = match self.make_ready(inner, found, lead, pages, soft) {
            Ok(is_zero) => is_zero,
            Err(refused) => {
                sound(inner.runs.insert(found));
                return Err(refused);
            }
        };
        let mut run = found;
        if lead > 0 {
            let held = count_released(inner, found, lead);
            run = self
                .split(inner, found, lead, held)
                .ok_or(Refused::Memory)?;
            sound(inner.runs.insert(found));
        }
        if run.pages() > pages {
            let rest = self.split(inner, run, pages, 0).ok_or(Refused::Memory)?;
            sound(inner.runs.insert(rest));
        }
        self.set_all_entries(run, tag);
        Ok(Taken { run, is_zero })
    }

    /// Merges what is recent, or grows, for want of a free run.
    #[cold]
    fn find_more(&self, inner: &mut Inner<R>, pages: usize, align: usize) -> Option<SpanRef> {
        if self.merge_recent(inner)
            && let Some(run) = find(inner, pages, align)
        {
            return Some(run);
        }
        self.grow(inner, pages.checked_add(align - 1)?)?;
        find(inner, pages, align)
    }

    /// Makes a run free: one that is dead, or free and in no store. Answers with what it is part of
    /// then.
    pub(super) fn give_back_run(&self, inner: &mut Inner<R>, run: SpanRef) -> SpanRef {
        let run = self.merge(inner, run);
        if run.state() != SpanState::Free {
            run.life().publish(SpanState::Free);
        }
        sound(inner.runs.insert(run));
        run
    }

    /// Makes a dead run free soon: it is kept as it is for a while, if it is not too long for that.
    pub(super) fn give_back_later(&self, inner: &mut Inner<R>, run: SpanRef) {
        let pages = run.pages();
        if !Recent::suits(pages) {
            self.give_back_run(inner, run);
            return;
        }
        while inner.recent.is_full(pages)
            && let Some(oldest) = inner.recent.take_oldest()
        {
            self.give_back_run(inner, oldest);
        }
        inner.recent.push(run);
    }

    /// Makes what is recent free. Was there anything?
    pub(super) fn merge_recent(&self, inner: &mut Inner<R>) -> bool {
        let mut any = false;
        while let Some(run) = inner.recent.take_oldest() {
            self.give_back_run(inner, run);
            any = true;
        }
        any
    }

    /// Makes `pages` pages Ready, `skip` pages into a run that is in no store. Do they read as zero?
    fn make_ready(
        &self,
        inner: &mut Inner<R>,
        run: SpanRef,
        skip: usize,
        pages: usize,
        soft: Soft,
    ) -> Result<bool, Refused> {
        if run.released() == 0 || skip == 0 && pages <= run.prefix().0 {
            return Ok(false);
        }
        let start = run.addr().get() + skip * PAGE_BYTES;
        let end = start + pages * PAGE_BYTES;
        // An OS page is Ready as a whole. If it is larger than ours and not whole in this run, then
        // some of it is in use and none of it is released (I5).
        let os_page = self.space.memory().page_size().get();
        let mut low = start & !(os_page - 1);
        if low < run.addr().get() {
            low += os_page;
        }
        let mut high = end.next_multiple_of(os_page);
        if high > run.end().get() {
            high -= os_page;
        }
        let whole = pages_of(Addr::new(low), high.saturating_sub(low) / PAGE_BYTES);
        let released = inner.released.count(&whole);
        if released == 0 {
            return Ok(false);
        }
        let wanted = pages_of(Addr::new(start), pages);
        let all = (low, high) == (start, end) && released == pages
            || inner.released.count(&wanted) == pages;
        // Fresh pages are zero; what was given back may not be.
        let is_zero = all && (A::Os::UNUSED_IS_ZERO || !inner.has_released);
        let prepared = released * PAGE_BYTES;
        if soft == Soft::Kept {
            self.check_soft_limit(prepared)?;
        }
        let base = run.base().as_ptr().with_addr(low);
        let base = NonNull::new(base).ok_or(Refused::Memory)?;
        let bytes = ByteCount::new(high - low);
        let memory = self.space.memory();
        // SAFETY: the run is free, so its pages are the heap's (I1), Prepared or Ready (I5).
        unsafe { memory.used(base, bytes, ByteCount::new(prepared)) }
            .map_err(|_| Refused::Memory)?;
        inner.released.clear(&whole);
        run.set_released(run.released() - released);
        self.counters
            .change(|counters| counters.released.sub(prepared));
        Ok(is_zero)
    }

    /// Cuts a run that is in no store: it keeps its first `pages` pages, of which `released` are
    /// released; the rest is the run that is returned, free and in no store either. `None` without a
    /// header, of which one is reserved.
    pub(super) fn split(
        &self,
        inner: &mut Inner<R>,
        run: SpanRef,
        pages: usize,
        released: usize,
    ) -> Option<SpanRef> {
        let rest = inner.headers.take()?;
        let rest_pages = run.pages() - pages;
        let base = run.base().as_ptr().wrapping_add(pages * PAGE_BYTES);
        let base = NonNull::new(base)?;
        rest.set_run(base, rest_pages);
        rest.set_whole(0);
        rest.set_released(run.released() - released);
        run.set_pages(pages);
        run.set_released(released);
        let (prefix, tag) = run.prefix();
        if prefix > pages {
            run.set_prefix(pages, tag);
        }
        // A prefix of this very length was a run's, whose last entry is right.
        if prefix != pages {
            self.set_last_entry_to(run, pages, if prefix < pages { 0 } else { tag });
        }
        self.set_entries(rest, 0, 1, 0);
        self.set_last_entry(rest);
        rest.set_prefix(0, 0);
        rest.life().publish(SpanState::Free);
        Some(rest)
    }

    /// Makes a run in use end after `pages` pages; what is cut off becomes free.
    pub(super) fn cut(&self, inner: &mut Inner<R>, run: SpanRef, pages: usize) -> Option<()> {
        let memory = self.space.memory();
        inner
            .headers
            .reserve(HEADERS, &mut inner.persistent, memory)?;
        let rest = self.split(inner, run, pages, 0)?;
        self.give_back_run(inner, rest);
        Some(())
    }

    /// Makes a run in use, of tag 0, end after `pages` pages, if the run behind it is free and has
    /// them.
    pub(super) fn extend(&self, inner: &mut Inner<R>, run: SpanRef, pages: usize) -> Option<()> {
        let memory = self.space.memory();
        inner
            .headers
            .reserve(HEADERS, &mut inner.persistent, memory)?;
        let more = pages - run.pages();
        let behind = match self.free_run_at(run.end()) {
            Some(behind) => behind,
            None if self.merge_recent(inner) => self.free_run_at(run.end())?,
            None => return None,
        };
        if behind.pages() < more {
            return None;
        }
        sound(inner.runs.remove(behind));
        let ready = self.make_ready(inner, behind, 0, more, Soft::Kept);
        if ready.is_err() {
            sound(inner.runs.insert(behind));
            return None;
        }
        if behind.pages() > more {
            let rest = self.split(inner, behind, more, 0)?;
            sound(inner.runs.insert(rest));
        }
        // The entries first: who looks at a new page before the length is stored finds it outside.
        self.set_entries_from(run, run.pages(), pages, 0);
        absorb(inner, run, behind);
        run.set_prefix(run.pages(), 0);
        Some(())
    }

    /// Merges a run that is in no store with free neighbours on both sides. The lowest header stays,
    /// the others go back to the pool.
    fn merge(&self, inner: &mut Inner<R>, run: SpanRef) -> SpanRef {
        let mut run = run;
        let before = run.addr().get().wrapping_sub(1);
        if let Some(low) = self.free_run_at(Addr::new(before)) {
            sound(inner.runs.remove(low));
            absorb(inner, low, run);
            self.set_last_entry(low);
            run = low;
        }
        if let Some(high) = self.free_run_at(run.end()) {
            sound(inner.runs.remove(high));
            absorb(inner, run, high);
            self.set_last_entry(run);
        }
        run
    }

    /// The free run that begins or ends at this page (I2: the entries of those pages are right).
    fn free_run_at(&self, addr: Addr) -> Option<SpanRef> {
        let run = self.header_at(addr)?;
        (run.state() == SpanState::Free && run.covers(addr)).then_some(run)
    }

    /// Grows by at least `pages` pages, as one run with the free one before it, if there is one.
    fn grow(&self, inner: &mut Inner<R>, pages: usize) -> Option<()> {
        let memory = self.space.memory();
        inner.regions.reserve(&mut inner.persistent, memory)?;
        let growth = self.space.grow(PageCount::new(pages)).ok()?;
        let pages = growth.pages.get();
        let bytes = growth.pages.bytes()?;
        let fresh = pages_of(Addr::of(growth.base.as_ptr()), pages);
        inner.regions.add(&fresh);
        let run = inner.headers.take()?;
        run.set_run(growth.base, pages);
        run.set_whole(0);
        let covered = inner
            .released
            .cover(&fresh, &mut inner.persistent, memory)
            .is_some();
        let released = if covered { pages } else { 0 };
        if covered {
            inner.released.set(&fresh);
        } else {
            // Nobody can remember that these pages are released, so they are not.
            // SAFETY: fresh pages are the heap's, and Prepared. Should the system refuse, then the
            // accounts say Prepared, and touching the pages is what decides.
            let _ = unsafe { memory.used(growth.base, bytes, bytes) };
        }
        run.set_released(released);
        self.counters.change(|counters| {
            counters.growths.up(1);
            counters.mapped.add(bytes.get());
            counters.idle.add(bytes.get());
            counters.released.add(released * PAGE_BYTES);
        });
        self.set_entries(run, 0, 1, 0);
        self.set_last_entry(run);
        run.set_prefix(0, 0);
        self.give_back_run(inner, run);
        Some(())
    }
}

/// How many of the first `pages` pages of a run are released.
pub(super) fn count_released<R: RunStore>(inner: &Inner<R>, run: SpanRef, pages: usize) -> usize {
    match run.released() {
        0 => 0,
        all if all == run.pages() => pages,
        _ => inner.released.count(&pages_of(run.addr(), pages)),
    }
}

/// A free run, still in the store, that has `pages` pages from a multiple of `align` on.
fn find<R: RunStore>(inner: &Inner<R>, pages: usize, align: usize) -> Option<SpanRef> {
    // The best fit may happen to be aligned; that a run of this length and alignment is used again is
    // what usually happens.
    let fit = inner.runs.best_fit(pages);
    if align == 1 {
        return fit;
    }
    if let Some(run) = fit
        && run.pages() >= pages + lead(run, align)
    {
        return fit;
    }
    let padded = pages.checked_add(align - 1)?;
    inner.runs.best_fit(padded)
}

/// Pages from the run's base to the next multiple of `align` pages.
pub(super) fn lead(run: SpanRef, align: usize) -> usize {
    run.addr().page().get().wrapping_neg() & (align - 1)
}

/// Appends the run behind, whose header goes back to the pool.
fn absorb<R: RunStore>(inner: &mut Inner<R>, run: SpanRef, behind: SpanRef) {
    run.set_released(run.released() + behind.released());
    run.set_pages(run.pages() + behind.pages());
    if behind.state() != SpanState::Dead {
        behind.life().change();
    }
    inner.headers.give_back(behind);
}
