//! The contiguous layout: one block for spans, bitmap and arena, indexed by plain subtraction.
//!
//! Shared by every thread. [`Inner`] is behind the layout's lock (rank Arena); lookups read `used`
//! and one table and take no lock. After Go 1.10 `mallocinit`, `mheap.sysAlloc`, `setArenaUsed`.
//!
//! ```text
//!     │ spans │ bitmap │ arena: handed out │ reserved ······ │
//!       ──▶       ◀──    ──▶ used              end ──▶ grows by 256 MiB
//! ```
//!
//! | field | written | read |
//! |---|---|---|
//! | `used` | Release, under the lock, after the tables are mapped | Acquire, by anybody |
//! | spans, tags | Release, by the owner of the pages | by anybody, below `used` |
//! | `bitmap_mapped` | Release, under the lock | Acquire, by anybody |
#![expect(unsafe_code, reason = "tables in raw memory")]
use crate::{
    Addr, AddressSpace, ByteCount, GrowError, Growth, Memory, Native, Os, PAGE_BYTES, PAGE_SHIFT,
    PageCount, PageEntry, Platform, limits,
};
use core::marker::PhantomData;
use core::ptr::NonNull;
use ground::{Ground, Hold};
use plan::Plan;
use sync::atomic::{AtomicPtr, AtomicU8, AtomicUsize, Ordering};
use sync::{CachePadded, Mutex};
use table::Table;

mod bitmap;
mod config;
mod ground;
mod grow;

mod plan;
mod release;
mod start;
mod table;

pub use config::{ContiguousConfig, MapBitmap, Reserve};

/// The contiguous layout (Go 1.10 and earlier).
///
/// Dropping it unmaps everything: pages that it handed out, tables, metadata.
///
/// # Invariants
///
/// * I1: entries of `spans` and `tags` are mapped for every page whose offset is below `used`.
/// * I2: `used` only grows.
/// * I3: everything that is reserved is recorded in `Inner::ground`.
#[derive(Debug)]
pub struct Contiguous<O: Os, P: Platform = Native> {
    /// First byte of the span table.
    spans: NonNull<u8>,
    /// First byte of the tag table, which Go does not have.
    tags: NonNull<u8>,
    /// One past the last byte of the bitmap, which grows down from there.
    bitmap_end: NonNull<u8>,
    /// Offsets are counted from here; 0 on 32-bit platforms.
    start: usize,
    /// The first address of the arena.
    first: usize,
    /// Offset of the first address that nothing is known about; 0 before the first growth. (Go's
    /// `arena_used` begins with the arena, when no table is mapped yet.)
    used: AtomicUsize,
    /// Bytes of the bitmap that are mapped.
    bitmap_mapped: AtomicUsize,
    memory: Memory<O>,
    config: ContiguousConfig,
    inner: CachePadded<Mutex<Inner>>,
    platform: PhantomData<P>,
}

// SAFETY: what the pointers lead to is atomic, or under the lock.
unsafe impl<O: Os, P: Platform> Send for Contiguous<O, P> {}
// SAFETY: as for `Send`.
unsafe impl<O: Os, P: Platform> Sync for Contiguous<O, P> {}

/// What growth changes. Names and meanings of the addresses are Go's.
#[derive(Debug)]
struct Inner {
    /// The next address to hand out.
    alloc: usize,
    /// End of what may be handed out without another reservation.
    end: usize,
    /// Is `alloc..end` reserved, or only believed to be free?
    hold: Hold,
    /// A pointer into the reservation around `alloc`.
    around: NonNull<u8>,
    spans: Table,
    tags: Table,
    bitmap: Table,
    ground: Ground,
    /// Bytes that were handed out.
    grown: usize,
}

// SAFETY: everything behind the pointers belongs to the layout.
unsafe impl Send for Inner {}

/// The parts of a contiguous layout, as its heap and its tests see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Regions {
    /// The span table: first byte, and reserved bytes (Go `mheap.init`'s arguments).
    pub spans: (Addr, ByteCount),
    /// Bytes of it that are mapped (Go `len(spans)`, in bytes).
    pub spans_mapped: ByteCount,
    /// The bitmap: one past its last byte, and mapped bytes below.
    pub bitmap: (Addr, ByteCount),
    /// Offsets are counted from here (Go `arena_start`); 0 on 32-bit platforms.
    pub arena_start: Addr,
    /// End of what readers may ask about (Go `arena_used`).
    pub arena_used: Addr,
    /// The next address to hand out (Go `arena_alloc`).
    pub arena_alloc: Addr,
    /// End of what can be handed out without another reservation (Go `arena_end`).
    pub arena_end: Addr,
    /// Is it reserved, or only believed to be free (Go `arena_reserved`)?
    pub is_reserved: bool,
}

