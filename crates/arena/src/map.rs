//! The arena map: from an address to the metadata of its arena, in one or two levels.
//!
//! Written under the layout's lock, read by everybody without one. An entry goes from null to its
//! metadata once and never back while the layout lives. After Go 1.11 `mheap.arenas`.
//!
//! ```text
//!     address − offset:  │ L1 (0 bits on most platforms) │ L2 │ page in arena │ byte in page │
//! ```
//!
//! | field | written | read |
//! |---|---|---|
//! | L1 entry, L2 entry | Release, under the lock, once | Acquire, by anybody |
//! | tag, span | Release, by the owner of the pages | by anybody |
//! | `Head` | before the entry is published | by anybody |
#![expect(unsafe_code, reason = "page tables in raw memory")]
use crate::{Addr, ByteCount, Category, Memory, Os, OsError, Persistent, Platform};
use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use metadata::place;
use sync::atomic::{AtomicPtr, Ordering};

mod metadata;

pub(crate) use metadata::{Metadata, init_entries};

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

    /// Index of the arena around this address, which may be out of the map (Go `arenaIndex`).
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
        // Acquire: pairs with the Release in `prepare`.
        let table = self.first_level(index).load(Ordering::Acquire);
        let table = NonNull::new(table)?.cast::<AtomicPtr<u8>>();
        // SAFETY: I1 — a table has L2_ENTRIES entries.
        Some(unsafe { place(table, index & (Self::L2_ENTRIES - 1)) })
    }

    /// First-level entry of an index below ARENAS, on platforms that have a first level.
    #[inline]
    fn first_level(&self, index: usize) -> &AtomicPtr<u8> {
        // SAFETY: I1 — the first level has 2^L1_BITS entries, and the index has L1_BITS + L2_BITS.
        unsafe { place(self.root, index >> P::L2_BITS) }
    }

    /// Metadata of the arena around this address.
    #[inline]
    pub(crate) fn metadata(&self, addr: Addr) -> Option<Metadata<P>> {
        // Acquire: pairs with the Release in `publish` (model: `map/models.rs`).
        let metadata = self.slot(addr)?.load(Ordering::Acquire);
        // SAFETY: I2.
        Some(unsafe { Metadata::from_ptr(NonNull::new(metadata)?) })
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
    /// The layout's lock is held; the entry is null; the metadata is complete and lives as long as
    /// the map.
    pub(crate) unsafe fn publish(&self, base: Addr, metadata: Metadata<P>) {
        if let Some(slot) = self.slot(base) {
            // Release: publishes the metadata; pairs with the Acquire in `metadata`.
            slot.store(metadata.as_ptr(), Ordering::Release);
        }
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

#[cfg(all(test, gomalloc_loom))]
mod models;
#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
