//! Page table entries of runs: which pages of a run lead to its header, and when they are written.
//!
//! Written under the heap's lock, read by anybody without one.
#![expect(unsafe_code, reason = "writes the page table")]
use super::Heap;
use super::pages::lead;
use crate::{RunStore, SpanRef};
use arena::{Addr, AddressSpace, PAGE_BYTES, PageCount};

/// In a long run with tag 0, one page in 64 has the header in its entry, namely each whose number is a
/// multiple of 64: an object of 4 MiB costs some 40 writes instead of 512. Before the first of these
/// landmarks every page has it, so every page finds a header at its own entry or at the landmark
/// below.
pub(super) const LANDMARK: usize = 64;

impl<A: AddressSpace, R: RunStore> Heap<A, R> {
    /// Sees to it that the entries that I2 promises for a run in use with this tag are its header.
    /// Costs nothing if the run was used under this tag before, at this length or longer.
    pub(super) fn set_all_entries(&self, run: SpanRef, tag: u8) {
        let (prefix, old_tag) = run.prefix();
        let known = if old_tag == tag { prefix } else { 0 };
        if known < run.pages() {
            self.set_entries_from(run, known, run.pages(), tag);
        }
        run.set_prefix(run.pages(), tag);
    }

    /// Sets those entries of the pages from `known` to `end`, and the last one.
    pub(super) fn set_entries_from(&self, run: SpanRef, known: usize, end: usize, tag: u8) {
        if tag != 0 || end - known <= LANDMARK {
            return self.set_entries(run, known, end - known, tag);
        }
        // Up to the first landmark every page, then one in each row.
        let first = run.addr().page().get();
        let landmark = (first + known).next_multiple_of(LANDMARK) - first;
        let dense = if known < lead(run, LANDMARK) {
            landmark
        } else {
            known
        };
        self.set_entries(run, known, dense - known, tag);
        let mut at = landmark;
        while at < end {
            self.set_entries(run, at, 1, tag);
            at += LANDMARK;
        }
        self.set_last_entry_to(run, end, tag);
    }

    pub(super) fn set_last_entry(&self, run: SpanRef) {
        self.set_last_entry_to(run, run.pages(), 0);
    }

    pub(super) fn set_last_entry_to(&self, run: SpanRef, end: usize, tag: u8) {
        self.set_entries(run, end - 1, 1, tag);
    }

    pub(super) fn set_entries(&self, run: SpanRef, skip: usize, pages: usize, tag: u8) {
        let first = Addr::new(run.addr().get() + skip * PAGE_BYTES);
        let pages = PageCount::new(pages);
        // SAFETY: the pages of a run are the heap's (I1), whose lock is held.
        unsafe {
            self.space
                .set_entries(first, pages, run.as_ptr().cast(), tag);
        }
    }
}
