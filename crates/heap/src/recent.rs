//! Large objects that were freed a moment ago, kept as they were for the next one of their length.
//!
//! Belongs to the heap, whose lock protects it. What is kept here is free and counted as idle, but not
//! merged with its neighbours, so that taking it again writes neither the page table nor the structure
//! of free runs. It is few and little; it is merged before the heap grows, and before anything is given
//! back to the system.
use crate::SpanRef;
use crate::limits::{RECENT_PAGES, RECENT_RUNS};

/// Runs in the order in which they were freed.
///
/// # Invariants
///
/// * I1: the first `len` places are filled, the oldest run first; the others are empty.
/// * I2: `pages` is the sum of their lengths, at most [`RECENT_PAGES`].
/// * I3: `lengths` has each run's pages at its place, 0 at empty places: a search reads one line.
#[derive(Debug)]
pub(crate) struct Recent {
    lengths: [u32; RECENT_RUNS],
    runs: [Option<SpanRef>; RECENT_RUNS],
    len: usize,
    pages: usize,
}

impl Recent {
    pub(crate) const fn new() -> Self {
        Self {
            lengths: [0; RECENT_RUNS],
            runs: [None; RECENT_RUNS],
            len: 0,
            pages: 0,
        }
    }

    /// Would a run of this length be kept, when older ones have made room?
    pub(crate) const fn suits(pages: usize) -> bool {
        pages <= RECENT_PAGES / 4
    }

    /// Must the oldest go before a run of this length is kept?
    pub(crate) const fn is_full(&self, pages: usize) -> bool {
        self.len == RECENT_RUNS || self.pages + pages > RECENT_PAGES
    }

    /// Keeps a run that is dead and linked nowhere; there is room for it.
    pub(crate) fn push(&mut self, run: SpanRef) {
        debug_assert!(!self.is_full(run.pages()), "room was made");
        self.pages += run.pages();
        self.lengths[self.len] = u32::try_from(run.pages()).unwrap_or(0);
        self.runs[self.len] = Some(run);
        self.len += 1;
    }

    /// The run that was freed last of those with this very length and alignment, in pages.
    #[inline]
    pub(crate) fn take(&mut self, pages: usize, align: usize) -> Option<SpanRef> {
        let length = u32::try_from(pages).ok()?;
        for place in (0..self.len).rev() {
            if self.lengths[place] == length {
                let run = self.runs[place]?;
                if run.addr().page().get() & (align - 1) == 0 {
                    return self.take_at(place);
                }
            }
        }
        None
    }

    pub(crate) fn take_oldest(&mut self) -> Option<SpanRef> {
        if self.len == 0 {
            return None;
        }
        self.take_at(0)
    }

    fn take_at(&mut self, place: usize) -> Option<SpanRef> {
        let run = self.runs[place].take()?;
        self.lengths.copy_within(place + 1.., place);
        self.runs.copy_within(place + 1.., place);
        self.len -= 1;
        self.lengths[self.len] = 0;
        self.runs[self.len] = None;
        self.pages -= run.pages();
        Some(run)
    }

    /// How many there are.
    #[cfg(any(test, feature = "ops", debug_assertions))]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Each of them, the oldest first.
    #[cfg(any(test, feature = "ops", debug_assertions))]
    pub(crate) fn iter(&self) -> impl Iterator<Item = SpanRef> {
        self.runs.iter().copied().flatten()
    }
}
