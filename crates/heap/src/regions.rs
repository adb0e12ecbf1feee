//! The contiguous ranges that the heap has grown by, the highest first.
//!
//! Belongs to the heap, whose lock protects it. The scavenger walks down from their ends; there is one
//! of them as long as the address space continues its growths.
#![expect(unsafe_code, reason = "records in metadata memory")]
use arena::{Category, Memory, Os, PageId, Persistent};
use core::ops::Range;
use core::ptr;

/// The ranges, each in a record of its own.
///
/// # Invariants
///
/// * I1: `highest` is a chain of records in persistent memory, in descending order, not overlapping.
/// * I2: `spare` is null or such a record that is in no chain.
#[derive(Debug)]
pub(crate) struct Regions {
    highest: *mut Record,
    spare: *mut Record,
}

#[derive(Debug)]
struct Record {
    start: PageId,
    end: PageId,
    lower: *mut Record,
}

// SAFETY: the records belong to this value.
unsafe impl Send for Regions {}

impl Regions {
    pub(crate) const fn new() -> Self {
        Self {
            highest: ptr::null_mut(),
            spare: ptr::null_mut(),
        }
    }

    /// Sees to it that the next [`Regions::add`] has a record. `None`: no memory.
    pub(crate) fn reserve<O: Os>(
        &mut self,
        persistent: &mut Persistent,
        memory: &Memory<O>,
    ) -> Option<()> {
        if self.spare.is_null() {
            let record = persistent.alloc_for::<Record, O>(memory, Category::Metadata);
            self.spare = record.ok()?.as_ptr();
        }
        Some(())
    }

    /// Takes pages in that are in no region. A record is reserved.
    pub(crate) fn add(&mut self, pages: &Range<PageId>) {
        let mut place = &raw mut self.highest;
        loop {
            // SAFETY: I1 — a place in the chain.
            let next = unsafe { place.read() };
            // SAFETY: I1.
            let Some(record) = (unsafe { next.as_mut() }) else {
                break;
            };
            if record.end == pages.start {
                record.end = pages.end;
                return;
            }
            if record.start == pages.end {
                record.start = pages.start;
                return;
            }
            if record.end < pages.start {
                break;
            }
            place = &raw mut record.lower;
        }
        let spare = core::mem::replace(&mut self.spare, ptr::null_mut());
        debug_assert!(!spare.is_null(), "a record is reserved before growth");
        if spare.is_null() {
            return;
        }
        let record = Record {
            start: pages.start,
            end: pages.end,
            // SAFETY: I1 — a place in the chain.
            lower: unsafe { place.read() },
        };
        // SAFETY: I2 — allocated for a record, and in no chain.
        unsafe { spare.write(record) };
        // SAFETY: as above.
        unsafe { place.write(spare) };
    }

    /// The highest page below `limit` that is in a region, as the end of a range.
    pub(crate) fn highest_end(&self, limit: PageId) -> Option<PageId> {
        let mut next = self.highest;
        // SAFETY: I1.
        while let Some(record) = unsafe { next.as_ref() } {
            if record.start < limit {
                return Some(record.end.min(limit));
            }
            next = record.lower;
        }
        None
    }

    /// How many there are.
    #[cfg(any(test, feature = "ops", debug_assertions))]
    pub(crate) fn len(&self) -> usize {
        let (mut len, mut next) = (0, self.highest);
        // SAFETY: I1.
        while let Some(record) = unsafe { next.as_ref() } {
            len += 1;
            next = record.lower;
        }
        len
    }
}
