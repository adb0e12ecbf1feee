//! What the layers above need of a span heap, as traits: so that they can be used over other parts.
//!
//! Implemented by the heap, by references to it and by the stand-ins of tests; implementers
//! synchronise themselves.
#![expect(unsafe_code, reason = "declares who may give spans back")]
use crate::Span;
use arena::{Addr, Category};
use core::ptr::NonNull;
use sizeclass::{SpanClass, Table};

/// Where an exchange gets its spans from and gives them back to.
///
/// # Safety
///
/// A span from [`SpanSource::acquire_span`] belongs to the caller alone until it is given back, its
/// memory is readable and writable through [`Span::base`] over all its bytes, and its header lives
/// and stays a header for as long as the source.
pub unsafe trait SpanSource: Send + Sync {
    /// The size classes by which spans are cut.
    fn table(&self) -> &'static Table;

    /// A span for objects of `class`: in use, every slot free and counted as free in the control
    /// word, whose generation is that of the header's former life; the page table knows it, and the
    /// tag of its pages is [`SpanClass::bin`]. `None`: no memory, over a limit, or no such class.
    fn acquire_span(&self, class: SpanClass) -> Option<&Span>;

    /// Takes a span back.
    ///
    /// # Safety
    ///
    /// The span came from this source and was not given back since; all its slots are free, it is on
    /// no list, and nobody uses its memory any more.
    unsafe fn give_back_span(&self, span: &Span);

    /// The span in use that covers this address, by any of its pages; `None` if there is none. Takes
    /// no lock.
    fn span_of(&self, addr: Addr) -> Option<&Span>;
}

// SAFETY: passes every call on.
unsafe impl<T: SpanSource + ?Sized> SpanSource for &T {
    #[inline]
    fn table(&self) -> &'static Table {
        (**self).table()
    }

    #[inline]
    fn acquire_span(&self, class: SpanClass) -> Option<&Span> {
        (**self).acquire_span(class)
    }

    #[inline]
    unsafe fn give_back_span(&self, span: &Span) {
        // SAFETY: the caller's duty is the call's.
        unsafe { (**self).give_back_span(span) }
    }

    #[inline]
    fn span_of(&self, addr: Addr) -> Option<&Span> {
        (**self).span_of(addr)
    }
}

/// Where the layers above get memory for their own records from.
pub trait MetadataSource: Send + Sync {
    /// Zeroed memory outside of the heap that stays until the source goes. `None`: no memory, or an
    /// alignment that is no power of two or above a page.
    fn alloc_metadata(&self, bytes: usize, align: usize, category: Category)
    -> Option<NonNull<u8>>;
}

impl<T: MetadataSource + ?Sized> MetadataSource for &T {
    fn alloc_metadata(
        &self,
        bytes: usize,
        align: usize,
        category: Category,
    ) -> Option<NonNull<u8>> {
        (**self).alloc_metadata(bytes, align, category)
    }
}
