//! Spans of small objects, for the exchange above.
//!
//! Under the heap's lock, except for the lookup.
#![expect(unsafe_code, reason = "hands headers out by reference")]
use super::Heap;
use crate::{RunStore, Span, SpanRef, SpanSource, SpanState};
use arena::{Addr, AddressSpace};
use core::ptr::NonNull;
use sizeclass::{SpanClass, Table};

// SAFETY: a span is a run that is in no other hands (I1), Ready (I5), and headers stay (I4).
unsafe impl<A: AddressSpace, R: RunStore> SpanSource for Heap<A, R> {
    #[inline]
    fn table(&self) -> &'static Table {
        self.table
    }

    fn acquire_span(&self, class: SpanClass) -> Option<&Span> {
        if !self.table.contains(class.size_class()) {
            return None;
        }
        let pages = self.table.pages(class.size_class());
        let tag = u8::try_from(class.bin()).ok()?;
        let (mut inner, taken) = self.obtain(pages, 1, tag)?;
        let span = taken.run;
        span.set_small(class, self.table);
        span.life().publish(SpanState::InUse);
        self.counters.change(|counters| {
            counters.idle.sub(span.bytes());
            counters.small.add(span.bytes());
        });
        self.note_use(&mut inner);
        // SAFETY: I4 — the header lives as long as the heap.
        Some(unsafe { span.extend() })
    }

    unsafe fn give_back_span(&self, span: &Span) {
        // SAFETY: the caller's duty: the span is one of ours, so its header is.
        let span = unsafe { SpanRef::new(NonNull::from_ref(span)) };
        let mut inner = self.inner.lock();
        span.life().change();
        self.counters.change(|counters| {
            counters.small.sub(span.bytes());
            counters.idle.add(span.bytes());
        });
        self.give_back_run(&mut inner, span);
    }

    #[inline]
    fn span_of(&self, addr: Addr) -> Option<&Span> {
        Heap::span_of(self, addr)
    }
}
