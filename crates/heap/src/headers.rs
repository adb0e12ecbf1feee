//! The pool of span headers.
//!
//! Belongs to the heap, whose lock protects it. Headers are made by the batch in metadata memory and
//! stay headers until the heap goes: a late reader of the page table may look at one at any time, and
//! its generation goes on counting from one life to the next.
//!
//! ```text
//!     batch: │ Batch │ header │ header │ ··· 64 of them      newest first in a chain
//! ```
#![expect(unsafe_code, reason = "makes headers in metadata memory")]
use crate::limits::HEADER_BATCH;
use crate::{Span, SpanRef};
use arena::{ByteCount, Category, Memory, Os, Persistent};
use core::ptr::{self, NonNull};

/// Headers, those in use and those that wait.
///
/// # Invariants
///
/// * I1: `newest` is a chain of batches in persistent memory, each with its headers made.
/// * I2: `free` is a chain, through `next`, of the `waiting` headers that nobody uses; they are dead.
#[derive(Debug)]
pub(crate) struct Headers {
    newest: *mut Batch,
    free: Option<SpanRef>,
    waiting: usize,
    made: usize,
}

#[derive(Debug)]
#[repr(C, align(64))]
struct Batch {
    older: *mut Batch,
    headers: [Span; HEADER_BATCH],
}

// SAFETY: the batches belong to the heap that owns the pool (I1).
unsafe impl Send for Headers {}

impl Headers {
    pub(crate) const fn new() -> Self {
        Self {
            newest: ptr::null_mut(),
            free: None,
            waiting: 0,
            made: 0,
        }
    }

    /// Sees to it that the next `count` calls of [`Headers::take`] succeed. `None`: no memory, and
    /// nothing changed that matters.
    pub(crate) fn reserve<O: Os>(
        &mut self,
        count: usize,
        persistent: &mut Persistent,
        memory: &Memory<O>,
    ) -> Option<()> {
        while self.waiting < count {
            self.add_batch(persistent, memory)?;
        }
        Some(())
    }

    /// A dead header.
    pub(crate) fn take(&mut self) -> Option<SpanRef> {
        let header = self.free?;
        self.free = header.next.get();
        header.next.set(None);
        self.waiting -= 1;
        Some(header)
    }

    /// Takes back a header that is dead and linked nowhere. The one that came last goes first: it is
    /// in the processor's cache.
    pub(crate) fn give_back(&mut self, header: SpanRef) {
        debug_assert!(header.next.get().is_none() && header.height() == 0);
        header.next.set(self.free);
        self.free = Some(header);
        self.waiting += 1;
    }

    /// Calls `each` for every header that was ever made.
    pub(crate) fn for_each(&self, mut each: impl FnMut(SpanRef)) {
        let mut batch = self.newest;
        // SAFETY: I1.
        while let Some(one) = unsafe { batch.as_ref() } {
            for header in &one.headers {
                // SAFETY: I1 — batches stay until the heap goes, and the heap hands no reference on
                // that outlives it.
                each(unsafe { SpanRef::new(NonNull::from_ref(header)) });
            }
            batch = one.older;
        }
    }

    fn add_batch<O: Os>(&mut self, persistent: &mut Persistent, memory: &Memory<O>) -> Option<()> {
        let bytes = ByteCount::new(size_of::<Batch>());
        let align = ByteCount::new(align_of::<Batch>());
        let at = persistent.alloc(memory, bytes, align, Category::Span);
        let at = at.ok()?.cast::<Batch>().as_ptr();
        // SAFETY: the memory was allocated for a batch.
        let older = unsafe { &raw mut (*at).older };
        // SAFETY: as above.
        unsafe { older.write(self.newest) };
        // SAFETY: as above. The headers are made in place: all of them on the stack would be 16 KiB.
        let first = unsafe { &raw mut (*at).headers }.cast::<Span>();
        for number in (0..HEADER_BATCH).rev() {
            // SAFETY: inside the batch.
            let header = unsafe { first.add(number) };
            // SAFETY: as above.
            unsafe { header.write(Span::dead()) };
            // SAFETY: made just now, and stays (I1).
            let header = unsafe { SpanRef::new(NonNull::new(header)?) };
            self.give_back(header);
        }
        self.newest = at;
        self.made += HEADER_BATCH;
        Some(())
    }
}
