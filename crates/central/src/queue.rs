//! A list of spans, linked through their headers.
//!
//! Belongs to one class of the exchange and is reached only under that class's lock, as are the
//! links in the headers.
#![expect(unsafe_code, reason = "an intrusive list of shared headers")]
use core::ptr;
use heap::{CentralLinks, Span};

/// Where a span stands (I2 of the crate). Kept in [`CentralLinks::state`].
pub(crate) mod state {
    /// In no list: all slots are taken, or the span is in the heap, or a settler is on its way.
    pub(crate) const FULL: u8 = 0;
    /// In the list of spans with free slots.
    pub(crate) const PARTIAL: u8 = 1;
    /// Wholly free, in the kept list.
    pub(crate) const KEPT: u8 = 2;
}

/// A doubly linked list of spans.
///
/// # Invariants
///
/// * Q1: `first` and every `next` that can be reached from it point to headers of the span source
///   behind the exchange, which outlive it; so do `last` and every `prev`.
/// * Q2: a span is in at most one queue; `next` and `prev` of neighbours agree; ends are null.
#[derive(Debug)]
pub(crate) struct Queue {
    first: *const Span,
    last: *const Span,
    len: usize,
}

// SAFETY: the headers are shared between threads anyway (`Span: Sync`), and the links among them are
// used by the holder of the class lock alone.
unsafe impl Send for Queue {}

impl Queue {
    pub(crate) const fn new() -> Self {
        Self {
            first: ptr::null(),
            last: ptr::null(),
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn first(&self) -> Option<&Span> {
        // SAFETY: Q1.
        unsafe { self.first.as_ref() }
    }

    /// Links `span` in as the last one.
    ///
    /// # Safety
    ///
    /// The class lock is held, the span is in no queue, and its header outlives this queue.
    pub(crate) unsafe fn push_back(&mut self, span: &Span) {
        let last = self.last;
        // SAFETY: the caller holds the class lock.
        unsafe { set_links(span, last, ptr::null()) };
        self.last = span;
        // SAFETY: Q1.
        match unsafe { last.as_ref() } {
            // SAFETY: the caller holds the class lock.
            Some(last) => unsafe { set_next(last, span) },
            None => self.first = span,
        }
        self.len += 1;
    }

    /// Links `span` in as the first one.
    ///
    /// # Safety
    ///
    /// As [`Queue::push_back`].
    pub(crate) unsafe fn push_front(&mut self, span: &Span) {
        let first = self.first;
        // SAFETY: the caller holds the class lock.
        unsafe { set_links(span, ptr::null(), first) };
        self.first = span;
        // SAFETY: Q1.
        match unsafe { first.as_ref() } {
            // SAFETY: the caller holds the class lock.
            Some(first) => unsafe { set_prev(first, span) },
            None => self.last = span,
        }
        self.len += 1;
    }

    /// Takes `span` out.
    ///
    /// # Safety
    ///
    /// The class lock is held and the span is in this queue.
    pub(crate) unsafe fn remove(&mut self, span: &Span) {
        // SAFETY: the caller holds the class lock.
        let (prev, next) = unsafe { links(span) };
        // SAFETY: Q1.
        match unsafe { prev.as_ref() } {
            // SAFETY: the caller holds the class lock.
            Some(prev) => unsafe { set_next(prev, next) },
            None => self.first = next,
        }
        // SAFETY: Q1.
        match unsafe { next.as_ref() } {
            // SAFETY: the caller holds the class lock.
            Some(next) => unsafe { set_prev(next, prev) },
            None => self.last = prev,
        }
        // SAFETY: the caller holds the class lock.
        unsafe { set_links(span, ptr::null(), ptr::null()) };
        self.len -= 1;
    }
}

/// The span's state.
///
/// # Safety
///
/// The caller holds the lock of the span's class, or nobody else knows the span.
pub(crate) unsafe fn state_of(span: &Span) -> u8 {
    // SAFETY: nobody writes meanwhile, by the caller's promise.
    span.central().with(|links| unsafe { (*links).state })
}

/// Changes the span's state.
///
/// # Safety
///
/// As [`state_of`].
pub(crate) unsafe fn set_state(span: &Span, state: u8) {
    // SAFETY: nobody reads or writes meanwhile, by the caller's promise.
    span.central()
        .with_mut(|links| unsafe { (*links).state = state });
}

/// # Safety
///
/// As [`state_of`].
unsafe fn links(span: &Span) -> (*const Span, *const Span) {
    span.central().with(|links| {
        // SAFETY: nobody writes meanwhile, by the caller's promise.
        let links: &CentralLinks = unsafe { &*links };
        (links.prev, links.next)
    })
}

/// # Safety
///
/// As [`state_of`].
unsafe fn set_links(span: &Span, prev: *const Span, next: *const Span) {
    span.central().with_mut(|links| {
        // SAFETY: nobody reads or writes meanwhile, by the caller's promise.
        let links: &mut CentralLinks = unsafe { &mut *links };
        links.prev = prev;
        links.next = next;
    });
}

/// # Safety
///
/// As [`state_of`].
unsafe fn set_next(span: &Span, next: *const Span) {
    // SAFETY: nobody reads or writes meanwhile, by the caller's promise.
    span.central()
        .with_mut(|links| unsafe { (*links).next = next });
}

/// # Safety
///
/// As [`state_of`].
unsafe fn set_prev(span: &Span, prev: *const Span) {
    // SAFETY: nobody reads or writes meanwhile, by the caller's promise.
    span.central()
        .with_mut(|links| unsafe { (*links).prev = prev });
}
