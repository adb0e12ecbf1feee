//! A stand-in on `std::alloc`: one block as the whole address space, for Miri, loom and tests.
//!
//! Shared by the threads of a test; a mutex protects the table of page states. Every transition is
//! checked, so a layout that skips one fails its tests. Reservations come from one block, so
//! neighbours share a provenance, as neighbours in a real address space do in practice. What
//! [`Os::alloc`] returns are blocks of their own, whose leaks Miri reports.
//!
//! The system allocator is used directly, never the global one: the host may be what a global
//! allocator stands on.
#![expect(unsafe_code, reason = "hands out memory of the system allocator")]
use super::{Os, zeroed};
use crate::{Addr, ByteCount, GuardMethod, Reason, limits};
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;
use std::alloc::System;
use std::sync::{Mutex, PoisonError};

/// The page of this pretended system.
const PAGE_BYTES: usize = 4096;

/// Alignment of the block: an arena of the window platform, so that no arena is wasted.
const BLOCK_ALIGN: usize = 1 << limits::WINDOW_ARENA_SHIFT;

/// What `unused` leaves behind: nobody may count on zeroes there.
const LOST: u8 = 0xdb;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum State {
    None = 0,
    Reserved,
    Prepared,
    Ready,
    Guarded,
}

/// One block of the system allocator, pretending to be an address space.
///
/// # Panics
///
/// Its calls panic on a transition that the state machine does not have.
///
/// # Invariants
///
/// * I1: `block` is a live allocation of `bytes` bytes, and `states` of one [`State`] per page.
#[derive(Debug)]
pub struct Host {
    block: NonNull<u8>,
    bytes: usize,
    states: Mutex<NonNull<State>>,
}

// SAFETY: the block is plain memory of the process; the states are reached under the mutex.
unsafe impl Send for Host {}
// SAFETY: as for `Send`.
unsafe impl Sync for Host {}

impl Host {
    /// A window of the default size: 8 arenas (512 MiB; 32 MiB under Miri).
    ///
    /// # Panics
    ///
    /// If the system allocator has no such block.
    #[must_use]
    pub fn new() -> Self {
        Self::with_window(ByteCount::new(limits::HOST_WINDOW_BYTES))
    }

    /// A window of this size, rounded up to an arena.
    ///
    /// # Panics
    ///
    /// If the system allocator has no such block.
    #[must_use]
    pub fn with_window(bytes: ByteCount) -> Self {
        let bytes = bytes
            .align_up(ByteCount::new(BLOCK_ALIGN))
            .expect("a window is no larger than the address space")
            .get();
        // SAFETY: the layout is not empty.
        let block = unsafe { System.alloc(Self::block_layout(bytes)) };
        // SAFETY: the layout is not empty. Zero is `State::None`.
        let states = unsafe { System.alloc_zeroed(Self::states_layout(bytes)) };
        Self {
            block: NonNull::new(block).expect("memory for the window"),
            bytes,
            states: Mutex::new(NonNull::new(states).expect("memory for its states").cast()),
        }
    }

    fn block_layout(bytes: usize) -> Layout {
        Layout::from_size_align(bytes, BLOCK_ALIGN).expect("a window is a valid layout")
    }

    fn states_layout(bytes: usize) -> Layout {
        Layout::array::<State>(bytes / PAGE_BYTES).expect("a table of bytes is a valid layout")
    }

    fn with_states<R>(&self, f: impl FnOnce(&mut [State]) -> R) -> R {
        let states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: I1; the mutex is held, so this is the only reference.
        f(unsafe { core::slice::from_raw_parts_mut(states.as_ptr(), self.bytes / PAGE_BYTES) })
    }

    /// The pages of a range of the window.
    fn pages(&self, at: NonNull<u8>, bytes: ByteCount) -> core::ops::Range<usize> {
        let offset = at.addr().get() - self.block.addr().get();
        assert!(
            offset.is_multiple_of(PAGE_BYTES) && bytes.get().is_multiple_of(PAGE_BYTES),
            "unaligned range: {bytes} bytes at {at:?}"
        );
        assert!(!bytes.is_zero(), "empty range at {at:?}");
        assert!(bytes.get() <= self.bytes - offset, "past the window");
        offset / PAGE_BYTES..(offset + bytes.get()) / PAGE_BYTES
    }

    fn contains(&self, at: NonNull<u8>) -> bool {
        at.addr().get().wrapping_sub(self.block.addr().get()) < self.bytes
    }

    fn change(&self, at: NonNull<u8>, bytes: ByteCount, from: &[State], to: State) {
        let pages = self.pages(at, bytes);
        self.with_states(|states| {
            for state in &mut states[pages] {
                assert!(from.contains(state), "{state:?} → {to:?} at {at:?}");
                *state = to;
            }
        });
    }

