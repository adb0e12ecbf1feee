//! Where stacks come from: manual spans of a heap, and the system's calls for their pages.
//!
//! Shared by every thread that uses the pool; an implementation synchronises itself. [`Heap`] is the
//! real one; tests and models bring their own.
#![expect(unsafe_code, reason = "declares the seam to the heap and the system")]
use arena::{Addr, AddressSpace, ByteCount, GuardMethod, Os, PageCount, Reason};
use core::ptr::NonNull;
use heap::{Heap, Span, SpanState};

/// What a stack pool needs of a heap.
///
/// # Safety
///
/// The memory of a span that `alloc_span` returns belongs to the caller alone until `free_span`;
/// headers stay where they are, and valid, as long as the source lives. A source always answers
/// for the same heap, and so do references to it.
pub unsafe trait StackSource: Send + Sync {
    /// A manual span of `pages` pages whose base is a multiple of `align` (a power of two, at least a
    /// page), readable and writable, of any content. `None`: out of memory, or a limit.
    fn alloc_span(&self, pages: PageCount, align: ByteCount) -> Option<&Span>;

    /// Takes a span back. `false`, and nothing done, if it is not a manual span of this heap.
    ///
    /// # Safety
    ///
    /// The span came from `alloc_span`, and nobody uses its memory.
    unsafe fn free_span(&self, span: &Span) -> bool;

    /// The manual span that contains this address, and no other kind of span. Takes no lock.
    fn span_of(&self, addr: Addr) -> Option<&Span>;

    /// The system's page, in which guards are made and memory is given back.
    fn os_page(&self) -> ByteCount;

    /// Makes a range fault when it is touched, by this method.
    ///
    /// # Errors
    ///
    /// [`Reason::Unsupported`], or as the system answers; nothing has changed then.
    ///
    /// # Safety
    ///
    /// Whole system pages of a span of the caller's, who gives their content up.
    unsafe fn guard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason>;

    /// Undoes [`StackSource::guard`]: the range is readable and writable again, of any content.
    ///
    /// # Errors
    ///
    /// As the system answers; the range still faults then.
    ///
    /// # Safety
    ///
    /// The range was guarded by this method.
    unsafe fn unguard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason>;

    /// Gives the memory behind a range back to the system; the range stays readable and writable,
    /// its content is lost. `true` if it reads as zero now.
    ///
    /// # Safety
    ///
    /// Whole system pages of a span of the caller's, who gives their content up.
    unsafe fn discard(&self, at: NonNull<u8>, bytes: ByteCount) -> bool;

    /// How much of all manual spans is resident; `None` if the system does not tell. Looks at every
    /// span: for figures, not for decisions.
    fn resident(&self) -> Option<ByteCount>;
}

// SAFETY: a manual span is its owner's alone from `alloc_manual` to `free_manual`; the heap keeps
// its headers until it is dropped; its addresses are mapped, and `Memory` has checked the page size.
unsafe impl<A: AddressSpace> StackSource for Heap<A> {
    fn alloc_span(&self, pages: PageCount, align: ByteCount) -> Option<&Span> {
        self.alloc_manual(pages, align.get())
    }

    unsafe fn free_span(&self, span: &Span) -> bool {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.free_manual(span) }.is_ok()
    }

    fn span_of(&self, addr: Addr) -> Option<&Span> {
        self.manual_span_of(addr)
    }

    fn os_page(&self) -> ByteCount {
        self.space().memory().page_size()
    }

    unsafe fn guard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's; pages of a span are Ready.
        unsafe { self.space().memory().os().guard(at, bytes, method) }
    }

    unsafe fn unguard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.space().memory().os().unguard(at, bytes, method) }
    }

    unsafe fn discard(&self, at: NonNull<u8>, bytes: ByteCount) -> bool {
        let os = self.space().memory().os();
        // SAFETY: the caller's duty is the call's; pages of a span are Ready.
        if unsafe { os.unused(at, bytes) }.is_err() {
            return false;
        }
        // Ready again at once, for the accounts as for the system: memory that was mapped stays
        // accessible through all of this, so a refusal would lose nothing but a hint.
        // SAFETY: the range is Prepared, by the call above.
        let _ = unsafe { os.used(at, bytes) };
        <A::Os as Os>::UNUSED_IS_ZERO
    }

    fn resident(&self) -> Option<ByteCount> {
        let os = self.space().memory().os();
        let mut sum = Some(0);
        self.for_each_span(|span| {
            if span.state() == SpanState::Manual {
                let resident = os.resident(span.base(), ByteCount::new(span.bytes()));
                sum = sum.zip(resident).map(|(sum, bytes)| sum + bytes.get());
            }
        });
        sum.map(ByteCount::new)
    }
}

// SAFETY: a reference answers for the heap that it refers to.
unsafe impl<S: StackSource> StackSource for &S {
    fn alloc_span(&self, pages: PageCount, align: ByteCount) -> Option<&Span> {
        (**self).alloc_span(pages, align)
    }

    unsafe fn free_span(&self, span: &Span) -> bool {
        // SAFETY: the caller's duty is the call's.
        unsafe { (**self).free_span(span) }
    }

    fn span_of(&self, addr: Addr) -> Option<&Span> {
        (**self).span_of(addr)
    }

    fn os_page(&self) -> ByteCount {
        (**self).os_page()
    }

    unsafe fn guard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { (**self).guard(at, bytes, method) }
    }

    unsafe fn unguard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { (**self).unguard(at, bytes, method) }
    }

    unsafe fn discard(&self, at: NonNull<u8>, bytes: ByteCount) -> bool {
        // SAFETY: the caller's duty is the call's.
        unsafe { (**self).discard(at, bytes) }
    }

    fn resident(&self) -> Option<ByteCount> {
        (**self).resident()
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
