//! The sparse layout: arenas wherever the system has room, found through the arena map.
//!
//! Shared by every thread. [`Inner`] is behind the layout's lock (rank Arena); lookups go through
//! the map and take no lock. After Go 1.11 `mheap.sysAlloc`, with the mapping in steps of Go 1.14.
//!
//! ```text
//!     reservation: │ arena │ arena │ ··· │     a multiple of 64 MiB, at a hint if possible
//!                  │ grown (Prepared) │ left (Reserved) │
//! ```
#![expect(
    unsafe_code,
    reason = "implements the interface that page tables are behind"
)]
use crate::flat::{Flat, Ground};
use crate::hint::Hints;
use crate::map::Map;
use crate::meta::Linear;
use crate::stray::Strays;
use crate::{
    Addr, AddressSpace, ByteCount, GrowError, Growth, Hint, Memory, Native, Os, PAGE_SHIFT,
    PageCount, PageEntry, Persistent, Platform,
};
use core::ptr::NonNull;
use left::Left;
use sync::Mutex;
use sync::atomic::Ordering;

mod adopt;
mod bitmap;
mod config;
mod grow;
mod left;
mod release;
mod start;

pub use config::SparseConfig;

/// The sparse layout (Go 1.11 and later).
///
/// Dropping it unmaps everything: pages that it handed out, tables, metadata.
///
/// # Invariants
///
/// * I1: a map entry is published after its arena was reserved, and its arena stays reserved.
/// * I3: the tags of an arena are all in the flat table, or all in its metadata, as long as it lives.
/// * I2: every reservation is recorded in `Inner::reservations`, is one of `Inner`'s linear ones,
///   or is one of its strays.
#[derive(Debug)]
pub struct Sparse<O: Os, P: Platform = Native> {
    lookup: Lookup<P>,
    memory: Memory<O>,
    config: SparseConfig,
    inner: Mutex<Inner>,
}

/// What lookups read, in one cache line that is only written when the heap grows by an arena.
#[derive(Debug)]
#[repr(C, align(64))]
struct Lookup<P> {
    flat: Flat<P>,
    map: Map<P>,
}

/// What growth changes.
#[derive(Debug)]
struct Inner {
    hints: Hints,
    left: Left,
    persistent: Persistent,
    reservations: *mut Reservation,
    /// Metadata that a failed growth has left, linked through its first word.
    spare: *mut u8,
    /// Metadata of arenas, on platforms that reserve all of it ahead.
    linear_metadata: Option<Linear>,
    /// The first arenas, on platforms that reserve them next to the program break.
    linear_arenas: Option<Linear>,
    /// What the flat tag table stands on.
    tags: Ground,
    strays: Strays,
    /// Bytes that were handed out.
    grown: usize,
    /// Bytes of reservations that [`Sparse::release`] has given back.
    freed: usize,
}

// SAFETY: everything behind the pointers belongs to the layout.
unsafe impl Send for Inner {}

/// Record of what was reserved in one call, since some systems free no part of it.
#[derive(Clone, Copy, Debug)]
struct Reservation {
    base: NonNull<u8>,
    bytes: ByteCount,
    next: *mut Reservation,
}

impl<O: Os, P: Platform> Sparse<O, P> {
    /// The hint that the next reservation tries first, after the linear reservation if there is
    /// one. Takes the lock.
    pub fn next_hint(&self) -> Option<Hint> {
        self.inner.lock().hints.first()
    }

    /// Keeps only the first `count` hints, as Go's collision test does. Takes the lock.
    pub fn keep_hints(&self, count: usize) {
        self.inner.lock().hints.keep(count);
    }

    /// The tag of a page that the flat table does not cover.
    #[cold]
    #[inline(never)]
    fn tag_slow(&self, addr: Addr) -> u8 {
        match self.lookup.map.metadata(addr) {
            Some(metadata) => metadata.tag(addr).load(Ordering::Relaxed),
            None => 0,
        }
    }

    /// What it was made with.
    pub fn config(&self) -> SparseConfig {
        self.config
    }
}

// SAFETY: a growth is cut from a reservation once, under the lock, and entries are in persistent
// memory that goes with the layout.
unsafe impl<O: Os, P: Platform> AddressSpace for Sparse<O, P> {
    type Os = O;

    #[inline]
    fn memory(&self) -> &Memory<O> {
        &self.memory
    }

    fn grow(&self, pages: PageCount) -> Result<Growth, GrowError> {
        self.grow_locked(&mut self.inner.lock(), pages)
    }

    #[inline]
    fn entry(&self, addr: Addr) -> Option<PageEntry<'_>> {
        let metadata = self.lookup.map.metadata(addr)?;
        Some(PageEntry {
            span: metadata.span(addr),
            tag: match self.lookup.flat.tag(addr) {
                Some(tag) => tag,
                None => metadata.tag(addr),
            },
        })
    }

    #[inline]
    fn tag(&self, addr: Addr) -> u8 {
        match self.lookup.flat.tag(addr) {
            Some(tag) => tag.load(Ordering::Relaxed),
            None => self.tag_slow(addr),
        }
    }

    unsafe fn set_entries(&self, first: Addr, pages: PageCount, span: *mut (), tag: u8) {
        let (mut addr, mut left) = (first, pages.get());
        while left > 0 {
            let Some(metadata) = self.lookup.map.metadata(addr) else {
                return;
            };
            let tags = self.lookup.flat.place(addr);
            let tags = tags.unwrap_or_else(|| metadata.tag_place(addr));
            // SAFETY: an arena has all of its tags in one place or the other (I3).
            let count = unsafe { metadata.set(addr, left, tags, span, tag) };
            left -= count;
            addr = Addr::new(addr.get().wrapping_add(count << PAGE_SHIFT));
        }
    }

    fn pointer(&self, addr: Addr) -> Option<NonNull<u8>> {
        let address = core::num::NonZeroUsize::new(addr.get())?;
        let head = self.lookup.map.metadata(addr)?.head();
        Some(head.region().with_addr(address))
    }

    unsafe fn lock_for_fork(&self) {
        self.inner.lock_raw();
    }

    unsafe fn unlock_after_fork(&self) {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.inner.unlock_raw() };
    }

    unsafe fn reset_in_child(&self) {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.inner.reset_raw() };
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
