//! References to headers that stay: the small unsafe core under lists, tree and page runs.
//!
//! A [`SpanRef`] promises that its header outlives every use of it, so links between headers can be
//! followed by safe code. The fields behind it are atomic; what protects their meaning is the lock of
//! whoever owns the structure.
#![expect(unsafe_code, reason = "follows links between headers")]
use crate::Span;
use core::fmt;
use core::ops::Deref;
use core::ptr::{self, NonNull};
use sync::atomic::{AtomicPtr, Ordering};

/// A header that outlives the structures it is linked into.
///
/// # Invariants
///
/// * I1: the header is valid for as long as this value, any copy of it, and any structure that a
///   copy was put into are used.
#[derive(Clone, Copy)]
pub struct SpanRef(NonNull<Span>);

// SAFETY: it is a shared reference (I1), and `Span` is `Sync`.
unsafe impl Send for SpanRef {}
// SAFETY: as above.
unsafe impl Sync for SpanRef {}

impl SpanRef {
    /// A header that is never dropped.
    #[must_use]
    pub const fn from_static(span: &'static Span) -> Self {
        Self(NonNull::from_ref(span))
    }

    /// A header that the caller keeps alive.
    ///
    /// # Safety
    ///
    /// The header is neither dropped nor moved while the returned value, any copy of it, or any list,
    /// tree or heap that a copy was put into is used.
    #[must_use]
    pub const unsafe fn new(span: NonNull<Span>) -> Self {
        Self(span)
    }

    /// The pointer.
    #[inline]
    #[must_use]
    pub const fn as_ptr(self) -> *mut Span {
        self.0.as_ptr()
    }

    /// The header, for as long as the caller says.
    ///
    /// # Safety
    ///
    /// The header lives that long.
    pub(crate) const unsafe fn extend<'a>(self) -> &'a Span {
        // SAFETY: the caller's duty.
        unsafe { self.0.as_ref() }
    }
}

impl Deref for SpanRef {
    type Target = Span;

    #[inline]
    fn deref(&self) -> &Span {
        // SAFETY: I1.
        unsafe { self.0.as_ref() }
    }
}

impl PartialEq for SpanRef {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for SpanRef {}

impl fmt::Debug for SpanRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A link from one header to another, or to none.
///
/// # Invariants
///
/// * L1: a pointer that is not null came from a [`SpanRef`] and is used no longer than its I1 says,
///   since the header with this link is in the same structure.
pub(crate) struct Link(AtomicPtr<Span>);

impl Link {
    pub(crate) fn none() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<SpanRef> {
        NonNull::new(self.0.load(Ordering::Relaxed)).map(SpanRef)
    }

    #[inline]
    pub(crate) fn set(&self, span: Option<SpanRef>) {
        let pointer = span.map_or(ptr::null_mut(), SpanRef::as_ptr);
        self.0.store(pointer, Ordering::Relaxed);
    }
}
