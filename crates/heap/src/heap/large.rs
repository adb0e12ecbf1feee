//! Large objects: a span each.
//!
//! Under the heap's lock, where a pointer that is to be freed is checked too: of two frees of one
//! object, the second finds it gone. Sizes are read without the lock.
#![expect(unsafe_code, reason = "frees what the caller owns")]
use super::Heap;
use crate::{FreeError, RunStore, SpanRef, SpanState};
use arena::{Addr, AddressSpace, PAGE_BYTES};
use core::ptr::NonNull;

/// A large object that was allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Large {
    /// Its first byte.
    pub pointer: NonNull<u8>,
    /// Its usable bytes, a multiple of the page.
    pub bytes: usize,
    /// Every byte is known to read as zero, without having been touched.
    pub is_zero: bool,
}

/// Nothing larger fits in a pointer's offset.
const MAX_BYTES: usize = isize::MAX as usize & !(PAGE_BYTES - 1);

/// Whole pages for this many bytes, one at least; `None` above what an object may have.
fn pages_for(bytes: usize) -> Option<usize> {
    (bytes <= MAX_BYTES).then(|| bytes.div_ceil(PAGE_BYTES).max(1))
}

/// An alignment in pages; `None` if it is no power of two.
pub(super) fn align_pages(align: usize) -> Option<usize> {
    align.is_power_of_two().then(|| (align / PAGE_BYTES).max(1))
}

impl<A: AddressSpace, R: RunStore> Heap<A, R> {
    /// An object of at least `bytes` bytes in pages of its own, at a multiple of `align` (a power of
    /// two, of any size). `None`: no memory, over the limit, no such size or alignment.
    ///
    /// A run that was freed and not merged since is taken again without a system call or a write to
    /// the page table.
    pub fn alloc_large(&self, bytes: usize, align: usize) -> Option<Large> {
        let pages = pages_for(bytes)?;
        let align = align_pages(align)?;
        let mut inner = self.inner.lock();
        let (span, is_zero) = if let Some(recent) = inner.recent.take(pages, align) {
            (recent, false)
        } else {
            drop(inner);
            let (guard, taken) = self.obtain(pages, align, 0)?;
            inner = guard;
            (taken.run, taken.is_zero)
        };
        span.set_whole(1);
        span.life().publish(SpanState::InUse);
        self.counters.change(|counters| {
            counters.idle.sub(span.bytes());
            counters.large.add(span.bytes());
            counters.large_allocs.up(1);
        });
        self.note_use(&mut inner);
        Some(Large {
            pointer: span.base(),
            bytes: span.bytes(),
            is_zero,
        })
    }

    /// Frees a large object; answers with its bytes.
    ///
    /// # Errors
    ///
    /// The pointer is not that of a large object that is alive. Nothing changed.
    ///
    /// # Safety
    ///
    /// If it is one, nobody uses it any more.
    pub unsafe fn free_large(&self, pointer: NonNull<u8>) -> Result<usize, FreeError> {
        let pointer = Addr::of(pointer.as_ptr());
        let mut inner = self.inner.lock();
        let span = self.large_at(pointer)?;
        let bytes = span.bytes();
        span.life().change();
        self.counters.change(|counters| {
            counters.large.sub(bytes);
            counters.idle.add(bytes);
            counters.large_frees.up(1);
        });
        self.give_back_later(&mut inner, span);
        Ok(bytes)
    }

    /// The usable bytes of a large object; `None` if the pointer is not that of one that is alive.
    /// Lock-free.
    #[inline]
    pub fn large_bytes(&self, pointer: NonNull<u8>) -> Option<usize> {
        let pointer = Addr::of(pointer.as_ptr());
        let span = self.header_at(pointer)?;
        let bytes = span.life().read(|state| {
            let large = state == SpanState::InUse && span.class().size_class().is_large();
            (large && span.addr() == pointer).then(|| span.bytes())
        });
        bytes.flatten()
    }

    /// Makes a large object longer or shorter where it is; answers with its usable bytes then. It
    /// grows into a free run behind it. `None`: not possible here, and nothing changed; or the pointer
    /// is not that of a large object that is alive.
    ///
    /// # Safety
    ///
    /// If it is one, it is the caller's, and nobody uses what is cut off.
    pub unsafe fn resize_large(&self, pointer: NonNull<u8>, bytes: usize) -> Option<usize> {
        let pages = pages_for(bytes)?;
        let mut inner = self.inner.lock();
        let span = self.large_at(Addr::of(pointer.as_ptr())).ok()?;
        let before = span.bytes();
        if pages < span.pages() {
            self.cut(&mut inner, span, pages)?;
        } else if pages > span.pages() {
            self.extend(&mut inner, span, pages)?;
        }
        let after = span.bytes();
        self.counters.change(|counters| {
            counters.large.add(after);
            counters.idle.add(before);
            counters.idle.sub(after);
            counters.large.sub(before);
        });
        self.note_use(&mut inner);
        Some(after)
    }

    /// The span whose object begins at the address. The lock is held.
    #[inline]
    fn large_at(&self, pointer: Addr) -> Result<SpanRef, FreeError> {
        match self.header_at(pointer) {
            Some(span)
                if span.addr() == pointer
                    && span.state() == SpanState::InUse
                    && span.class().size_class().is_large() =>
            {
                Ok(span)
            }
            _ => Err(self.why_not(pointer)),
        }
    }

    /// The manual span that begins at the address. The lock is held.
    pub(super) fn manual_at(&self, pointer: Addr) -> Result<SpanRef, FreeError> {
        match self.header_at(pointer) {
            Some(span) if span.addr() == pointer && span.state() == SpanState::Manual => Ok(span),
            _ => Err(self.why_not(pointer)),
        }
    }

    /// Why nothing of the kind that was expected begins at the address. The lock is held.
    #[cold]
    fn why_not(&self, pointer: Addr) -> FreeError {
        if self.header_at(pointer).is_none() {
            return FreeError::NotOurs { pointer };
        }
        let is_live = |span: SpanRef| {
            let state = span.state();
            let used = state == SpanState::InUse || state == SpanState::Manual;
            (used && span.covers(pointer)).then_some(span)
        };
        match self.first_of(pointer, is_live) {
            None => FreeError::NotLive { pointer },
            Some(span) if span.addr() == pointer || span.slots() > 1 => {
                FreeError::WrongKind { pointer }
            }
            Some(span) => FreeError::Interior {
                pointer,
                base: span.addr(),
            },
        }
    }
}
