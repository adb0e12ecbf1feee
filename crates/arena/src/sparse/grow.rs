//! Growth of the sparse layout: reserve arenas where it is possible, map a step of them.
//!
//! Everything here runs under the layout's lock. A failure at any point leaves the layout as it
//! was, apart from hints that the system refused and metadata kept for the next attempt. After Go
//! 1.20 `sysAlloc`, its first half, and Go 1.14 `mheap.grow`.
#![expect(unsafe_code, reason = "reserves and maps memory")]
use super::adopt::Recorded;
use super::left::Range;
use super::{Inner, Sparse};
use crate::flat::Ground;
use crate::{
    Addr, ByteCount, Category, GrowError, Growth, Hint, HintPolicy, Os, PAGE_BYTES, PageCount,
    Platform,
};
use core::ptr::NonNull;

/// Where a reservation comes from that is not recorded yet.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// The linear reservation.
    Linear,
    /// A hint, as it was before.
    Hint(Hint),
    /// Wherever the system liked.
    System,
}

impl<O: Os, P: Platform> Sparse<O, P> {
    pub(super) fn grow_locked(
        &self,
        inner: &mut Inner,
        pages: PageCount,
    ) -> Result<Growth, GrowError> {
        let too_large = GrowError::TooLarge(pages.get());
        if pages.get() == 0 {
            return Err(GrowError::Zero);
        }
        let unit = self.memory.page_size().get().max(PAGE_BYTES);
        let needed = pages.bytes();
        let needed = needed.and_then(|bytes| bytes.align_up(ByteCount::new(unit)));
        let needed = needed.ok_or(too_large)?;
        let wanted = needed.align_up(self.config.step).ok_or(too_large)?;
        if inner.left.find(wanted).is_none() {
            inner.strays.retry(&self.memory);
            self.reserve_arenas(inner, wanted)?;
        }
        self.map_from(inner, wanted).or_else(|error| match error {
            // The last step before a limit may be too long.
            GrowError::OutOfMemory(_) if needed < wanted => self.map_from(inner, needed),
            error => Err(error),
        })
    }

    /// Maps `bytes` from the front of a range that has them.
    fn map_from(&self, inner: &mut Inner, bytes: ByteCount) -> Result<Growth, GrowError> {
        let Some((place, base)) = inner.left.find(bytes) else {
            return Err(GrowError::TooLarge(bytes.pages_up().get()));
        };
        // SAFETY: what is left of a reservation is ours and Reserved.
        let mapped = unsafe { self.memory.map(base, bytes, Category::Heap) };
        mapped.map_err(GrowError::OutOfMemory)?;
        inner.left.take(place, bytes);
        inner.grown += bytes.get();
        Ok(Growth {
            base,
            pages: bytes.pages_down(),
        })
    }

    /// Reserves whole arenas for `bytes` and publishes their metadata.
    fn reserve_arenas(&self, inner: &mut Inner, bytes: ByteCount) -> Result<(), GrowError> {
        let too_large = GrowError::TooLarge(bytes.pages_up().get());
        let skipped = self.skipped(inner);
        let bytes = bytes.checked_add(skipped);
        let bytes = bytes.and_then(|bytes| bytes.align_up(P::ARENA));
        let (range, source) = self.reserve_with_tags(inner, bytes.ok_or(too_large)?)?;
        let recorded = match source {
            Source::Linear => Recorded::Already,
            Source::Hint(_) | Source::System => Recorded::New,
        };
        if let Err(error) = self.adopt(inner, &range, recorded) {
            self.give_back(inner, &range, source);
            return Err(error);
        }
        if matches!(source, Source::System) && O::HONOURS_HINTS {
            // Two hints for next time: on below what the system chose, and first, on above it.
            let base = Addr::of(range.base.as_ptr());
            inner.hints.push(Hint::down(base));
            if let Some(end) = base.checked_add(range.bytes) {
                inner.hints.push(Hint::up(end));
            }
        }
        inner.left.add(range.without_first(skipped));
        Ok(())
    }

    /// How much of the next reservation is passed over: with a random base, the heap does not start
    /// at an arena.
    fn skipped(&self, inner: &Inner) -> ByteCount {
        if inner.grown != 0 || !inner.reservations.is_null() {
            return ByteCount::ZERO;
        }
        let offset = ByteCount::new(self.config.hints.first_offset::<P>());
        offset.align_down(self.memory.page_size())
    }

    /// Reserves address space, and before the first of it the flat tag table; without it, if both
    /// do not fit.
    fn reserve_with_tags(
        &self,
        inner: &mut Inner,
        bytes: ByteCount,
    ) -> Result<(Range, Source), GrowError> {
        let is_first = matches!(inner.tags, Ground::Undecided);
        if is_first {
            self.lookup.flat.reserve(&self.memory, &mut inner.tags);
        }
        let reserved = self.reserve_somewhere(inner, bytes);
        if reserved.is_ok() || !is_first {
            return reserved;
        }
        // SAFETY: nothing was covered yet.
        if unsafe { inner.tags.release(&self.memory) } {
            return self.reserve_somewhere(inner, bytes);
        }
        reserved
    }

    /// In the linear reservation, at the first hint that the system honours, or anywhere.
    fn reserve_somewhere(
        &self,
        inner: &mut Inner,
        bytes: ByteCount,
    ) -> Result<(Range, Source), GrowError> {
        if let Some(linear) = &mut inner.linear_arenas
            && let Ok(Some(base)) = linear.alloc(&self.memory, bytes, P::ARENA)
        {
            return Ok((Range { base, bytes }, Source::Linear));
        }
        while let Some(hint) = inner.hints.pop() {
            // A hint that failed once is gone for good.
            let Some(base) = self.reserve_at(inner, hint, bytes) else {
                continue;
            };
            if let Some(next) = hint.advanced(bytes) {
                inner.hints.push(next);
            }
            return Ok((Range { base, bytes }, Source::Hint(hint)));
        }
        if self.config.hints == HintPolicy::Race {
            return Err(GrowError::RaceCollisions);
        }
        let (base, bytes) = inner
            .strays
            .reserve_aligned(&self.memory, None, bytes, P::ARENA)
            .map_err(GrowError::AddressSpace)?;
        Ok((Range { base, bytes }, Source::System))
    }

    /// Exactly at the hint, or not at all.
    fn reserve_at(&self, inner: &mut Inner, hint: Hint, bytes: ByteCount) -> Option<NonNull<u8>> {
        let wanted = hint.region(bytes)?;
        let last = wanted.checked_add(bytes.saturating_sub(ByteCount::new(1)))?;
        if !self.lookup.map.covers(last) {
            return None;
        }
        let strays = &mut inner.strays;
        strays.reserve_exactly(&self.memory, wanted, bytes).ok()
    }

    /// Undoes `reserve_somewhere` for a reservation of which nothing was published.
    fn give_back(&self, inner: &mut Inner, range: &Range, source: Source) {
        match source {
            Source::Linear => {
                if let Some(linear) = &mut inner.linear_arenas {
                    linear.undo(range.base);
                }
                return;
            }
            Source::Hint(hint) => {
                if hint.advanced(range.bytes).is_some() {
                    inner.hints.pop();
                }
                inner.hints.push(hint);
            }
            Source::System => {}
        }
        // SAFETY: reserved just now, and nothing of it was published.
        unsafe { inner.strays.release(&self.memory, range.base, range.bytes) };
    }
}
