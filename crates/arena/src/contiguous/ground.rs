//! The ground that a contiguous layout stands on: what it has reserved, and how it maps parts of it.
//!
//! Belongs to the layout's [`Inner`](super::Inner), under its lock.
#![expect(
    unsafe_code,
    reason = "maps memory, and keeps records in persistent memory"
)]
use crate::stray::Strays;
use crate::{Addr, ByteCount, Category, Memory, Os, OsError, Persistent};
use core::num::NonZeroUsize;
use core::ptr::{self, NonNull};

/// One range, as it must be given back.
#[derive(Clone, Copy, Debug)]
struct Record {
    base: NonNull<u8>,
    bytes: ByteCount,
    next: *mut Record,
}

/// How a part becomes usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// It is part of a range that is reserved.
    Reserved,
    /// It is believed to be free, and is reserved first, exactly.
    Believed,
}

/// What is counted as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// Prepared pages.
    Pages(Category),
    /// A table, which is written at once.
    Table(Category),
}

/// # Invariants
///
/// * I1: records are disjoint ranges of ours; they live in persistent memory that goes after them.
#[derive(Debug)]
pub(super) struct Ground {
    first: *mut Record,
    /// Room for a record that was not needed.
    spare: Option<NonNull<Record>>,
    persistent: Persistent,
    pub(super) strays: Strays,
    /// Bytes that [`Ground::release`] has given back.
    freed: usize,
}

impl Ground {
    pub(super) const fn new() -> Self {
        Self {
            first: ptr::null_mut(),
            spare: None,
            persistent: Persistent::new(),
            strays: Strays::new(),
            freed: 0,
        }
    }

    /// Makes sure that the next [`Ground::add`] has room, so that no range is without its record.
    pub(super) fn prepare<O: Os>(&mut self, memory: &Memory<O>) -> Result<(), OsError> {
        if self.spare.is_none() {
            let place = self.persistent.alloc_for(memory, Category::Metadata)?;
            self.spare = Some(place);
        }
        Ok(())
    }

    /// Records a range that was reserved after [`Ground::prepare`].
    pub(super) fn add(&mut self, base: NonNull<u8>, bytes: ByteCount) {
        let Some(place) = self.spare.take() else {
            return;
        };
        let record = Record {
            base,
            bytes,
            next: self.first,
        };
        // SAFETY: `prepare` allocated the place for a record.
        unsafe { place.write(record) };
        self.first = place.as_ptr();
    }

    /// Reserves a range near a hint, and records it.
    pub(super) fn reserve<O: Os>(
        &mut self,
        memory: &Memory<O>,
        hint: Option<Addr>,
        bytes: ByteCount,
    ) -> Result<NonNull<u8>, OsError> {
        self.prepare(memory)?;
        let base = memory.reserve(hint, bytes)?;
        self.add(base, bytes);
        Ok(base)
    }

    /// Gives the range back that was recorded last.
    pub(super) fn drop_last<O: Os>(&mut self, memory: &Memory<O>) {
        let Some(last) = NonNull::new(self.first) else {
            return;
        };
        // SAFETY: I1.
        let record = unsafe { last.read() };
        self.first = record.next;
        self.spare = Some(last);
        // SAFETY: reserved just now, and nobody has used it.
        unsafe { self.strays.release(memory, record.base, record.bytes) };
    }

