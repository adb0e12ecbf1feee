//! The sparse layout: arenas wherever the system has room, found through the arena map.
//!
//! Shared by every thread. [`Inner`] is behind the layout's lock (rank Arena); lookups go through
//! the map and take no lock. After Go 1.11 `mheap.sysAlloc`, with the mapping in steps of Go 1.14.
//!
//! ```text
//!     reservation: │ arena │ arena │ ··· │     a multiple of 64 MiB, at a hint if possible
//!                  │ grown (Prepared) │ left (Reserved) │
//! ```
#![expect(unsafe_code, reason = "reserves, maps and publishes memory")]
use crate::hint::Hints;
use crate::map::Map;
use crate::{
    Addr, AddressSpace, ByteCount, Direction, GrowError, Growth, Hint, LayoutError, Memory, Native,
    Os, PageCount, PageEntry, Persistent, Platform, Usage,
};
use core::ptr::NonNull;
use left::Left;
use sync::{Mutex, Rank};

mod grow;
mod left;

/// What a sparse layout is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SparseConfig {
    /// How many of the platform's hints are used, from the first on.
    pub hints: usize,
    /// By how much the mapped part grows at least; rounded to system pages, at most an arena.
    pub step: ByteCount,
}

impl Default for SparseConfig {
    fn default() -> Self {
        Self {
            hints: usize::MAX,
            step: ByteCount::new(crate::limits::GROWTH_STEP_BYTES),
        }
    }
}

/// The sparse layout (Go 1.11 and later).
///
/// Dropping it unmaps everything: pages that it handed out, tables, metadata.
///
/// # Invariants
///
/// * I1: a map entry is published after its arena was reserved, and its arena stays reserved.
/// * I2: every reservation is recorded in `Inner::reservations`.
#[derive(Debug)]
pub struct Sparse<O: Os, P: Platform = Native> {
    map: Map<P>,
    memory: Memory<O>,
    step: ByteCount,
    inner: Mutex<Inner>,
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
    /// Bytes that were handed out.
    grown: usize,
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

impl<O: Os> Sparse<O> {
    /// A layout for the platform of this build. Reserves nothing but the tables.
    ///
    /// # Errors
    ///
    /// The page sizes are not usable, or there is no memory for the tables.
    pub fn new(os: O, config: SparseConfig) -> Result<Self, LayoutError> {
        Self::for_platform(os, config)
    }
}

impl<O: Os, P: Platform> Sparse<O, P> {
    /// A layout for the platform `P`. Reserves nothing but the tables.
    ///
    /// # Errors
    ///
    /// As [`Sparse::new`]; for a platform with a window also one that does not fit.
    pub fn for_platform(os: O, config: SparseConfig) -> Result<Self, LayoutError> {
        let memory = Memory::new(os)?;
        let offset = Self::offset(&memory)?;
        let mut persistent = Persistent::new();
        let map = match Map::new(&memory, &mut persistent, offset) {
            Ok(map) => map,
            Err(error) => {
                // SAFETY: nothing that it handed out is left.
                unsafe { persistent.release(&memory) };
                return Err(LayoutError::ArenaMap(error));
            }
        };
        let step = config
            .step
            .get()
            .clamp(memory.page_size().get(), P::ARENA.get());
        let hints = (0..config.hints).map_while(P::hint);
        Ok(Self {
            map,
            memory,
            step: ByteCount::new(step.next_power_of_two().min(P::ARENA.get())),
            inner: Mutex::new(
                Rank::Arena,
                Inner {
                    hints: Hints::in_order(hints),
                    left: Left::new(),
                    persistent,
                    reservations: core::ptr::null_mut(),
                    spare: core::ptr::null_mut(),
                    grown: 0,
                },
            ),
        })
    }

    /// Address of index 0.
    fn offset(memory: &Memory<O>) -> Result<Addr, LayoutError> {
        if !P::WINDOWED {
            return Ok(Addr::new(P::BASE_OFFSET));
        }
        let (base, bytes) = memory.os().window().ok_or(LayoutError::NoWindow)?;
        if bytes.get() > 1 << P::ADDRESS_BITS || !base.is_aligned(P::ARENA) {
            return Err(LayoutError::BadWindow { base, bytes });
        }
        Ok(base)
    }

    /// The hint that the next reservation tries first.
    pub fn next_hint(&self) -> Option<Hint> {
        self.inner.lock().hints.first()
    }

    /// Keeps only the first `count` hints, as Go's collision test does.
    pub fn keep_hints(&self, count: usize) {
        self.inner.lock().hints.keep(count);
    }

    /// Where the next hint's region would end or start: the address next to what is taken.
    pub fn next_address(&self, bytes: ByteCount) -> Option<Addr> {
        let hint = self.next_hint()?;
        match hint.direction {
            Direction::Up => Some(hint.addr),
            Direction::Down => hint.addr.checked_sub(bytes),
        }
    }

    /// Unmaps everything that the layout holds and says what the accounts hold then: zero, unless
    /// metadata that others allocated over [`AddressSpace::memory`] is still there.
    ///
    /// # Safety
    ///
    /// Nothing refers to any page, entry or metadata, and nothing but `drop` follows.
    pub unsafe fn release(&mut self) -> Usage {
        let inner = self.inner.get_mut();
        let mut next = inner.reservations;
        let mut reserved = 0;
        while !next.is_null() {
            // SAFETY: records lie in persistent memory, which goes after them.
            let reservation = unsafe { next.read() };
            // SAFETY: ours (I2), and the caller says that nothing refers to it.
            unsafe { self.memory.forget(reservation.base, reservation.bytes) };
            reserved += reservation.bytes.get();
            next = reservation.next;
        }
        inner.reservations = core::ptr::null_mut();
        inner.left = Left::new();
        let grown = core::mem::take(&mut inner.grown);
        // SAFETY: the caller says that nothing refers to tables and metadata.
        unsafe { inner.persistent.release(&self.memory) };
        self.memory
            .close(ByteCount::new(grown), ByteCount::new(reserved - grown));
        self.memory.usage()
    }
}

impl<O: Os, P: Platform> Drop for Sparse<O, P> {
    fn drop(&mut self) {
        // SAFETY: entries and pages live as long as the layout (trait contract).
        unsafe { self.release() };
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
        self.map.entry(addr)
    }

    #[inline]
    fn tag(&self, addr: Addr) -> u8 {
        self.map.tag(addr)
    }

    unsafe fn set_entries(&self, first: Addr, pages: PageCount, span: *mut (), tag: u8) {
        self.map.set(first, pages, span, tag);
    }

    fn pointer(&self, addr: Addr) -> Option<NonNull<u8>> {
        let address = core::num::NonZeroUsize::new(addr.get())?;
        Some(self.map.region(addr)?.with_addr(address))
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
