//! A heap of a few spans for models: no lock of its own, since one that is held where the model switches
//! threads would never be free again.
#![expect(unsafe_code, reason = "owns the memory of the spans")]
use crate::StackSource;
use arena::{Addr, ByteCount, GuardMethod, PAGE_BYTES, PageCount, Reason};
use core::alloc::Layout;
use core::ptr::NonNull;
use heap::Span;
use std::alloc::{alloc_zeroed, dealloc};
use std::boxed::Box;
use std::vec::Vec;
use sync::atomic::{AtomicBool, Ordering};
use sync::cell::UnsafeCell;

/// Spans of one length each, handed out one by one.
///
/// # Invariants
///
/// * I1: a span is out while its `is_out`; headers and blocks stay until this goes.
pub(crate) struct Few {
    spans: Vec<Entry>,
    /// Read by every call and written when this goes: the model reports a call that nothing orders
    /// before the end.
    alive: UnsafeCell<bool>,
}

struct Entry {
    span: NonNull<Span>,
    block: NonNull<u8>,
    pages: usize,
    is_out: AtomicBool,
}

// SAFETY: spans are handed out by one exchange each, and the cell is written by the last owner only,
// which the model checks.
unsafe impl Send for Few {}
// SAFETY: as for `Send`.
unsafe impl Sync for Few {}

impl Few {
    /// Spans of these many pages.
    pub(crate) fn new(pages: &[usize]) -> Self {
        let entry = |&pages: &usize| {
            // SAFETY: the layout is not empty.
            let block = unsafe { alloc_zeroed(Self::layout(pages)) };
            let block = NonNull::new(block).expect("memory for a span");
            let span = Box::leak(Box::new(Span::dead()));
            span.init_manual(block, pages);
            Entry {
                span: NonNull::from(span),
                block,
                pages,
                is_out: AtomicBool::new(false),
            }
        };
        Self {
            spans: pages.iter().map(entry).collect(),
            alive: UnsafeCell::new(true),
        }
    }

    /// The base addresses of the first spans.
    pub(crate) fn bases<const N: usize>(&self) -> [usize; N] {
        core::array::from_fn(|index| self.spans[index].block.addr().get())
    }

    /// How many spans are out.
    pub(crate) fn out(&self) -> usize {
        let is_out = |entry: &&Entry| entry.is_out.load(Ordering::Relaxed);
        self.spans.iter().filter(is_out).count()
    }

    fn check(&self) {
        // SAFETY: nobody writes before this goes.
        let alive = self.alive.with(|alive| unsafe { *alive });
        assert!(alive, "the heap is not used after its end");
    }

    fn layout(pages: usize) -> Layout {
        Layout::from_size_align(pages * PAGE_BYTES, PAGE_BYTES).expect("a layout of some pages")
    }
}

// SAFETY: an entry is handed out once until it is freed; headers stay until this goes.
unsafe impl StackSource for Few {
    fn alloc_span(&self, pages: PageCount, _align: ByteCount) -> Option<&Span> {
        self.check();
        let free = |entry: &&Entry| {
            // Acquire and Release stand for the heap's lock.
            entry.pages == pages.get() && !entry.is_out.swap(true, Ordering::Acquire)
        };
        let entry = self.spans.iter().find(free)?;
        // SAFETY: I1.
        Some(unsafe { entry.span.as_ref() })
    }

    unsafe fn free_span(&self, span: &Span) -> bool {
        self.check();
        let entry = self
            .spans
            .iter()
            .find(|entry| entry.span == NonNull::from(span));
        let was_out = entry.map(|entry| entry.is_out.swap(false, Ordering::Release));
        assert_eq!(was_out, Some(true), "a span goes back once");
        true
    }

    fn span_of(&self, addr: Addr) -> Option<&Span> {
        self.check();
        let covers = |entry: &&Entry| {
            let base = entry.block.addr().get();
            (base..base + entry.pages * PAGE_BYTES).contains(&addr.get())
        };
        // SAFETY: I1.
        Some(unsafe { self.spans.iter().find(covers)?.span.as_ref() })
    }

    fn os_page(&self) -> ByteCount {
        self.check();
        ByteCount::kib(4)
    }

    unsafe fn guard(&self, _: NonNull<u8>, _: ByteCount, _: GuardMethod) -> Result<(), Reason> {
        self.check();
        Ok(())
    }

    unsafe fn unguard(&self, _: NonNull<u8>, _: ByteCount, _: GuardMethod) -> Result<(), Reason> {
        self.check();
        Ok(())
    }

    unsafe fn discard(&self, _: NonNull<u8>, _: ByteCount) -> bool {
        self.check();
        true
    }

    fn resident(&self) -> Option<ByteCount> {
        None
    }
}

impl Drop for Few {
    fn drop(&mut self) {
        // SAFETY: the last owner is here, which the model checks.
        self.alive.with_mut(|alive| unsafe { *alive = false });
        for entry in &self.spans {
            // SAFETY: I1; this is going.
            unsafe { dealloc(entry.block.as_ptr(), Self::layout(entry.pages)) };
            // SAFETY: leaked from a box in `new`.
            drop(unsafe { Box::from_raw(entry.span.as_ptr()) });
        }
    }
}