    /// Maps a part, for which the layout alone asks. A refused part is as it was.
    ///
    /// # Safety
    ///
    /// The part belongs to the layout and is not mapped; it is reserved if `hold` says so.
    pub(super) unsafe fn map<O: Os>(
        &mut self,
        memory: &Memory<O>,
        hold: Hold,
        at: NonNull<u8>,
        bytes: ByteCount,
        account: Account,
    ) -> Result<NonNull<u8>, OsError> {
        let mut at = at;
        if hold == Hold::Believed {
            self.prepare(memory)?;
            let addr = Addr::of(at.as_ptr());
            at = self.strays.reserve_exactly(memory, addr, bytes)?;
        }
        let mapped = match account {
            // SAFETY: the caller's, and reserved.
            Account::Pages(category) => unsafe { memory.map(at, bytes, category) },
            // SAFETY: as above.
            Account::Table(category) => unsafe { memory.map_ready(at, bytes, category) },
        };
        if hold == Hold::Believed {
            if mapped.is_err() {
                // SAFETY: reserved just now.
                unsafe { self.strays.release(memory, at, bytes) };
            } else if !self.extend(at, bytes) {
                self.add(at, bytes);
            }
        }
        mapped.map(|()| at)
    }

    /// Adds a range to the record that it touches. False if there is none.
    fn extend(&mut self, base: NonNull<u8>, bytes: ByteCount) -> bool {
        let start = Addr::of(base.as_ptr());
        let mut next = self.first;
        while let Some(mut at) = NonNull::new(next) {
            // SAFETY: I1; `&mut self` makes it ours alone.
            let record = unsafe { at.as_mut() };
            let first = Addr::of(record.base.as_ptr());
            let is_behind = first.checked_add(record.bytes) == Some(start);
            let is_before = start.checked_add(bytes) == Some(first);
            if let (true, Some(all)) = (is_behind || is_before, record.bytes.checked_add(bytes)) {
                record.bytes = all;
                if is_before {
                    record.base = base;
                }
                return true;
            }
            next = record.next;
        }
        false
    }

    /// A pointer to an address in one of the ranges, good for its range.
    pub(super) fn pointer(&self, addr: Addr) -> Option<NonNull<u8>> {
        let mut next = self.first;
        while let Some(at) = NonNull::new(next) {
            // SAFETY: I1; `&self` excludes writers.
            let record = unsafe { at.as_ref() };
            let offset = addr.bytes_above(Addr::of(record.base.as_ptr()));
            if offset.is_some_and(|offset| offset < record.bytes) {
                return Some(record.base.with_addr(NonZeroUsize::new(addr.get())?));
            }
            next = record.next;
        }
        None
    }

    /// Gives every range back, whatever is mapped of it, without accounting. `Some`, with all the
    /// bytes that went back, when the system has taken every one; the others stay recorded.
    ///
    /// # Safety
    ///
    /// Nothing refers to any of them.
    pub(super) unsafe fn release<O: Os>(&mut self, memory: &Memory<O>) -> Option<usize> {
        self.strays.retry(memory);
        let (mut next, mut kept) = (self.first, ptr::null_mut());
        while let Some(mut at) = NonNull::new(next) {
            // SAFETY: I1; `&mut self` makes it ours alone.
            let record = unsafe { at.as_mut() };
            next = record.next;
            // SAFETY: I1, and the caller's duty.
            if unsafe { memory.forget(record.base, record.bytes) } {
                self.freed += record.bytes.get();
            } else {
                record.next = kept;
                kept = at.as_ptr();
            }
        }
        self.first = kept;
        kept.is_null().then(|| core::mem::take(&mut self.freed))
    }

    /// Gives the memory of the records back. What the system refuses is tried again next time.
    ///
    /// # Safety
    ///
    /// [`Ground::release`] has given back every range.
    pub(super) unsafe fn forget_records<O: Os>(&mut self, memory: &Memory<O>) {
        self.spare = None;
        self.strays.retry(memory);
        // SAFETY: no record is in use, as the caller says.
        unsafe { self.persistent.release(memory) };
    }

    /// Gives everything back, of which nothing was mapped.
    ///
    /// # Safety
    ///
    /// Nothing refers to any of it.
    pub(super) unsafe fn close<O: Os>(&mut self, memory: &Memory<O>) {
        for _ in 0..2 {
            // SAFETY: the caller's duty is the call's.
            if unsafe { self.release(memory) }.is_some() {
                // SAFETY: every range has gone back.
                unsafe { self.forget_records(memory) };
            }
        }
    }
}
