//! The arena map: from an address to the metadata of its arena, in one or two levels.
//!
//! Written under the layout's lock, read by everybody without one. An entry goes from null to its
//! metadata once and never back while the layout lives. After Go 1.11 `mheap.arenas`, `heapArena`.
//!
//! ```text
//!     address − offset:  │ L1 (0 bits on most platforms) │ L2 │ page in arena │ byte in page │
//!     metadata:          │ tag of every page │ span of every page │ Head │
//! ```
//!
//! | field | written | read |
//! |---|---|---|
//! | L1 entry, L2 entry | Release, under the lock, once | Acquire, by anybody |
//! | tag, span | Release, by the owner of the pages | by anybody |
//! | `Head` | before the entry is published | by anybody |
#![expect(unsafe_code, reason = "page tables in raw memory")]
use crate::{
    Addr, ByteCount, Category, Memory, Os, OsError, PAGE_SHIFT, PageCount, PageEntry, Persistent,
    Platform,
};
use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use sync::atomic::{AtomicPtr, AtomicU8, Ordering};

/// What is known of an arena as a whole.
#[derive(Debug)]
pub(crate) struct Head {
    /// A pointer into the reservation that the arena is part of, good for all of it.
    pub(crate) region: NonNull<u8>,
}

/// The metadata of one arena: a pointer to its first tag.
#[derive(Debug)]
pub(crate) struct Metadata<P> {
    tags: NonNull<AtomicU8>,
    platform: PhantomData<P>,
}

impl<P> Clone for Metadata<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Metadata<P> {}

impl<P: Platform> Metadata<P> {
    const SPANS_OFFSET: usize =
        (P::PAGES * size_of::<AtomicU8>()).next_multiple_of(align_of::<AtomicPtr<()>>());
    const HEAD_OFFSET: usize = (Self::SPANS_OFFSET + P::PAGES * size_of::<AtomicPtr<()>>())
        .next_multiple_of(align_of::<Head>());
    /// Bytes of one arena's metadata: 72 KiB and a head for 64 MiB.
    pub(crate) const BYTES: ByteCount = ByteCount::new(Self::HEAD_OFFSET + size_of::<Head>());
    /// Its alignment: a cache line, so that the tags of eight small spans share one.
    pub(crate) const ALIGN: ByteCount = ByteCount::new(64);

    /// Makes metadata of zeroed memory of [`Metadata::BYTES`].
    ///
    /// # Safety
    ///
    /// The memory is the caller's, zeroed, aligned, and stays mapped while the map lives.
    pub(crate) unsafe fn in_memory(at: NonNull<u8>) -> Self {
        let this = Self {
            tags: at.cast(),
            platform: PhantomData,
        };
        // SAFETY: the caller's memory has room for all tags.
        unsafe { init_entries(this.tags, P::PAGES, || AtomicU8::new(0)) };
        // SAFETY: the offset is inside the caller's memory.
        let spans = unsafe { at.add(Self::SPANS_OFFSET) }.cast::<AtomicPtr<()>>();
        // SAFETY: the caller's memory has room for all spans.
        unsafe { init_entries(spans, P::PAGES, || AtomicPtr::new(ptr::null_mut())) };
        this
    }

    fn head(self) -> NonNull<Head> {
        // SAFETY: inside the memory of `in_memory`.
        unsafe { self.tags.cast::<u8>().add(Self::HEAD_OFFSET) }.cast()
    }

    /// # Safety
    ///
    /// Not published yet.
    unsafe fn set_head(self, head: Head) {
        // SAFETY: the memory is the caller's and aligned.
        unsafe { self.head().write(head) };
    }

    /// # Safety
    ///
    /// The memory of [`Metadata::in_memory`] is mapped; `first + count` is at most the arena's
    /// pages.
    unsafe fn set(self, first: usize, count: usize, span: *mut (), tag: u8) {
        // SAFETY: the offset is inside the metadata.
        let spans = unsafe { self.tags.cast::<u8>().add(Self::SPANS_OFFSET) };
        let spans = spans.cast::<AtomicPtr<()>>();
        for page in first..first + count {
            // SAFETY: the caller's pages are the arena's.
            let entry = unsafe { place(spans, page) };
            // Release: whoever finds the span sees its header as the caller has written it.
            entry.store(span, Ordering::Release);
            // SAFETY: as above.
            let entry = unsafe { place(self.tags, page) };
            entry.store(tag, Ordering::Release);
        }
    }

