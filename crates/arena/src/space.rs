//! What the heap needs of an address space: growth, and from an address to what is known of it.
//!
//! A layout is shared by every thread. Growth takes the layout's own lock ([`sync::Rank::Arena`]);
//! lookups take none and race with growth safely.
#![expect(
    unsafe_code,
    reason = "declares the interface that page tables are behind"
)]
use crate::{Addr, GrowError, Memory, Os, PageCount};
use core::ptr::NonNull;
use sync::atomic::{AtomicPtr, AtomicU8};

/// Fresh pages for the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// First byte, aligned to a page; may be used for the whole growth.
    pub base: NonNull<u8>,
    /// How many pages, at least what was asked for.
    pub pages: PageCount,
}

/// What is known of one page.
#[derive(Clone, Copy, Debug)]
pub struct PageEntry<'a> {
    /// The span that the page belongs to; null if none.
    pub span: &'a AtomicPtr<()>,
    /// A byte of the heap's choice, 0 if none: the class of small objects.
    pub tag: &'a AtomicU8,
}

/// The layout of the address space.
///
/// # Safety
///
/// Pages of a [`Growth`] belong to the caller until the layout is dropped, are zero at first, and no
/// two growths overlap. Entries live as long as the layout.
pub unsafe trait AddressSpace: Send + Sync {
    /// The operating system below.
    type Os: Os;

    /// The boundary to it, with the accounts.
    fn memory(&self) -> &Memory<Self::Os>;

    /// Fresh pages: Prepared, zero when first touched, their entries null and 0. They continue the
    /// previous growth whenever that is possible. Takes the layout's lock.
    ///
    /// # Errors
    ///
    /// Nothing is lost and the next attempt can succeed.
    fn grow(&self, pages: PageCount) -> Result<Growth, GrowError>;

    /// What is known of the page; `None` outside of every growth. Lock-free, O(1).
    ///
    /// A layout may know pages that it has not handed out yet; their entry is null and 0.
    fn entry(&self, addr: Addr) -> Option<PageEntry<'_>>;

    /// The tag of the page, 0 outside of every growth. Lock-free, O(1), two dependent loads.
    fn tag(&self, addr: Addr) -> u8;

    /// Sets the entries of `pages` pages from `first` on, each with Release.
    ///
    /// # Safety
    ///
    /// The pages are part of growths, and the caller owns them.
    unsafe fn set_entries(&self, first: Addr, pages: PageCount, span: *mut (), tag: u8);

    /// A pointer to this address that may be used for the whole growth around it; `None` outside.
    fn pointer(&self, addr: Addr) -> Option<NonNull<u8>>;

    /// Takes the layout's lock for a fork, so that its state is whole in the child.
    ///
    /// # Safety
    ///
    /// [`AddressSpace::unlock_after_fork`] follows on this thread, or
    /// [`AddressSpace::reset_in_child`] in the child.
    unsafe fn lock_for_fork(&self);

    /// Gives it back in the parent.
    ///
    /// # Safety
    ///
    /// This thread called [`AddressSpace::lock_for_fork`].
    unsafe fn unlock_after_fork(&self);

    /// Makes it free in the child.
    ///
    /// # Safety
    ///
    /// The caller is the only thread of the child, and the parent called
    /// [`AddressSpace::lock_for_fork`].
    unsafe fn reset_in_child(&self);
}
