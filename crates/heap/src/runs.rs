//! The structure of free page runs: which run is given to a request.
//!
//! Belongs to the heap, whose lock protects it; the runs' headers are its nodes, so nothing is
//! allocated. Behind a trait, since more than one structure serves: Go's lists and tree here, a plain
//! sorted vector in the tests.
mod bins;
mod lists;
mod tree;

use crate::{ListError, SpanRef};
use thiserror::Error;

pub use bins::BinnedRuns;
pub use lists::ListedRuns;
pub use tree::RunTree;

/// A misuse of a structure of runs. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum RunError {
    /// Of the list for runs of this length.
    #[error(transparent)]
    List(#[from] ListError),
    /// The run is in the tree, or on a list (Go "inserting span already in treap").
    #[error("insert of the run of {pages} pages at {run}: it is linked already")]
    StillLinked {
        /// The run.
        run: arena::Addr,
        /// Its length.
        pages: usize,
    },
    /// The run is not in the tree (Go "span and treap node npages do not match").
    #[error("remove of the run of {pages} pages at {run}: it is not in the tree")]
    NotInTree {
        /// The run.
        run: arena::Addr,
        /// Its length.
        pages: usize,
    },
    /// No run has no pages.
    #[error("a run of no pages at {run}")]
    Empty {
        /// The run.
        run: arena::Addr,
    },
}

/// A structure of free runs, empty by default.
///
/// A run's length and address must not change while it is in the structure.
pub trait RunStore: Default + Send {
    /// The run that is found is never longer than another one that is long enough.
    const BEST_FIT: bool;

    /// Takes a run in.
    ///
    /// # Errors
    ///
    /// The run is in a structure already, or has no pages.
    fn insert(&mut self, run: SpanRef) -> Result<(), RunError>;

    /// Takes a run out.
    ///
    /// # Errors
    ///
    /// The run is not in this structure.
    fn remove(&mut self, run: SpanRef) -> Result<(), RunError>;

    /// A run of at least `pages` pages, which stays in the structure: a short one of those, and the
    /// shortest if the structure says so ([`RunStore::BEST_FIT`]). `None` only if there is none.
    fn best_fit(&self, pages: usize) -> Option<SpanRef>;

    /// Takes out what [`RunStore::best_fit`] finds.
    fn take(&mut self, pages: usize) -> Option<SpanRef> {
        let run = self.best_fit(pages)?;
        self.remove(run).ok()?;
        Some(run)
    }

    /// Calls `each` for every run, in no particular order.
    fn for_each(&self, each: &mut dyn FnMut(SpanRef));

    /// Panics if an invariant of the structure does not hold. O(runs).
    #[cfg(any(test, feature = "ops", debug_assertions))]
    fn check_invariants(&self);
}

#[cfg(any(test, feature = "ops"))]
pub(crate) mod ops;
#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