    #[inline]
    fn page_in_arena(addr: Addr) -> usize {
        (addr.get() >> PAGE_SHIFT) & (P::PAGES - 1)
    }
}

/// The map itself.
///
/// # Invariants
///
/// * I1: `root` points to the only second-level table (no first level), or to the first level,
///   whose entries are null or second-level tables; tables stay mapped while the map lives.
/// * I2: a second-level entry is null or the metadata of the arena of its index, complete before
///   the entry is published, and mapped while the map lives.
#[derive(Debug)]
pub(crate) struct Map<P> {
    root: NonNull<AtomicPtr<u8>>,
    offset: usize,
    platform: PhantomData<P>,
}

// SAFETY: everything behind the pointers is atomic or immutable once published (I1, I2).
unsafe impl<P> Send for Map<P> {}
// SAFETY: as for `Send`.
unsafe impl<P> Sync for Map<P> {}

impl<P: Platform> Map<P> {
    const L2_ENTRIES: usize = 1 << P::L2_BITS;
    const ROOT_ENTRIES: usize = 1
        << if P::L1_BITS == 0 {
            P::L2_BITS
        } else {
            P::L1_BITS
        };
    const ARENAS: usize = 1 << (P::L1_BITS + P::L2_BITS);

    /// An empty map; index 0 is at `offset`.
    pub(crate) fn new<O: Os>(
        memory: &Memory<O>,
        persistent: &mut Persistent,
        offset: Addr,
    ) -> Result<Self, OsError> {
        Ok(Self {
            root: new_table(memory, persistent, Self::ROOT_ENTRIES)?,
            offset: offset.get(),
            platform: PhantomData,
        })
    }

    /// Index of the arena around this address, which may be out of the map.
    #[inline]
    pub(crate) fn index(&self, addr: Addr) -> usize {
        let offset = if P::WINDOWED {
            self.offset
        } else {
            P::BASE_OFFSET
        };
        addr.get().wrapping_sub(offset) >> P::ARENA_SHIFT
    }

    /// Is there a place in the map for this address?
    #[inline]
    pub(crate) fn covers(&self, addr: Addr) -> bool {
        self.index(addr) < Self::ARENAS
    }

    /// The second-level entry of an address; `None` outside the map or its allocated tables.
    #[inline]
    fn slot(&self, addr: Addr) -> Option<&AtomicPtr<u8>> {
        let index = self.index(addr);
        if index >= Self::ARENAS {
            return None;
        }
        if P::L1_BITS == 0 {
            // SAFETY: I1 — the table has an entry for every index below ARENAS.
            return Some(unsafe { place(self.root, index) });
        }
        let table = self.first_level(index).load(Ordering::Acquire);
        let table = NonNull::new(table)?.cast::<AtomicPtr<u8>>();
        // SAFETY: I1 — a table has L2_ENTRIES entries.
        Some(unsafe { place(table, index & (Self::L2_ENTRIES - 1)) })
    }

    /// First-level entry of an index below ARENAS, on platforms that have a first level.
    fn first_level(&self, index: usize) -> &AtomicPtr<u8> {
        // SAFETY: I1 — the first level has 2^L1_BITS entries, and the index has L1_BITS + L2_BITS.
        unsafe { place(self.root, index >> P::L2_BITS) }
    }

    /// Metadata of the arena around this address.
    #[inline]
    pub(crate) fn metadata(&self, addr: Addr) -> Option<Metadata<P>> {
        // Acquire: pairs with the Release in `publish` (model: `map/models.rs`).
        let tags = self.slot(addr)?.load(Ordering::Acquire);
        Some(Metadata {
            tags: NonNull::new(tags)?.cast(),
            platform: PhantomData,
        })
    }

    /// The tag of a page, 0 outside of every arena.
    #[inline]
    pub(crate) fn tag(&self, addr: Addr) -> u8 {
        let Some(metadata) = self.metadata(addr) else {
            return 0;
        };
        // SAFETY: I2 — metadata has a tag for every page of the arena.
        let tag = unsafe { place(metadata.tags, Metadata::<P>::page_in_arena(addr)) };
        tag.load(Ordering::Relaxed)
    }

