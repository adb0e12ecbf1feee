//! A stand-in span source for tests and models: a few pages from `std::alloc` and a header per page.
//!
//! Shared by the threads of a test; one lock protects the page states. It checks what a heap may
//! expect of the exchange: every span comes back once, wholly free, with its life ended.
#![expect(unsafe_code, reason = "hands out memory of its own as spans")]
use arena::Addr;
use core::alloc::Layout;
use core::ptr::{self, NonNull};
use heap::{Span, SpanSource};
use sizeclass::{PAGE_BYTES, SpanClass, Table};
use std::vec::Vec;
use sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use sync::{Mutex, Rank};

/// A heap of `pages` pages.
pub(crate) struct FakeHeap {
    pub(crate) memory: NonNull<u8>,
    layout: Layout,
    /// The header of the span that begins at each page.
    headers: Vec<Span>,
    /// Page → header of the span in use that covers it.
    map: Vec<AtomicPtr<Span>>,
    /// Which pages are in use.
    pub(crate) used: Mutex<Vec<bool>>,
    /// Spans that are out.
    pub(crate) out: AtomicUsize,
    /// Calls of `acquire_span` that were answered.
    pub(crate) acquired: AtomicUsize,
}

// SAFETY: the memory is only handed out, by page and under the lock; everything else is `Sync`.
unsafe impl Send for FakeHeap {}
// SAFETY: as above.
unsafe impl Sync for FakeHeap {}

impl FakeHeap {
    pub(crate) fn new(pages: usize) -> Self {
        let layout = Layout::from_size_align(pages * PAGE_BYTES, PAGE_BYTES).expect("small");
        // SAFETY: the layout is not empty.
        let memory = unsafe { std::alloc::alloc_zeroed(layout) };
        Self {
            memory: NonNull::new(memory).expect("a test has memory"),
            layout,
            headers: (0..pages).map(|_| Span::dead()).collect(),
            map: (0..pages)
                .map(|_| AtomicPtr::new(ptr::null_mut()))
                .collect(),
            used: Mutex::new(Rank::Heap, std::vec![false; pages]),
            out: AtomicUsize::new(0),
            acquired: AtomicUsize::new(0),
        }
    }

    /// Count and bits of every span that is out agree (I1 at rest).
    pub(crate) fn check_at_rest(&self) {
        for span in self.spans() {
            let count = span.control().load(Ordering::Relaxed) & u64::from(u32::MAX);
            assert_eq!(
                count,
                free_bits(span) as u64,
                "at rest the count is the number of free bits"
            );
        }
    }

    /// The spans that are out.
    pub(crate) fn spans(&self) -> impl Iterator<Item = &Span> {
        let entries = self.map.iter().zip(&self.headers);
        entries.filter_map(|(entry, header)| {
            let covers = ptr::eq(entry.load(Ordering::Relaxed), header);
            covers.then_some(header)
        })
    }
}

impl Drop for FakeHeap {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout.
        unsafe { std::alloc::dealloc(self.memory.as_ptr(), self.layout) };
    }
}

// SAFETY: spans are cut from memory that lives as long as `self`, each page into one at a time.
unsafe impl SpanSource for FakeHeap {
    fn table(&self) -> &'static Table {
        Table::DEFAULT
    }

    fn acquire_span(&self, class: SpanClass) -> Option<&Span> {
        let pages = self.table().pages(class.size_class());
        let mut used = self.used.lock();
        let first = first_run(&used, pages)?;
        used[first..][..pages].fill(true);
        let header = &self.headers[first];
        // SAFETY: `first` is a page of our memory.
        let base = unsafe { self.memory.add(first * PAGE_BYTES) };
        header.init_small(base, class, self.table());
        for entry in &self.map[first..][..pages] {
            entry.store(ptr::from_ref(header).cast_mut(), Ordering::Release);
        }
        self.out.fetch_add(1, Ordering::Relaxed);
        self.acquired.fetch_add(1, Ordering::Relaxed);
        Some(header)
    }

    unsafe fn give_back_span(&self, span: &Span) {
        let mut used = self.used.lock();
        let first = (span.addr().get() - self.memory.as_ptr().addr()) / PAGE_BYTES;
        let pages = span.pages();
        assert!(used[first], "a span goes back to the heap once");
        assert_eq!(
            free_bits(span),
            span.slots(),
            "a span goes back wholly free"
        );
        used[first..][..pages].fill(false);
        for entry in &self.map[first..][..pages] {
            entry.store(ptr::null_mut(), Ordering::Release);
        }
        self.out.fetch_sub(1, Ordering::Relaxed);
    }

    fn span_of(&self, addr: Addr) -> Option<&Span> {
        let offset = addr.get().checked_sub(self.memory.as_ptr().addr())?;
        let entry = self.map.get(offset / PAGE_BYTES)?.load(Ordering::Acquire);
        // SAFETY: entries point to `headers`, which live as long as `self`.
        unsafe { entry.as_ref() }
    }
}

/// Free slots by the bits.
pub(crate) fn free_bits(span: &Span) -> usize {
    let words = span.free_bits().iter();
    words
        .map(|word| word.load(Ordering::Relaxed).count_ones() as usize)
        .sum()
}

/// The lowest run of `pages` unused pages.
pub(crate) fn first_run(used: &[bool], pages: usize) -> Option<usize> {
    used.windows(pages)
        .position(|window| window.iter().all(|used| !used))
}
