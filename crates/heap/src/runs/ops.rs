//! [`ListedRuns`] against a plain vector of runs.
//!
//! Belongs to one thread. Runs of any length come and go; the model finds the best fit by looking at
//! all of them.
use super::{ListedRuns, RunError, RunStore};
use crate::limits::LISTS;
use crate::ops::{Input, Spans};
use crate::{ListError, SpanRef};
use arena::PAGE_BYTES;
use core::ptr::{self, NonNull};
use std::vec::Vec;

const RUNS: usize = 200;

/// How often the driver passed each branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunsSeen {
    /// Requests that a list answered with a run of their very length, or with a longer one.
    pub from_lists: [usize; 2],
    /// Requests below 128 pages that the tree answered.
    pub small_from_tree: usize,
    /// Requests of 128 pages and more that were answered.
    pub from_tree: usize,
    /// Answers that another run of the same length was passed over for.
    pub ties: usize,
    /// Requests that nothing was long enough for.
    pub none: usize,
    /// Runs that were taken out of a list, out of the tree.
    pub removed: [usize; 2],
    /// Insertions of what was there, removals of what was not.
    pub misuses: [usize; 2],
    /// Most runs in the tree.
    pub most_in_tree: usize,
}

/// Reads operations from `data`, three or four bytes each, and checks every answer.
///
/// # Panics
///
/// If the structure and its model differ.
pub fn page_runs(data: &[u8]) -> RunsSeen {
    let spans = Spans::new(RUNS);
    let mut driver = Driver {
        spans: spans.refs(),
        store: ListedRuns::new(),
        model: Vec::new(),
        seen: RunsSeen::default(),
    };
    let mut input = Input::new(data);
    let mut ops = 0;
    while !input.is_empty() {
        let (op, number) = (input.byte(), input.below(RUNS));
        match op % 8 {
            0..=2 => driver.insert(number, length(&mut input)),
            3 => driver.remove(number),
            _ => driver.take(length(&mut input)),
        }
        ops += 1;
        // Every operation checks what it touches; the rest would make a run of 10⁵ take minutes.
        if ops % 16 == 0 || input.is_empty() {
            driver.check();
        }
    }
    driver.seen
}

/// Short ones, those around the border between lists and tree, and some long ones.
fn length(input: &mut Input<'_>) -> usize {
    let byte = usize::from(input.byte());
    match byte % 4 {
        0 => 1 + byte / 16,
        1 => LISTS - 4 + byte / 32,
        2 => LISTS + byte,
        _ => 1 + input.word() % 2000,
    }
}

struct Driver {
    spans: Vec<SpanRef>,
    store: ListedRuns,
    /// Pages and number of each run that is in the structure, the one that came last at the end.
    model: Vec<(usize, usize)>,
    seen: RunsSeen,
}

impl Driver {
    fn place(&self, number: usize) -> Option<usize> {
        self.model.iter().position(|run| run.1 == number)
    }

    fn insert(&mut self, number: usize, pages: usize) {
        let span = self.spans[number];
        if self.place(number).is_some() {
            let result = self.store.insert(span);
            let linked = matches!(
                result,
                Err(RunError::StillLinked { .. } | RunError::List(ListError::StillLinked { .. }))
            );
            assert!(linked, "{result:?}");
            self.seen.misuses[0] += 1;
            return;
        }
        // Addresses in the order of numbers, far enough from each other.
        let address = ptr::without_provenance_mut((number + 1) * 4096 * PAGE_BYTES);
        span.set_run(NonNull::new(address).expect("not null"), pages);
        assert_eq!(self.store.insert(span), Ok(()));
        self.model.push((pages, number));
    }

    fn remove(&mut self, number: usize) {
        let result = self.store.remove(self.spans[number]);
        let Some(place) = self.place(number) else {
            let absent = matches!(
                result,
                Err(RunError::NotInTree { .. } | RunError::List(ListError::WrongList { .. }))
            );
            assert!(absent, "{result:?}");
            self.seen.misuses[1] += 1;
            return;
        };
        assert_eq!(result, Ok(()));
        let (pages, _) = self.model.remove(place);
        self.seen.removed[usize::from(pages >= LISTS)] += 1;
    }

    /// The shortest run that is long enough; among those of one length the one that came last, in the
    /// tree the lowest.
    fn expected(&self, pages: usize) -> Option<usize> {
        let fits = self.model.iter().filter(|run| run.0 >= pages);
        let length = fits.map(|run| run.0).min()?;
        let mut ties = self.model.iter().filter(|run| run.0 == length);
        let best = if length < LISTS {
            ties.next_back()
        } else {
            ties.min_by_key(|run| run.1)
        };
        best.map(|run| run.1)
    }

    fn take(&mut self, pages: usize) {
        let best = self.expected(pages);
        let taken = self.store.take(pages);
        assert_eq!(taken, best.map(|number| self.spans[number]));
        let Some(number) = best else {
            self.seen.none += 1;
            return;
        };
        let place = self.place(number).expect("it was found there");
        let (length, _) = self.model.remove(place);
        if self.model.iter().any(|run| run.0 == length) {
            self.seen.ties += 1;
        }
        match (pages < LISTS, length < LISTS) {
            (true, true) => self.seen.from_lists[usize::from(length > pages)] += 1,
            (true, false) => self.seen.small_from_tree += 1,
            (false, _) => self.seen.from_tree += 1,
        }
    }

    fn check(&mut self) {
        self.store.check_invariants();
        let mut found = Vec::new();
        self.store.for_each(&mut |run| found.push(run));
        assert_eq!(found.len(), self.model.len());
        let known = |run: &SpanRef| {
            self.model
                .iter()
                .any(|(_, number)| self.spans[*number] == *run)
        };
        assert!(found.iter().all(known), "every run once");
        self.seen.most_in_tree = self.seen.most_in_tree.max(self.store.tree().len());
    }
}