    /// What is known of a page.
    #[inline]
    pub(crate) fn entry(&self, addr: Addr) -> Option<PageEntry<'_>> {
        let metadata = self.metadata(addr)?;
        let page = Metadata::<P>::page_in_arena(addr);
        // SAFETY: inside the metadata (I2).
        let spans = unsafe { metadata.tags.cast::<u8>().add(Metadata::<P>::SPANS_OFFSET) };
        Some(PageEntry {
            // SAFETY: I2 — metadata has a span for every page, and lives as long as `self`.
            span: unsafe { place(spans.cast::<AtomicPtr<()>>(), page) },
            // SAFETY: I2 — metadata has a tag for every page, and lives as long as `self`.
            tag: unsafe { place(metadata.tags, page) },
        })
    }

    /// A pointer good for the reservation around this address.
    pub(crate) fn region(&self, addr: Addr) -> Option<NonNull<u8>> {
        let head = self.metadata(addr)?.head();
        // SAFETY: I2 — the head is complete and does not change once published.
        Some(unsafe { head.as_ref() }.region)
    }

    /// Sets the entries of a run of pages, as far as the map knows them.
    pub(crate) fn set(&self, first: Addr, pages: PageCount, span: *mut (), tag: u8) {
        let (mut addr, mut left) = (first, pages.get());
        while left > 0 {
            let page = Metadata::<P>::page_in_arena(addr);
            let count = left.min(P::PAGES - page);
            if let Some(metadata) = self.metadata(addr) {
                // SAFETY: I2; `page + count` is at most the arena's pages.
                unsafe { metadata.set(page, count, span, tag) };
            }
            left -= count;
            addr = Addr::new(addr.get().wrapping_add(count << PAGE_SHIFT));
        }
    }

    /// Makes sure that there is a second-level table for this address, which the map covers.
    pub(crate) fn prepare<O: Os>(
        &self,
        memory: &Memory<O>,
        persistent: &mut Persistent,
        addr: Addr,
    ) -> Result<(), OsError> {
        if P::L1_BITS == 0 {
            return Ok(());
        }
        let entry = self.first_level(self.index(addr));
        if entry.load(Ordering::Relaxed).is_null() {
            let table = new_table(memory, persistent, Self::L2_ENTRIES)?;
            // Release: publishes the zeroed table; pairs with the Acquire in `slot`.
            entry.store(table.as_ptr().cast(), Ordering::Release);
        }
        Ok(())
    }

    /// Publishes the metadata of the arena at `base`, for which [`Map::prepare`] was called.
    ///
    /// # Safety
    ///
    /// The layout's lock is held; the entry is null; the metadata is the caller's; `head` is true.
    pub(crate) unsafe fn publish(&self, base: Addr, metadata: Metadata<P>, head: Head) {
        let Some(slot) = self.slot(base) else { return };
        // SAFETY: the caller has not published it.
        unsafe { metadata.set_head(head) };
        // Release: publishes the metadata; pairs with the Acquire in `metadata`.
        slot.store(metadata.tags.as_ptr().cast(), Ordering::Release);
    }
}

fn new_table<O: Os>(
    memory: &Memory<O>,
    persistent: &mut Persistent,
    entries: usize,
) -> Result<NonNull<AtomicPtr<u8>>, OsError> {
    let bytes = ByteCount::new(entries * size_of::<AtomicPtr<u8>>());
    let align = ByteCount::new(align_of::<AtomicPtr<u8>>());
    let table = persistent.alloc(memory, bytes, align, Category::Metadata)?;
    let table = table.cast();
    // SAFETY: the memory is fresh, zeroed, aligned and has room for all entries.
    unsafe { init_entries(table, entries, || AtomicPtr::new(ptr::null_mut())) };
    Ok(table)
}

/// The entry of a table.
///
/// # Safety
///
/// `table` has an entry of this index, which lives for `'a` and is only accessed atomically.
#[inline(always)]
unsafe fn place<'a, T>(table: NonNull<T>, index: usize) -> &'a T {
    // SAFETY: the caller's index is inside the table.
    let place = unsafe { table.add(index) };
    // SAFETY: the caller's entry lives for `'a`.
    unsafe { place.as_ref() }
}

/// Constructs atomics in zeroed memory, where zeroes are not one already: in models.
///
/// # Safety
///
/// The memory is the caller's, zeroed, aligned, and has room for `count` values.
unsafe fn init_entries<T>(at: NonNull<T>, count: usize, zero: impl Fn() -> T) {
    if cfg!(gomalloc_loom) {
        for index in 0..count {
            // SAFETY: the caller's memory has room for `count` values.
            let place = unsafe { at.add(index) };
            // SAFETY: as above.
            unsafe { place.write(zero()) };
        }
    }
}