    fn fill(at: NonNull<u8>, bytes: ByteCount, value: u8) {
        // SAFETY: the callers own the range of the block, which is plain memory (I1).
        unsafe { at.as_ptr().write_bytes(value, bytes.get()) };
    }
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let states = self
            .states
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        // SAFETY: I1, and the value is going away.
        unsafe { System.dealloc(states.as_ptr().cast(), Self::states_layout(self.bytes)) };
        // SAFETY: I1, and the value is going away.
        unsafe { System.dealloc(self.block.as_ptr(), Self::block_layout(self.bytes)) };
    }
}

// SAFETY: a reserved range is marked under the mutex and not given out again before it is freed;
// `map` and `alloc` clear.
unsafe impl Os for Host {
    const PROTECTS: bool = false;

    fn page_size(&self) -> usize {
        PAGE_BYTES
    }

    fn window(&self) -> Option<(Addr, ByteCount)> {
        Some((Addr::of(self.block.as_ptr()), ByteCount::new(self.bytes)))
    }

    fn alloc(&self, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        zeroed::alloc(bytes.get(), PAGE_BYTES).ok_or(Reason::OutOfMemory)
    }

    fn reserve(&self, hint: Option<Addr>, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        let wanted = bytes.get().div_ceil(PAGE_BYTES);
        let hinted = hint
            .map(|hint| hint.get().wrapping_sub(self.block.addr().get()))
            .filter(|offset| offset.is_multiple_of(PAGE_BYTES))
            .map(|offset| offset / PAGE_BYTES);
        let first = self.with_states(|states| {
            let first = hinted
                .filter(|&first| is_free(states, first, wanted))
                .or_else(|| first_fit(states, wanted))?;
            states[first..first + wanted].fill(State::Reserved);
            Some(first)
        });
        let first = first.ok_or(Reason::OutOfMemory)?;
        // SAFETY: the pages are inside the block (I1).
        Ok(unsafe { self.block.add(first * PAGE_BYTES) })
    }

    unsafe fn map(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        self.change(at, bytes, &[State::Reserved], State::Prepared);
        Self::fill(at, bytes, 0);
        Ok(())
    }

    unsafe fn used(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        self.change(at, bytes, &[State::Prepared, State::Ready], State::Ready);
        Ok(())
    }

    unsafe fn unused(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        self.change(at, bytes, &[State::Prepared, State::Ready], State::Prepared);
        Self::fill(at, bytes, LOST);
        Ok(())
    }

    unsafe fn fault(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        self.change(at, bytes, &[State::Prepared, State::Ready], State::Reserved);
        Ok(())
    }

    unsafe fn free(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        if self.contains(at) {
            let owned = [
                State::Reserved,
                State::Prepared,
                State::Ready,
                State::Guarded,
            ];
            self.change(at, bytes, &owned, State::None);
        } else {
            // SAFETY: what lies outside the window came from `alloc`, whole (trait contract).
            unsafe { zeroed::free(at, bytes.get(), PAGE_BYTES) };
        }
        Ok(())
    }

    /// A copy: the stand-in has no pages to move.
    unsafe fn remap(
        &self,
        from: NonNull<u8>,
        to: NonNull<u8>,
        bytes: ByteCount,
    ) -> Result<(), Reason> {
        let usable = [State::Prepared, State::Ready];
        for at in [from, to] {
            let pages = self.pages(at, bytes);
            let all = self.with_states(|states| states[pages].iter().all(|s| usable.contains(s)));
            assert!(all, "remap of what is not mapped at {at:?}");
        }
        // SAFETY: both ranges are the caller's, mapped and disjoint.
        unsafe { to.copy_from_nonoverlapping(from, bytes.get()) };
        Self::fill(from, bytes, LOST);
        Ok(())
    }

    /// Noted, so that a guard that somebody forgot is found; touching it does not fault.
    unsafe fn guard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        _method: GuardMethod,
    ) -> Result<(), Reason> {
        self.change(at, bytes, &[State::Prepared, State::Ready], State::Guarded);
        Self::fill(at, bytes, LOST);
        Ok(())
    }

    unsafe fn unguard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        _method: GuardMethod,
    ) -> Result<(), Reason> {
        self.change(at, bytes, &[State::Guarded], State::Ready);
        Ok(())
    }
}

fn is_free(states: &[State], first: usize, wanted: usize) -> bool {
    let end = first.checked_add(wanted);
    end.and_then(|end| states.get(first..end))
        .is_some_and(|range| range.iter().all(|state| *state == State::None))
}

fn first_fit(states: &[State], wanted: usize) -> Option<usize> {
    let mut run = 0;
    for (page, state) in states.iter().enumerate() {
        run = if *state == State::None { run + 1 } else { 0 };
        if run == wanted {
            return Some(page + 1 - wanted);
        }
    }
    None
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
