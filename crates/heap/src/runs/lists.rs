//! Go's structure: a list per length below 128 pages with a bitmap of those that have members, a tree
//! for the rest.
//!
//! Belongs to the heap, whose lock protects it. After Go 1.10 `mheap.free` and `mheap.freelarge`;
//! Go looks through the lists one after the other where the bitmap takes two instructions.
use super::{RunError, RunStore, RunTree};
use crate::limits::LISTS;
use crate::{ListId, SpanList, SpanRef};

/// Free runs by length: constant steps below 128 pages, whatever else is free; above, as many steps
/// as the tree is high.
///
/// # Invariants
///
/// * I1: bit `n` of `filled` is set exactly if list `n` has members; list 0 never has.
/// * I2: a run of `n` < 128 pages is on list `n`, longer ones are in the tree.
#[derive(Debug)]
pub struct ListedRuns {
    filled: u128,
    lists: [SpanList; LISTS],
    tree: RunTree,
}

const _: () = assert!(LISTS == u128::BITS as usize, "a bit a list");

impl ListedRuns {
    /// A structure without runs.
    #[must_use]
    pub fn new() -> Self {
        Self {
            filled: 0,
            lists: core::array::from_fn(|pages| SpanList::new(id_of(pages))),
            tree: RunTree::new(),
        }
    }

    /// The tree of the longer runs.
    #[must_use]
    pub const fn tree(&self) -> &RunTree {
        &self.tree
    }

    /// The list of the runs of this many pages; `None` from 128 on.
    #[must_use]
    pub fn list(&self, pages: usize) -> Option<&SpanList> {
        self.lists.get(pages)
    }
}

/// List `n` has number `n` + 1, since 0 is no number.
const fn id_of(pages: usize) -> ListId {
    #[expect(clippy::cast_possible_truncation, reason = "below 128")]
    match ListId::new(pages as u32 + 1) {
        Some(id) => id,
        None => unreachable!(),
    }
}

impl Default for ListedRuns {
    fn default() -> Self {
        Self::new()
    }
}

impl RunStore for ListedRuns {
    const BEST_FIT: bool = true;

    fn insert(&mut self, run: SpanRef) -> Result<(), RunError> {
        let pages = run.pages();
        if pages == 0 {
            return Err(RunError::Empty { run: run.addr() });
        }
        match self.lists.get_mut(pages) {
            // The front: what was freed last is warm, and is taken first.
            Some(list) => list.insert(run)?,
            None => return self.tree.insert(run),
        }
        self.filled |= 1 << pages;
        Ok(())
    }

    fn remove(&mut self, run: SpanRef) -> Result<(), RunError> {
        let pages = run.pages();
        let Some(list) = self.lists.get_mut(pages) else {
            return self.tree.remove(run);
        };
        list.remove(run)?;
        if list.is_empty() {
            self.filled &= !(1 << pages);
        }
        Ok(())
    }

    fn best_fit(&self, pages: usize) -> Option<SpanRef> {
        if pages < LISTS {
            let longer = self.filled >> pages;
            if longer != 0 {
                return self.lists[pages + longer.trailing_zeros() as usize].first();
            }
        }
        self.tree.best_fit(pages)
    }

    fn for_each(&self, each: &mut dyn FnMut(SpanRef)) {
        for list in &self.lists {
            list.iter().for_each(&mut *each);
        }
        self.tree.for_each(each);
    }

    #[cfg(any(test, feature = "ops", debug_assertions))]
    fn check_invariants(&self) {
        for (pages, list) in self.lists.iter().enumerate() {
            assert_eq!(self.filled >> pages & 1 == 1, !list.is_empty(), "I1");
            assert!(list.iter().all(|run| run.pages() == pages), "I2");
            list.check_invariants();
        }
        self.tree.check_invariants();
        self.tree
            .for_each(&mut |run| assert!(run.pages() >= LISTS, "I2"));
    }
}
