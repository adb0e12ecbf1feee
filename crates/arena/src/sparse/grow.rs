//! Growth of the sparse layout: reserve arenas, publish their metadata, map a step.
//!
//! Everything here runs under the layout's lock. A failure at any point leaves the layout as it
//! was, apart from hints that the system refused and metadata kept for the next attempt.
#![expect(unsafe_code, reason = "reserves, maps and publishes memory")]
use super::left::Range;
use super::{Inner, Reservation, Sparse};
use crate::map::{Head, Metadata};
use crate::{
    Addr, ByteCount, Category, GrowError, Growth, Hint, Os, OsError, PageCount, Platform, Unusable,
};
use core::ptr::NonNull;

/// A reservation that is not recorded yet.
struct Fresh {
    range: Range,
    /// The hint that was used, as it was before; `None` if no hint was.
    hint: Option<Hint>,
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
        let page = self.memory.page_size();
        let needed = pages.bytes().and_then(|bytes| bytes.align_up(page));
        let needed = needed.ok_or(too_large)?;
        let wanted = needed.align_up(self.step).ok_or(too_large)?;
        if inner.left.find(wanted).is_none() {
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

    /// Reserves whole arenas for `bytes` and publishes their metadata (Go `sysAlloc`).
    fn reserve_arenas(&self, inner: &mut Inner, bytes: ByteCount) -> Result<(), GrowError> {
        let bytes = bytes
            .align_up(P::ARENA)
            .ok_or(GrowError::TooLarge(bytes.pages_up().get()))?;
        let fresh = self.reserve_somewhere(inner, bytes)?;
        if let Err(error) = self.adopt(inner, &fresh.range) {
            // SAFETY: reserved just now, and nothing of it was published. If the system keeps it,
            // it stays reserved and unused.
            let _ = unsafe { self.memory.release(fresh.range.base, fresh.range.bytes) };
            if let Some(hint) = fresh.hint {
                if hint.advanced(fresh.range.bytes).is_some() {
                    inner.hints.pop();
                }
                inner.hints.push(hint);
            }
            return Err(error);
        }
        if fresh.hint.is_none() {
            // Two hints for next time: on below what the system chose, and first, on above it.
            let base = Addr::of(fresh.range.base.as_ptr());
            inner.hints.push(Hint::down(base));
            if let Some(end) = base.checked_add(fresh.range.bytes) {
                inner.hints.push(Hint::up(end));
            }
        }
        inner.left.add(fresh.range);
        Ok(())
    }

    /// At the first hint that the system honours, or anywhere.
    fn reserve_somewhere(&self, inner: &mut Inner, bytes: ByteCount) -> Result<Fresh, GrowError> {
        while let Some(hint) = inner.hints.first() {
            let reserved = self.reserve_at(hint, bytes);
            inner.hints.pop();
            // A hint that failed once is gone for good.
            let Some(base) = reserved else { continue };
            if let Some(next) = hint.advanced(bytes) {
                inner.hints.push(next);
            }
            return Ok(Fresh {
                range: Range { base, bytes },
                hint: Some(hint),
            });
        }
        let (base, bytes) = self
            .memory
            .reserve_aligned(bytes, P::ARENA)
            .map_err(GrowError::AddressSpace)?;
        Ok(Fresh {
            range: Range { base, bytes },
            hint: None,
        })
    }

    /// Exactly at the hint, or not at all.
    fn reserve_at(&self, hint: Hint, bytes: ByteCount) -> Option<NonNull<u8>> {
        let wanted = hint.region(bytes)?;
        let last = wanted.checked_add(ByteCount::new(bytes.get() - 1))?;
        if !self.map.covers(last) {
            return None;
        }
        let got = self.memory.reserve(Some(wanted), bytes).ok()?;
        if Addr::of(got.as_ptr()) == wanted {
            return Some(got);
        }
        // SAFETY: reserved just now.
        let _ = unsafe { self.memory.release(got, bytes) };
        None
    }

    /// Checks a reservation, gives every arena its metadata, and publishes them.
    fn adopt(&self, inner: &mut Inner, range: &Range) -> Result<(), GrowError> {
        self.check(range)?;
        let base = Addr::of(range.base.as_ptr());
        let arenas = range.bytes.get() >> P::ARENA_SHIFT;
        let arena = |number: usize| Addr::new(base.get() + (number << P::ARENA_SHIFT));
        for number in 0..arenas {
            let prepared = self
                .map
                .prepare(&self.memory, &mut inner.persistent, arena(number));
            prepared.map_err(GrowError::ArenaMap)?;
            if self.map.metadata(arena(number)).is_some() {
                return Err(GrowError::AlreadyInitialized(arena(number)));
            }
        }
        let record = self.record(inner, range)?;
        let mut chain = core::ptr::null_mut();
        for _ in 0..arenas {
            match self.alloc_metadata(inner) {
                Ok(metadata) => chain = link(metadata, chain),
                Err(error) => {
                    inner.give_back(chain);
                    inner.reservations = record;
                    return Err(GrowError::Metadata(error));
                }
            }
        }
        for number in 0..arenas {
            let Some((metadata, rest)) = unlink(chain) else {
                break;
            };
            chain = rest;
            // SAFETY: allocated above, zero but for the link that `unlink` has cleared.
            let metadata = unsafe { Metadata::in_memory(metadata) };
            let head = Head { region: range.base };
            // SAFETY: the lock is held, the entry was null above, and the arena is in the range.
            unsafe { self.map.publish(arena(number), metadata, head) };
        }
        Ok(())
    }

    /// Go's "memory reservation exceeds address space limit" and "misrounded allocation".
    fn check(&self, range: &Range) -> Result<(), GrowError> {
        let base = Addr::of(range.base.as_ptr());
        let last = base.checked_add(range.bytes.saturating_sub(ByteCount::new(1)));
        let reason = match last {
            None => Some(Unusable::ExceedsAddresses),
            Some(_) if !self.map.covers(base) => Some(Unusable::Base),
            Some(last) if !self.map.covers(last) => Some(Unusable::End),
            Some(_) => None,
        };
        if let Some(reason) = reason {
            let bytes = range.bytes;
            return Err(GrowError::Unusable {
                base,
                bytes,
                reason,
            });
        }
        if !base.is_aligned(P::ARENA) {
            let align = P::ARENA;
            return Err(GrowError::Misrounded { base, align });
        }
        Ok(())
    }

    /// Records the reservation; returns the list as it was before.
    fn record(&self, inner: &mut Inner, range: &Range) -> Result<*mut Reservation, GrowError> {
        let before = inner.reservations;
        let record = inner
            .persistent
            .alloc_for::<Reservation, O>(&self.memory, Category::Metadata)
            .map_err(GrowError::Metadata)?;
        let reservation = Reservation {
            base: range.base,
            bytes: range.bytes,
            next: before,
        };
        // SAFETY: allocated for it above.
        unsafe { record.write(reservation) };
        inner.reservations = record.as_ptr();
        Ok(before)
    }

    /// Zeroed memory for an arena's metadata: what a failed growth has left, or fresh.
    fn alloc_metadata(&self, inner: &mut Inner) -> Result<NonNull<u8>, OsError> {
        if let Some((spare, rest)) = unlink(inner.spare) {
            inner.spare = rest;
            return Ok(spare);
        }
        inner.persistent.alloc(
            &self.memory,
            Metadata::<P>::BYTES,
            Metadata::<P>::ALIGN,
            Category::Metadata,
        )
    }
}

impl Inner {
    /// Keeps a chain of metadata for the next attempt.
    fn give_back(&mut self, mut chain: *mut u8) {
        while let Some((metadata, rest)) = unlink(chain) {
            self.spare = link(metadata, self.spare);
            chain = rest;
        }
    }
}

/// Puts unpublished metadata in front of a chain that runs through first words.
fn link(metadata: NonNull<u8>, chain: *mut u8) -> *mut u8 {
    // SAFETY: unpublished metadata is ours, at least a word, and aligned to a cache line.
    unsafe { metadata.cast::<*mut u8>().write(chain) };
    metadata.as_ptr()
}

/// Takes the first one off, and clears its link.
fn unlink(chain: *mut u8) -> Option<(NonNull<u8>, *mut u8)> {
    let first = NonNull::new(chain)?;
    let place = first.cast::<*mut u8>();
    // SAFETY: a chain is made by `link` alone.
    let rest = unsafe { place.read() };
    // SAFETY: as above.
    unsafe { place.write(core::ptr::null_mut()) };
    Some((first, rest))
}
