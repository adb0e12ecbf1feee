//! The flat tag table: tags of the window in which the heap began, found by one subtraction.
//!
//! Grown under the layout's lock, read by everybody without one. A heap rarely leaves the window
//! around its first arena (512 GiB on 64-bit systems, everything on 32-bit ones), so the lookup on
//! the path of a free needs neither level of the arena map. Go has no such table; it has no free
//! either.
//!
//! | field | written | read |
//! |---|---|---|
//! | `base`, `tags` | once, under the lock, before `used` is not 0 | after `used`, by anybody |
//! | `used` | Release, under the lock, after the table is mapped that far | Acquire, by anybody |
//! | a tag | Release, by the owner of the page | by anybody |
#![expect(unsafe_code, reason = "a table of atomics in raw memory")]
use crate::meta::{Backed, Linear};
use crate::{Addr, ByteCount, Category, Memory, Os, OsError, PAGE_SHIFT, Platform, limits};
use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use sync::atomic::{AtomicPtr, AtomicU8, AtomicUsize, Ordering};

/// The readers' side.
///
/// # Invariants
///
/// * I1: pages whose offset from `base` is below `used` have a tag at `tags`, mapped while the
///   layout lives.
/// * I2: an arena inside the window is covered before it is published in the map, or never.
#[derive(Debug)]
pub(crate) struct Flat<P> {
    base: AtomicUsize,
    used: AtomicUsize,
    tags: AtomicPtr<AtomicU8>,
    platform: PhantomData<P>,
}

/// The writers' side.
#[derive(Debug)]
pub(crate) enum Ground {
    /// Nothing was reserved yet.
    Undecided,
    /// There is no room for the table: every tag is with its arena.
    Without,
    /// The table's reservation.
    At(Linear),
}

impl<P: Platform> Flat<P> {
    const TAG_BYTES: usize = size_of::<AtomicU8>();
    /// Bytes of the table: one tag for each page of the window.
    const TABLE: usize = (1 << (P::TOTAL_BITS - PAGE_SHIFT)) * Self::TAG_BYTES;
    /// The last offset of the window.
    const LAST: usize = if P::TOTAL_BITS == usize::BITS {
        usize::MAX
    } else {
        (1 << P::TOTAL_BITS) - 1
    };

    /// A table that covers nothing.
    pub(crate) fn new() -> Self {
        Self {
            base: AtomicUsize::new(0),
            used: AtomicUsize::new(0),
            tags: AtomicPtr::new(ptr::null_mut()),
            platform: PhantomData,
        }
    }

    /// The tag of a page; `None` if its tag is with its arena, or if it has none.
    #[inline]
    pub(crate) fn tag(&self, addr: Addr) -> Option<&AtomicU8> {
        // SAFETY: I1 — `place` returned it, and it is only accessed atomically.
        Some(unsafe { self.place(addr)?.as_ref() })
    }

    /// Where the tag of a page is, and those of the pages after it in the same arena.
    #[inline]
    pub(crate) fn place(&self, addr: Addr) -> Option<NonNull<AtomicU8>> {
        // Acquire: pairs with the Release in `cover`; base and tags were written before.
        let used = self.used.load(Ordering::Acquire);
        let offset = addr.get().wrapping_sub(self.base.load(Ordering::Relaxed));
        if offset >= used {
            return None;
        }
        let tags = self.tags.load(Ordering::Relaxed);
        // SAFETY: I1 — there are as many tags.
        let place = unsafe { tags.add(offset >> PAGE_SHIFT) };
        // SAFETY: I1 — inside the table.
        Some(unsafe { NonNull::new_unchecked(place) })
    }

    /// Reserves the table, before the first arena is: behind it, it would be in the way of the next.
    pub(crate) fn reserve<O: Os>(&self, memory: &Memory<O>, ground: &mut Ground) {
        let bytes = ByteCount::new(Self::TABLE).align_up(memory.page_size());
        let reserved = bytes.map(|bytes| (memory.reserve(None, bytes), bytes));
        *ground = Ground::Without;
        if let Some((Ok(at), bytes)) = reserved {
            let tags = memory.os().backing(at, bytes);
            self.tags.store(tags.cast().as_ptr(), Ordering::Relaxed);
            let backed = Backed::Mapped(Category::Metadata);
            *ground = Ground::At(Linear::new(at, bytes, backed));
        }
    }

    /// Makes sure that the tags of arenas in the window are mapped. The first call chooses the
    /// window, which begins at `window`.
    ///
    /// # Errors
    ///
    /// What the system answers to the mapping; the arenas must not be published.
    pub(crate) fn cover<O: Os>(
        &self,
        memory: &Memory<O>,
        ground: &mut Ground,
        window: Addr,
        arenas: (Addr, ByteCount),
    ) -> Result<(), OsError> {
        let Ground::At(linear) = ground else {
            return Ok(());
        };
        if self.used.load(Ordering::Relaxed) == 0 {
            self.base.store(window.get(), Ordering::Relaxed);
        }
        let base = self.base.load(Ordering::Relaxed);
        let first = arenas.0.get().wrapping_sub(base);
        let last = first.saturating_add(arenas.1.get() - 1);
        if arenas.0.get() < base || first > Self::LAST {
            return Ok(());
        }
        // A region may reach over the window's end with whole arenas, whose tags are with them.
        let last = last.min(Self::LAST);
        let used = self.used.load(Ordering::Relaxed);
        if last < used {
            return Ok(());
        }
        let fresh = (last >> PAGE_SHIFT) + 1 - (used >> PAGE_SHIFT);
        let bytes = ByteCount::new(fresh * Self::TAG_BYTES);
        let align = ByteCount::new(align_of::<AtomicU8>());
        let Some(at) = linear.alloc(memory, bytes, align)? else {
            return Ok(());
        };
        if !limits::ZERO_IS_AN_ATOMIC {
            // SAFETY: mapped just now for as many tags.
            unsafe { crate::map::init_entries(at.cast(), fresh, || AtomicU8::new(0)) };
        }
        // Release: publishes the mapped tags; pairs with the Acquire in `place`.
        self.used.store(last.saturating_add(1), Ordering::Release);
        Ok(())
    }

    /// Covers nothing any more.
    pub(crate) fn close(&mut self) {
        self.used.store(0, Ordering::Relaxed);
    }
}

impl Ground {
    /// Gives the table back and does without from now on. False if the system refused.
    ///
    /// # Safety
    ///
    /// Nothing is covered ([`Flat::close`] was called, or [`Flat::cover`] was not), and nothing
    /// refers to any tag.
    pub(crate) unsafe fn release<O: Os>(&mut self, memory: &Memory<O>) -> bool {
        if let Self::At(linear) = self {
            // SAFETY: the caller's duty is the call's.
            if unsafe { linear.release(memory) }.is_err() {
                return false;
            }
        }
        *self = Self::Without;
        true
    }
}
