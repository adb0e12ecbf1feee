//! From an address to what is there.
//!
//! Lock-free: the page table gives a header, whose fields are read between two looks at its life.
//! What is found about memory that somebody frees meanwhile may be gone when it is looked at.
#![expect(unsafe_code, reason = "page table entries are headers")]
use super::Heap;
use super::entries::LANDMARK;
use crate::{Located, RunStore, Span, SpanRef, SpanState};
use arena::{Addr, AddressSpace, PAGE_BYTES};
use core::ptr::NonNull;
use sizeclass::SpanClass;
use sync::atomic::Ordering;

/// An object, as an address inside of it finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// Its first byte.
    pub base: NonNull<u8>,
    /// Its bytes, unused ones at the end included.
    pub bytes: usize,
    /// The class of its span.
    pub class: SpanClass,
    /// Its slot in the span.
    pub slot: usize,
}

impl<A: AddressSpace, R: RunStore> Heap<A, R> {
    /// The tag of the page: the bin of the class of its span, 0 for the first page of everything else
    /// that is in use. Lock-free; of other pages the answer may be an old one.
    #[inline]
    pub fn tag(&self, addr: Addr) -> u8 {
        self.space.tag(addr)
    }

    /// The span with objects (small ones or a large one) that covers the address. Lock-free, O(1).
    #[inline]
    pub fn span_of(&self, addr: Addr) -> Option<&Span> {
        let covers = |span: SpanRef| {
            let read = |state| state == SpanState::InUse && span.covers(addr);
            span.life().read(read)?.then_some(span)
        };
        let span = self.first_of(addr, covers)?;
        // SAFETY: I4 — the header lives as long as the heap.
        Some(unsafe { span.extend() })
    }

    /// The manual span that covers the address. Lock-free, O(1).
    #[inline]
    pub fn manual_span_of(&self, addr: Addr) -> Option<&Span> {
        let covers = |span: SpanRef| {
            let read = |state| state == SpanState::Manual && span.covers(addr);
            span.life().read(read)?.then_some(span)
        };
        let span = self.first_of(addr, covers)?;
        // SAFETY: I4 — the header lives as long as the heap.
        Some(unsafe { span.extend() })
    }

    /// The slot that the address lies in, whether or not it is allocated; `None` for memory that is
    /// no slot: free runs, manual spans, the tail of a span behind its last slot. Lock-free, O(1).
    pub fn find_object(&self, addr: Addr) -> Option<Object> {
        self.first_of(addr, |span| {
            let object = span.life().read(|state| {
                if state != SpanState::InUse || !span.covers(addr) {
                    return None;
                }
                let Located { slot, offset } = span.locate(addr);
                let base = span.base().as_ptr().with_addr(addr.get() - offset);
                (slot < span.slots()).then_some(Object {
                    base: NonNull::new(base)?,
                    bytes: span.slot_bytes(),
                    class: span.class(),
                    slot,
                })
            });
            object.flatten()
        })
    }

    /// What is found by the header at the page's own entry, or else by that at the landmark below,
    /// where the header of a long run stands.
    #[inline]
    pub(super) fn first_of<T>(
        &self,
        addr: Addr,
        found: impl Fn(SpanRef) -> Option<T>,
    ) -> Option<T> {
        let own = self.header_at(addr).and_then(&found);
        if own.is_some() {
            return own;
        }
        let landmark = addr.page().get() & !(LANDMARK - 1);
        let landmark = Addr::new(landmark * PAGE_BYTES);
        self.header_at(landmark).and_then(found)
    }

    /// Calls `each` for every free run, under the heap's lock: `each` must not call the heap.
    pub fn for_each_free_run(&self, mut each: impl FnMut(&Span)) {
        let mut inner = self.inner.lock();
        self.merge_recent(&mut inner);
        inner.runs.for_each(&mut |run| each(&run));
    }

    /// Calls `each` for every span in use, manual ones included, in no particular order and under the
    /// heap's lock: `each` must not call the heap.
    pub fn for_each_span(&self, mut each: impl FnMut(&Span)) {
        let inner = self.inner.lock();
        inner.headers.for_each(|span| {
            if matches!(span.state(), SpanState::InUse | SpanState::Manual) {
                each(&span);
            }
        });
    }

    /// The header in the page's entry, if there is one: it may have nothing to do with the page any
    /// more.
    #[inline]
    pub(super) fn header_at(&self, addr: Addr) -> Option<SpanRef> {
        let entry = self.space.entry(addr)?;
        // Acquire: pairs with the Release in `AddressSpace::set_entries`; the header is made.
        let header = NonNull::new(entry.span.load(Ordering::Acquire))?;
        // SAFETY: only headers are stored in entries, and they stay as long as the heap (I4).
        Some(unsafe { SpanRef::new(header.cast()) })
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
