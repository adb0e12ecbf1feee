//! What a heap should look like, page by page.
//!
//! Belongs to the driver. It learns where the heap has grown, and works everything else out by itself:
//! which pages are free, which runs they form, which of them hold no memory.
use crate::limits::{RECENT_PAGES, RECENT_RUNS};
use core::ops::Range;
use std::collections::BTreeMap;
use std::vec::Vec;

/// Pages in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pages {
    pub(super) first: usize,
    pub(super) count: usize,
}

impl Pages {
    pub(super) const fn end(self) -> usize {
        self.first + self.count
    }

    fn overlaps(self, other: Self) -> bool {
        self.first < other.end() && other.first < self.end()
    }
}

/// Free pages and those that are not.
#[derive(Debug)]
pub(super) struct Model {
    /// Heap pages in an OS page.
    os_pages: usize,
    /// Free runs, first page to count; no two are neighbours.
    free: BTreeMap<usize, usize>,
    pages: PageStates,
    /// Pages in use, first to count.
    used: BTreeMap<usize, usize>,
    /// Freed a moment ago and not merged yet, the oldest first.
    recent: Vec<Pages>,
}

impl Model {
    pub(super) fn new(os_pages: usize) -> Self {
        Self {
            os_pages,
            free: BTreeMap::new(),
            pages: PageStates::default(),
            used: BTreeMap::new(),
            recent: Vec::new(),
        }
    }

    /// Is the page the heap's?
    pub(super) fn knows(&self, page: usize) -> bool {
        self.pages.get(page) != UNKNOWN
    }

    pub(super) fn is_free(&self, page: usize) -> bool {
        let run = self.free.range(..=page).next_back();
        run.is_some_and(|(first, count)| page < first + count)
    }

    pub(super) fn is_released(&self, page: usize) -> bool {
        self.pages.get(page) == RELEASED
    }

    /// A run of which some pages are released and others not.
    fn is_mixed(&mut self, first: usize, count: usize) -> bool {
        let released = self.released_in(first, count);
        released > 0 && released < count
    }

    fn released_in(&mut self, first: usize, count: usize) -> usize {
        let mut released = 0;
        self.pages.for_each_part(first..first + count, |states| {
            released += states.iter().filter(|state| **state == RELEASED).count();
        });
        released
    }

    /// Pages that are released.
    pub(super) fn released(&self) -> usize {
        self.pages.count(RELEASED)
    }

    pub(super) fn free_runs(&self) -> Vec<Pages> {
        let run = |(first, count): (&usize, &usize)| Pages {
            first: *first,
            count: *count,
        };
        self.free.iter().map(run).collect()
    }

    pub(super) fn total(&self) -> usize {
        self.pages.count(RELEASED) + self.pages.count(HELD)
    }

    /// The heap may have grown by these pages: those that are not known yet are free and released.
    pub(super) fn learn(&mut self, pages: Pages) {
        let mut first = pages.first;
        while first < pages.end() {
            let rest = first..pages.end();
            let count = rest.take_while(|page| !self.knows(*page)).count();
            if count > 0 {
                let fresh = first..first + count;
                self.pages
                    .for_each_part(fresh, |states| states.fill(RELEASED));
                self.add_free(Pages { first, count });
            }
            first += count + 1;
        }
    }

    /// The length of the best fit for this many pages.
    pub(super) fn best_fit(&self, count: usize) -> Option<usize> {
        let fits = self.free.values().filter(|length| **length >= count);
        fits.min().copied()
    }

    /// The free run around a page.
    pub(super) fn run_at(&self, page: usize) -> Option<Pages> {
        let (first, count) = self.free.range(..=page).next_back()?;
        (page < first + count).then_some(Pages {
            first: *first,
            count: *count,
        })
    }

    /// The first free run of this length.
    pub(super) fn lowest_of(&self, count: usize) -> Option<usize> {
        let run = self.free.iter().find(|run| *run.1 == count);
        run.map(|run| *run.0)
    }

    /// These pages were handed out. Answers with whether all of them were released, and whether they
    /// were cut from a run of which only a part was.
    pub(super) fn take(&mut self, pages: Pages) -> (bool, bool) {
        let run = self
            .run_at(pages.first)
            .expect("what is handed out is free");
        assert!(
            pages.end() <= run.end(),
            "all of what is handed out is free"
        );
        let mixed = run.count > pages.count && self.is_mixed(run.first, run.count);
        let all = self.released_in(pages.first, pages.count) == pages.count;
        self.free.remove(&run.first);
        if pages.first > run.first {
            self.free.insert(run.first, pages.first - run.first);
        }
        if pages.end() < run.end() {
            self.free.insert(pages.end(), run.end() - pages.end());
        }
        // An OS page holds memory or does not.
        let low = pages.first / self.os_pages * self.os_pages;
        let high = pages.end().next_multiple_of(self.os_pages);
        self.pages.for_each_part(low..high, |states| {
            for state in states.iter_mut().filter(|state| **state == RELEASED) {
                *state = HELD;
            }
        });
        self.used.insert(pages.first, pages.count);
        (all, mixed)
    }

