//! The process's stack pool: coroutine stacks out of the same heap, under the same limit.
//!
//! Shared by every thread; the pool protects itself. Go initialises its stacks before its heap, so
//! the pool here stands first and finds the heap through a static that is filled later.
#![expect(unsafe_code, reason = "passes on the duties of a stack source")]
use crate::once::Once;
use arena::{Addr, AddressSpace, ByteCount, GuardMethod, PageCount, Reason};
use core::fmt;
use core::ptr::NonNull;
use heap::{Heap, Span};
use stackpool::{StackPool, StackSource};

/// A pool of stacks over the process's heap.
pub type HeapStacks = StackPool<HeapSource<crate::layout::Space>>;

/// The process's heap as a source of stacks; without memory as long as the heap does not stand.
pub struct HeapSource<A: AddressSpace + 'static> {
    heap: &'static Once<Heap<A>>,
}

impl<A: AddressSpace> HeapSource<A> {
    pub(crate) const fn new(heap: &'static Once<Heap<A>>) -> Self {
        Self { heap }
    }
}

impl<A: AddressSpace> fmt::Debug for HeapSource<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HeapSource").field(&self.heap.get()).finish()
    }
}

// SAFETY: every call goes to the one heap of the static, which is a source itself; before it stands
// there is no span that anybody could have.
unsafe impl<A: AddressSpace> StackSource for HeapSource<A> {
    fn alloc_span(&self, pages: PageCount, align: ByteCount) -> Option<&Span> {
        self.heap.get()?.alloc_span(pages, align)
    }

    unsafe fn free_span(&self, span: &Span) -> bool {
        // SAFETY: the caller's duty is the call's.
        let free = |heap: &Heap<A>| unsafe { heap.free_span(span) };
        self.heap.get().is_some_and(free)
    }

    fn span_of(&self, addr: Addr) -> Option<&Span> {
        StackSource::span_of(self.heap.get()?, addr)
    }

    fn os_page(&self) -> ByteCount {
        match self.heap.get() {
            Some(heap) => heap.os_page(),
            None => ByteCount::new(arena::PAGE_BYTES),
        }
    }

    unsafe fn guard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        let heap = self.heap.get().ok_or(Reason::Unsupported)?;
        // SAFETY: the caller's duty is the call's.
        unsafe { heap.guard(at, bytes, method) }
    }

    unsafe fn unguard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        let heap = self.heap.get().ok_or(Reason::Unsupported)?;
        // SAFETY: the caller's duty is the call's.
        unsafe { heap.unguard(at, bytes, method) }
    }

    unsafe fn discard(&self, at: NonNull<u8>, bytes: ByteCount) -> bool {
        // SAFETY: the caller's duty is the call's.
        let discard = |heap: &Heap<A>| unsafe { heap.discard(at, bytes) };
        self.heap.get().is_some_and(discard)
    }

    fn resident(&self) -> Option<ByteCount> {
        self.heap.get()?.resident()
    }
}
