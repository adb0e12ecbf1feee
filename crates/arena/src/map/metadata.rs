//! The metadata of one arena: what is known of its pages and of itself.
//!
//! Made by the layout under its lock, before the arena's entry in the map is published; afterwards
//! every field is atomic or constant. After Go 1.11 `heapArena`.
//!
//! ```text
//!     │ tag of every page │ span of every page │ Head │ bitmap (32-bit platforms) │
//! ```
//!
//! Tags come first, so that the lookup on the path of a free adds nothing but the page's number.
//! The bitmap lies inside where Go has it and where address space is reserved for all arenas
//! anyway; elsewhere it is mapped apart when it is first used, 2 MiB for 64 MiB.
#![expect(unsafe_code, reason = "page tables in raw memory")]
use crate::{Addr, ByteCount, PAGE_SHIFT, Platform, limits};
use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use sync::atomic::{AtomicPtr, AtomicU8, Ordering};
use sync::cell::UnsafeCell;

/// What is known of an arena as a whole.
#[derive(Debug)]
pub(crate) struct Head {
    /// A pointer into the reservation that the arena is part of, good for all of it. Written once,
    /// before the arena is published; a cell, so that models see who reads it too early.
    region: UnsafeCell<NonNull<u8>>,
    /// Two bits for each word of the arena; null until somebody wants them.
    pub(crate) bitmap: AtomicPtr<u8>,
}

impl Head {
    /// A pointer good for the reservation that the arena is part of.
    pub(crate) fn region(&self) -> NonNull<u8> {
        // SAFETY: written before the arena was published, and never again.
        self.region.with(|region| unsafe { *region })
    }
}