impl<O: Os, P: Platform> Contiguous<O, P> {
    /// Bytes of an entry of the span table.
    const SPAN_BYTES: usize = if limits::ZERO_IS_AN_ATOMIC {
        P::POINTER_BYTES
    } else {
        size_of::<AtomicPtr<()>>()
    };
    /// Bytes of an entry of the tag table, or of the bitmap.
    const TAG_BYTES: usize = size_of::<AtomicU8>();

    /// The parts. Takes the lock.
    pub fn regions(&self) -> Regions {
        let inner = self.inner.lock();
        let unit = self.memory.page_size().get().max(PAGE_BYTES);
        let plan = Plan::<P>::new(unit, Self::SPAN_BYTES);
        let used = self.used.load(Ordering::Relaxed);
        Regions {
            spans: (Addr::of(self.spans.as_ptr()), ByteCount::new(plan.spans)),
            spans_mapped: inner.spans.mapped(),
            bitmap: (Addr::of(self.bitmap_end.as_ptr()), inner.bitmap.mapped()),
            arena_start: Addr::new(self.start),
            arena_used: Addr::new((self.start + used).max(self.first)),
            arena_alloc: Addr::new(inner.alloc),
            arena_end: Addr::new(inner.end),
            is_reserved: inner.hold == Hold::Reserved,
        }
    }

    /// What it was made with.
    pub fn config(&self) -> ContiguousConfig {
        self.config
    }

    /// Index of the page around an address; `None` outside of what was handed out.
    #[inline]
    fn index(&self, addr: Addr) -> Option<usize> {
        let offset = addr.get().wrapping_sub(self.start);
        // Acquire: pairs with the Release in `publish` (model: `contiguous/models.rs`).
        (offset < self.used.load(Ordering::Acquire)).then_some(offset >> PAGE_SHIFT)
    }

    /// The entry of a page in the span table.
    ///
    /// # Safety
    ///
    /// [`Contiguous::index`] returned the index.
    #[inline]
    unsafe fn span_at(&self, index: usize) -> &AtomicPtr<()> {
        let place = self.spans.as_ptr().wrapping_add(index * Self::SPAN_BYTES);
        // SAFETY: I1 — the entry is mapped; it is aligned, lives as long as the layout, and is only
        // accessed atomically.
        unsafe { self.entry_at(place) }
    }

    /// The entry of a page in the tag table.
    ///
    /// # Safety
    ///
    /// [`Contiguous::index`] returned the index.
    #[inline]
    unsafe fn tag_at(&self, index: usize) -> &AtomicU8 {
        let place = self.tags.as_ptr().wrapping_add(index * Self::TAG_BYTES);
        // SAFETY: I1 — as in `span_at`.
        unsafe { self.entry_at(place) }
    }

    /// # Safety
    ///
    /// A `T` that is only accessed atomically is mapped there, and lives as long as the layout.
    #[inline]
    unsafe fn entry_at<T>(&self, place: *mut u8) -> &T {
        // SAFETY: tables do not begin at address 0, and do not wrap.
        let place = unsafe { NonNull::new_unchecked(place) };
        let place = self
            .memory
            .os()
            .backing(place, ByteCount::new(size_of::<T>()));
        // SAFETY: the caller's duty.
        unsafe { place.cast().as_ref() }
    }
}

// SAFETY: a growth is cut from the arena once, under the lock, and entries are in tables that go
// with the layout.
unsafe impl<O: Os, P: Platform> AddressSpace for Contiguous<O, P> {
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
        let index = self.index(addr)?;
        Some(PageEntry {
            // SAFETY: `index` returned it.
            span: unsafe { self.span_at(index) },
            // SAFETY: `index` returned it.
            tag: unsafe { self.tag_at(index) },
        })
    }

    #[inline]
    fn tag(&self, addr: Addr) -> u8 {
        match self.index(addr) {
            // SAFETY: `index` returned it.
            Some(index) => unsafe { self.tag_at(index) }.load(Ordering::Relaxed),
            None => 0,
        }
    }

    unsafe fn set_entries(&self, first: Addr, pages: PageCount, span: *mut (), tag: u8) {
        let Some(first) = self.index(first) else {
            return;
        };
        for index in first..first.saturating_add(pages.get()) {
            // SAFETY: the caller's pages were handed out, so their indices are below `used`.
            let entry = unsafe { self.span_at(index) };
            // Release: whoever finds the span sees its header as the caller has written it.
            entry.store(span, Ordering::Release);
            // SAFETY: as above.
            let entry = unsafe { self.tag_at(index) };
            entry.store(tag, Ordering::Release);
        }
    }

    fn pointer(&self, addr: Addr) -> Option<NonNull<u8>> {
        self.index(addr)?;
        self.inner.lock().ground.pointer(addr)
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

#[cfg(all(test, gomalloc_loom))]
mod models;
#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
