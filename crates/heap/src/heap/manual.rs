//! Manual spans: pages that hold no objects of the heap's, such as stacks.
//!
//! Under the heap's lock. Their bytes are accounted as [`Category::Stack`], as Go's are.
#![expect(unsafe_code, reason = "hands headers out by reference")]
use super::Heap;
use super::large::align_pages;
use crate::{FreeError, RunStore, Span, SpanState};
use arena::{AddressSpace, ByteCount, Category, PageCount};

impl<A: AddressSpace, R: RunStore> Heap<A, R> {
    /// A run of `pages` pages (one at least) at a multiple of `align` bytes (a power of two), whose
    /// use is the caller's business. `None`: no memory, over the limit, no such alignment.
    pub fn alloc_manual(&self, pages: PageCount, align: usize) -> Option<&Span> {
        let align = align_pages(align)?;
        let (mut inner, taken) = self.obtain(pages.get().max(1), align, 0)?;
        let span = taken.run;
        span.set_whole(0);
        span.life().publish(SpanState::Manual);
        let bytes = span.bytes();
        self.counters.change(|counters| {
            counters.idle.sub(bytes);
            counters.manual.add(bytes);
        });
        self.note_use(&mut inner);
        let memory = self.space.memory();
        memory.transfer(ByteCount::new(bytes), Category::Heap, Category::Stack);
        // SAFETY: I4 — the header lives as long as the heap.
        Some(unsafe { span.extend() })
    }

    /// Gives a manual span back.
    ///
    /// # Errors
    ///
    /// It is not a manual span of this heap's that is alive. Nothing changed.
    ///
    /// # Safety
    ///
    /// If it is one, nobody uses its memory any more, nor its header for that life.
    pub unsafe fn free_manual(&self, span: &Span) -> Result<(), FreeError> {
        let mut inner = self.inner.lock();
        let span = self.manual_at(span.addr())?;
        let bytes = span.bytes();
        span.life().change();
        self.counters.change(|counters| {
            counters.manual.sub(bytes);
            counters.idle.add(bytes);
        });
        let memory = self.space.memory();
        memory.transfer(ByteCount::new(bytes), Category::Stack, Category::Heap);
        self.give_back_run(&mut inner, span);
        Ok(())
    }
}
