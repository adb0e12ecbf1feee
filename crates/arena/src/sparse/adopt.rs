//! From a reservation to arenas: checks, metadata, publication.
//!
//! Everything here runs under the layout's lock. After Go 1.20 `sysAlloc`, its second half.
#![expect(unsafe_code, reason = "writes records and publishes metadata")]
use super::left::Range;
use super::{Inner, Reservation, Sparse};
use crate::map::Metadata;
use crate::{Addr, ByteCount, Category, GrowError, Os, OsError, Platform, Unusable};
use core::ptr::{self, NonNull};

/// Is the reservation already known to the layout, as part of a larger one?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recorded {
    /// It is part of the linear reservation.
    Already,
    /// It was reserved just now.
    New,
}

impl<O: Os, P: Platform> Sparse<O, P> {
    /// Checks a reservation, gives every arena its metadata, and publishes them. On an error
    /// nothing was published.
    pub(super) fn adopt(
        &self,
        inner: &mut Inner,
        range: &Range,
        recorded: Recorded,
    ) -> Result<(), GrowError> {
        self.check(range)?;
        let base = Addr::of(range.base.as_ptr());
        let arenas = range.bytes.get() >> P::ARENA_SHIFT;
        let arena = |number: usize| Addr::new(base.get() + (number << P::ARENA_SHIFT));
        for number in 0..arenas {
            let prepared =
                self.lookup
                    .map
                    .prepare(&self.memory, &mut inner.persistent, arena(number));
            prepared.map_err(GrowError::ArenaMap)?;
            if self.lookup.map.metadata(arena(number)).is_some() {
                return Err(GrowError::AlreadyInitialized(arena(number)));
            }
        }
        // The window begins with the numbers where these are few, or else with the first arena.
        let window = if P::LINEAR { Addr::NULL } else { base };
        let covered =
            self.lookup
                .flat
                .cover(&self.memory, &mut inner.tags, window, (base, range.bytes));
        covered.map_err(GrowError::Metadata)?;
        let mut chain = ptr::null_mut();
        for _ in 0..arenas {
            match self.alloc_metadata(inner) {
                Ok(metadata) => chain = link(metadata, chain),
                Err(error) => {
                    inner.keep_spare(chain);
                    return Err(GrowError::Metadata(error));
                }
            }
        }
        if recorded == Recorded::New
            && let Err(error) = self.record(inner, range)
        {
            inner.keep_spare(chain);
            return Err(error);
        }
        for number in 0..arenas {
            let Some((metadata, rest)) = unlink(chain) else {
                break;
            };
            chain = rest;
            // SAFETY: allocated above, zero but for the link that `unlink` has cleared.
            let metadata = unsafe { Metadata::in_memory(metadata, range.base) };
            // SAFETY: the lock is held, the entry was null above, and the arena is in the range.
            unsafe { self.lookup.map.publish(arena(number), metadata) };
        }
        Ok(())
    }

    /// Go's "memory reservation exceeds address space limit" and "misrounded allocation".
    pub(super) fn check(&self, range: &Range) -> Result<(), GrowError> {
        let (base, bytes) = (Addr::of(range.base.as_ptr()), range.bytes);
        let last = base.checked_add(bytes.saturating_sub(ByteCount::new(1)));
        let reason = match last {
            None => Some(Unusable::ExceedsAddresses),
            Some(_) if !self.lookup.map.covers(base) => Some(Unusable::Base),
            Some(last) if !self.lookup.map.covers(last) => Some(Unusable::End),
            Some(_) => None,
        };
        if let Some(reason) = reason {
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

    /// Records a reservation for the end of the layout.
    fn record(&self, inner: &mut Inner, range: &Range) -> Result<(), GrowError> {
        let record = inner
            .persistent
            .alloc_for::<Reservation, O>(&self.memory, Category::Metadata)
            .map_err(GrowError::Metadata)?;
        let reservation = Reservation {
            base: range.base,
            bytes: range.bytes,
            next: inner.reservations,
        };
        // SAFETY: allocated for it above.
        unsafe { record.write(reservation) };
        inner.reservations = record.as_ptr();
        Ok(())
    }

    /// Zeroed memory for an arena's metadata: what a failed growth has left, the next of the
    /// reservation for it, or any.
    fn alloc_metadata(&self, inner: &mut Inner) -> Result<NonNull<u8>, OsError> {
        if let Some((spare, rest)) = unlink(inner.spare) {
            inner.spare = rest;
            return Ok(spare);
        }
        let align = Metadata::<P>::ALIGN;
        if let Some(linear) = &mut inner.linear_metadata {
            let bytes = Metadata::<P>::LINEAR_BYTES;
            if let Some(at) = linear.alloc(&self.memory, bytes, align)? {
                return Ok(self.memory.os().backing(at, bytes));
            }
        }
        let bytes = Metadata::<P>::BYTES;
        inner
            .persistent
            .alloc(&self.memory, bytes, align, Category::Metadata)
    }
}

impl Inner {
    /// Keeps a chain of metadata for the next attempt.
    fn keep_spare(&mut self, mut chain: *mut u8) {
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
    unsafe { place.write(ptr::null_mut()) };
    Some((first, rest))
}
