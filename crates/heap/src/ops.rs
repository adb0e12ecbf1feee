//! Drivers: operations read from bytes, each checked against a reference model.
//!
//! For `cargo fuzz` (feature `ops`) and for this crate's own tests, which feed them fixed seeds. Every
//! driver stands beside its structure and shares no code with it but the calls that it checks. A
//! driver answers with how often it passed each hard branch, so that a test can see that it did.
use crate::{Span, SpanRef};
use core::ptr::NonNull;
use std::vec::Vec;

pub use crate::heap::ops::{HeapSeen, heap_ops};
pub use crate::list::ops::{ListSeen, span_list};
pub use crate::runs::ops::{RunsSeen, page_runs};

/// Bytes as a source of decisions; zeroes when they are at an end.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    data: &'a [u8],
}

impl<'a> Input<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self { data }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let (byte, rest) = self.data.split_first().unwrap_or((&0, &[]));
        self.data = rest;
        *byte
    }

    pub(crate) fn word(&mut self) -> usize {
        usize::from(self.byte()) << 8 | usize::from(self.byte())
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let wide = if end > 256 {
            self.word()
        } else {
            usize::from(self.byte())
        };
        wide % end
    }
}

/// Headers for a driver that has no heap.
#[derive(Debug)]
pub(crate) struct Spans {
    headers: NonNull<[Span]>,
}

impl Spans {
    pub(crate) fn new(count: usize) -> Self {
        let headers: Vec<Span> = (0..count).map(|_| Span::dead()).collect();
        Self {
            headers: NonNull::from(std::boxed::Box::leak(headers.into_boxed_slice())),
        }
    }

    /// Each header, in order. To be used, linked ones too, only as long as `self`: the drivers drop
    /// their structures first.
    #[expect(unsafe_code, reason = "headers that outlive the driver's structures")]
    pub(crate) fn refs(&self) -> Vec<SpanRef> {
        // SAFETY: leaked in `new`, and not dropped before `self` is.
        let headers = unsafe { self.headers.as_ref() };
        let header = |span| {
            // SAFETY: as above; the drivers hold the references no longer than `self`.
            unsafe { SpanRef::new(NonNull::from_ref(span)) }
        };
        headers.iter().map(header).collect()
    }
}

impl Drop for Spans {
    #[expect(unsafe_code, reason = "takes the leaked headers back")]
    fn drop(&mut self) {
        // SAFETY: leaked from a box in `new`.
        drop(unsafe { std::boxed::Box::from_raw(self.headers.as_ptr()) });
    }
}

/// Seeds for the tests: bytes of a xorshift generator.
#[cfg(test)]
pub(crate) fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed * 2 + 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..bytes).map(|_| next()).collect()
}