    /// These pages came back, to be used again as they are. Answers with how many runs had two free
    /// neighbours when they were merged to make room.
    pub(super) fn give_later(&mut self, pages: Pages) -> usize {
        if pages.count > RECENT_PAGES / 4 {
            return usize::from(self.give(pages) == 2);
        }
        let sum = |recent: &[Pages]| recent.iter().map(|run| run.count).sum::<usize>();
        let mut merged_both = 0;
        while self.recent.len() == RECENT_RUNS || sum(&self.recent) + pages.count > RECENT_PAGES {
            let oldest = self.recent.remove(0);
            merged_both += usize::from(self.give(oldest) == 2);
        }
        self.recent.push(pages);
        merged_both
    }

    /// What was freed last of this length and alignment.
    pub(super) fn recent_of(&self, count: usize, align: usize) -> Option<Pages> {
        let mut fits = self.recent.iter().rev();
        fits.find(|run| run.count == count && run.first.is_multiple_of(align))
            .copied()
    }

    /// It is in use again.
    pub(super) fn take_recent(&mut self, pages: Pages) {
        self.recent.retain(|run| *run != pages);
    }

    pub(super) fn recent_len(&self) -> usize {
        self.recent.len()
    }

    /// All of it was merged.
    pub(super) fn merge_recent(&mut self) -> usize {
        let recent = core::mem::take(&mut self.recent);
        let mut merged_both = 0;
        for run in recent {
            merged_both += usize::from(self.give(run) == 2);
        }
        merged_both
    }

    /// These pages came back. Answers with how many free neighbours they had.
    pub(super) fn give(&mut self, pages: Pages) -> usize {
        assert_eq!(self.used.remove(&pages.first), Some(pages.count));
        self.add_free(pages)
    }

    /// An allocation got another length where it is.
    pub(super) fn resize(&mut self, before: Pages, count: usize) {
        let after = Pages {
            first: before.first,
            count,
        };
        if count < before.count {
            self.used.insert(before.first, count);
            self.add_free(Pages {
                first: after.end(),
                count: before.count - count,
            });
        } else if count > before.count {
            self.take(Pages {
                first: before.end(),
                count: count - before.count,
            });
            self.used.remove(&before.end());
            self.used.insert(before.first, count);
        }
    }

    fn add_free(&mut self, pages: Pages) -> usize {
        let Pages {
            mut first,
            mut count,
        } = pages;
        let mut neighbours = 0;
        if let Some(behind) = self.free.remove(&pages.end()) {
            count += behind;
            neighbours += 1;
        }
        if let Some((before, length)) = self.free.range(..first).next_back()
            && before + length == first
        {
            first = *before;
            count += length;
            neighbours += 1;
        }
        let others = self.used.range(..pages.end()).next_back();
        let clear = others.is_none_or(|(first, count)| {
            let used = Pages {
                first: *first,
                count: *count,
            };
            !used.overlaps(pages)
        });
        assert!(clear, "what is in use does not become free");
        self.free.insert(first, count);
        neighbours
    }

    /// The page was given back to the system.
    pub(super) fn release(&mut self, page: usize) {
        assert!(self.is_free(page), "what is in use is not given back");
        let before = self.pages.set(page, RELEASED);
        assert_eq!(before, HELD, "nothing is given back twice");
    }

    /// Free pages that hold memory, as far as they are whole OS pages.
    pub(super) fn releasable(&self) -> Vec<usize> {
        let mut pages = Vec::new();
        for (first, count) in &self.free {
            let start = first.next_multiple_of(self.os_pages);
            let end = (first + count) / self.os_pages * self.os_pages;
            pages.extend((start..end).filter(|page| !self.is_released(*page)));
        }
        pages
    }
}

const UNKNOWN: u8 = 0;
const HELD: u8 = 1;
const RELEASED: u8 = 2;

/// Pages of a part: the heap may grow in places that are far from each other.
const PART: usize = 1 << 12;

/// A state for every page.
#[derive(Debug, Default)]
struct PageStates {
    parts: BTreeMap<usize, Vec<u8>>,
    counts: [usize; 3],
}

impl PageStates {
    fn get(&self, page: usize) -> u8 {
        let part = self.parts.get(&(page / PART));
        part.map_or(UNKNOWN, |part| part[page % PART])
    }

    /// Answers with the state before.
    fn set(&mut self, page: usize, state: u8) -> u8 {
        let mut before = UNKNOWN;
        self.for_each_part(page..page + 1, |states| {
            before = core::mem::replace(&mut states[0], state);
        });
        before
    }

    fn count(&self, state: u8) -> usize {
        self.counts[usize::from(state)]
    }

    /// Calls `each` with the states of these pages, a part at a time.
    fn for_each_part(&mut self, pages: Range<usize>, mut each: impl FnMut(&mut [u8])) {
        let mut first = pages.start;
        while first < pages.end {
            let end = pages.end.min((first / PART + 1) * PART);
            let part = self.parts.entry(first / PART);
            let part = part.or_insert_with(|| std::vec![UNKNOWN; PART]);
            let states = &mut part[first % PART..][..end - first];
            for state in &*states {
                self.counts[usize::from(*state)] = self.counts[usize::from(*state)].wrapping_sub(1);
            }
            each(states);
            for state in &*states {
                self.counts[usize::from(*state)] = self.counts[usize::from(*state)].wrapping_add(1);
            }
            first = end;
        }
    }
}