/// A pointer to the metadata of one arena.
///
/// # Invariants
///
/// * I1: it points to tags, spans and a head as drawn above, which live as long as the map.
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
    /// Bytes of the bitmap of an arena.
    pub(crate) const BITMAP_BYTES: usize = {
        let bytes = P::ARENA.get() / (4 * P::POINTER_BYTES);
        assert!(
            bytes.is_power_of_two(),
            "heapArenaBitmapBytes not a power of 2"
        );
        bytes
    };

    const SPANS_OFFSET: usize =
        (P::PAGES * size_of::<AtomicU8>()).next_multiple_of(align_of::<AtomicPtr<()>>());
    const HEAD_OFFSET: usize = (Self::SPANS_OFFSET + P::PAGES * size_of::<AtomicPtr<()>>())
        .next_multiple_of(align_of::<Head>());
    const BITMAP_OFFSET: usize = Self::HEAD_OFFSET + size_of::<Head>();
    const END: usize = if P::LINEAR {
        Self::BITMAP_OFFSET + Self::BITMAP_BYTES
    } else {
        Self::BITMAP_OFFSET
    };

    /// Bytes of one arena's metadata: 72 KiB and a head for 64 MiB.
    pub(crate) const BYTES: ByteCount = ByteCount::new(Self::END);

    /// Bytes of one arena's metadata in the platform's own words: a bitmap of 256 KiB, spans of
    /// 2 KiB (these are Go's 258 KiB), tags of 512 bytes and 64 bytes for the head.
    pub(crate) const LINEAR_BYTES: ByteCount = {
        let bytes = Self::BITMAP_BYTES + P::PAGES * P::POINTER_BYTES + P::PAGES + 64;
        let scale = size_of::<usize>().div_ceil(P::POINTER_BYTES);
        assert!(
            !P::LINEAR || !limits::ZERO_IS_AN_ATOMIC || Self::END <= bytes * scale,
            "metadata does not fit the platform's reservation"
        );
        ByteCount::new(bytes)
    };

    /// Its alignment: a cache line.
    pub(crate) const ALIGN: ByteCount = ByteCount::new(64);

    /// Makes metadata of zeroed memory.
    ///
    /// # Safety
    ///
    /// `at` has [`Metadata::BYTES`], is the caller's, zeroed, aligned, and stays mapped while the
    /// map lives.
    pub(crate) unsafe fn in_memory(at: NonNull<u8>, region: NonNull<u8>) -> Self {
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
        let bitmap = if P::LINEAR {
            // SAFETY: the offset is inside the caller's memory.
            unsafe { at.add(Self::BITMAP_OFFSET) }.as_ptr()
        } else {
            ptr::null_mut()
        };
        let head = Head {
            region: UnsafeCell::new(region),
            bitmap: AtomicPtr::new(bitmap),
        };
        // SAFETY: nobody else has it. In a model, this is the write that readers must come after.
        head.region.with_mut(|place| unsafe { *place = region });
        // SAFETY: the offset is inside the caller's memory.
        let place = unsafe { at.add(Self::HEAD_OFFSET) }.cast::<Head>();
        // SAFETY: the place is aligned and the caller's.
        unsafe { place.write(head) };
        this
    }

    /// The metadata that a map entry points to.
    ///
    /// # Safety
    ///
    /// [`Metadata::as_ptr`] of finished metadata gave the pointer.
    #[inline]
    pub(crate) unsafe fn from_ptr(tags: NonNull<u8>) -> Self {
        Self {
            tags: tags.cast(),
            platform: PhantomData,
        }
    }

    /// What a map entry holds.
    pub(crate) fn as_ptr(self) -> *mut u8 {
        self.tags.cast().as_ptr()
    }

    /// The tag of the page around an address of this arena.
    #[inline]
    pub(crate) fn tag<'a>(self, addr: Addr) -> &'a AtomicU8 {
        // SAFETY: I1 — there is a tag for every page.
        unsafe { place(self.tags, Self::page_in_arena(addr)) }
    }

    /// The span of the page around an address of this arena.
    #[inline]
    pub(crate) fn span<'a>(self, addr: Addr) -> &'a AtomicPtr<()> {
        // SAFETY: I1 — inside the metadata.
        let spans = unsafe { self.tags.cast::<u8>().add(Self::SPANS_OFFSET) };
        // SAFETY: I1 — there is a span for every page.
        unsafe { place(spans.cast(), Self::page_in_arena(addr)) }
    }

    /// What is known of the arena.
    pub(crate) fn head<'a>(self) -> &'a Head {
        // SAFETY: I1 — inside the metadata.
        let head = unsafe { self.tags.cast::<u8>().add(Self::HEAD_OFFSET) };
        // SAFETY: I1 — written by `in_memory`, and not exclusively borrowed by anybody.
        unsafe { place(head.cast(), 0) }
    }

    /// Sets the entries of up to `count` pages from `first` on, as far as this arena goes; how many
    /// these are.
    ///
    /// # Safety
    ///
    /// `tags` is the place of the first page's tag, followed by those of the arena's other pages.
    pub(crate) unsafe fn set(
        self,
        first: Addr,
        count: usize,
        tags: NonNull<AtomicU8>,
        span: *mut (),
        tag: u8,
    ) -> usize {
        let page = Self::page_in_arena(first);
        let count = count.min(P::PAGES - page);
        // SAFETY: I1 — inside the metadata.
        let spans = unsafe { self.tags.cast::<u8>().add(Self::SPANS_OFFSET) };
        // SAFETY: I1, and `page` is below PAGES.
        let spans = unsafe { spans.cast::<AtomicPtr<()>>().add(page) };
        for index in 0..count {
            // SAFETY: I1, and `page + index` is below PAGES.
            let entry = unsafe { place(spans, index) };
            // Release: whoever finds the span sees its header as the caller has written it.
            entry.store(span, Ordering::Release);
            // SAFETY: as above, and the caller's tags.
            let entry = unsafe { place(tags, index) };
            entry.store(tag, Ordering::Release);
        }
        count
    }

    /// Where the tag of a page is, and those of the pages after it.
    pub(crate) fn tag_place(self, addr: Addr) -> NonNull<AtomicU8> {
        NonNull::from(self.tag(addr))
    }

    /// Number of the page around an address, in its arena.
    #[inline]
    pub(crate) const fn page_in_arena(addr: Addr) -> usize {
        (addr.get() >> PAGE_SHIFT) & (P::PAGES - 1)
    }
}

/// The entry of a table.
///
/// # Safety
///
/// `table` has an entry of this index, which lives for `'a` and is only accessed atomically, or not
/// written any more.
#[inline(always)]
pub(super) unsafe fn place<'a, T>(table: NonNull<T>, index: usize) -> &'a T {
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
pub(crate) unsafe fn init_entries<T>(at: NonNull<T>, count: usize, zero: impl Fn() -> T) {
    if !limits::ZERO_IS_AN_ATOMIC {
        for index in 0..count {
            // SAFETY: the caller's memory has room for `count` values.
            let place = unsafe { at.add(index) };
            // SAFETY: as above.
            unsafe { place.write(zero()) };
        }
    }
}
