//! A stand-in for the heap: a few spans over memory of `std::alloc`, for tests and models.
//!
//! Shared by the threads of a test; a mutex protects its tables. It checks what callers owe the
//! heap, notes the calls for the system, and fails the n-th of them on request.
#![expect(unsafe_code, reason = "owns the memory of the spans")]
use crate::StackSource;
use arena::{Addr, ByteCount, GuardMethod, PAGE_BYTES, PageCount, Reason};
use core::alloc::Layout;
use core::ptr::NonNull;
use heap::Span;
use std::alloc::{alloc_zeroed, dealloc};
use std::boxed::Box;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

#[cfg(all(test, gomalloc_loom))]
mod few;
#[cfg(all(test, not(gomalloc_loom)))]
mod pools;

#[cfg(all(test, gomalloc_loom))]
pub(crate) use few::Few;
#[cfg(all(test, not(gomalloc_loom)))]
pub(crate) use pools::{free, pool};

/// The page of this pretended system.
pub(crate) const OS_PAGE: usize = 4096;

/// A heap of at most some spans.
///
/// # Invariants
///
/// * I1: `spans[i]` describes the live block `blocks[i]` of `pages[i]` pages; headers come from
///   boxes and stay until the shelf goes.
pub(crate) struct Shelf {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    most: usize,
    guards: Vec<(usize, usize, GuardMethod)>,
    discarded: usize,
    calls: usize,
    fail_at: Option<usize>,
    no_install: bool,
    locked: bool,
}

struct Entry {
    span: NonNull<Span>,
    block: NonNull<u8>,
    pages: usize,
    used: bool,
}

// SAFETY: blocks are plain memory; the tables are under the mutex.
unsafe impl Send for Shelf {}
// SAFETY: as for `Send`.
unsafe impl Sync for Shelf {}

impl Shelf {
    /// A heap that gives out at most `most` spans at a time.
    pub(crate) fn new(most: usize) -> Self {
        let state = State {
            most,
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Spans and bytes that are out.
    pub(crate) fn held(&self) -> (usize, usize) {
        let state = self.state();
        let used = state.entries.iter().filter(|entry| entry.used);
        used.fold((0, 0), |(spans, bytes), entry| {
            (spans + 1, bytes + entry.pages * PAGE_BYTES)
        })
    }

    /// Guards in place: installed, protected.
    pub(crate) fn guards(&self) -> (usize, usize) {
        let state = self.state();
        let installed = state
            .guards
            .iter()
            .filter(|(_, _, method)| *method == GuardMethod::Install);
        let installed = installed.count();
        (installed, state.guards.len() - installed)
    }

    /// Bytes that were given back to the system so far.
    #[cfg(all(test, not(gomalloc_loom)))]
    pub(crate) fn discarded(&self) -> usize {
        self.state().discarded
    }

    /// Calls to heap and system so far.
    #[cfg(all(test, not(gomalloc_loom)))]
    pub(crate) fn calls(&self) -> usize {
        self.state().calls
    }

    /// Lets call number `call` (from 0, counted from now) fail.
    pub(crate) fn fail_at(&self, call: Option<usize>) {
        let mut state = self.state();
        state.fail_at = call;
        state.calls = 0;
    }

    /// A system that can't install guards; if `locked`, one that has no mappings left either.
    pub(crate) fn no_install(&self, locked: bool) {
        let mut state = self.state();
        state.no_install = true;
        state.locked = locked;
    }

    fn layout(pages: usize) -> Layout {
        Layout::from_size_align(pages * PAGE_BYTES, PAGE_BYTES).expect("a layout of some pages")
    }
}

impl State {
    /// Counts a call; is it the one that fails?
    fn fails(&mut self) -> bool {
        let fails = self.fail_at == Some(self.calls);
        self.calls += 1;
        fails
    }

    fn contains(&self, at: usize, bytes: usize) -> bool {
        self.entries.iter().any(|entry| {
            let base = entry.block.addr().get();
            entry.used && base <= at && at + bytes <= base + entry.pages * PAGE_BYTES
        })
    }
}

// SAFETY: an entry is handed out once until it is freed; headers come from boxes.
unsafe impl StackSource for Shelf {
    fn alloc_span(&self, pages: PageCount, align: ByteCount) -> Option<&Span> {
        assert!(align.get() <= PAGE_BYTES, "the shelf aligns to pages");
        let mut state = self.state();
        if state.fails() || state.entries.iter().filter(|entry| entry.used).count() >= state.most {
            return None;
        }
        let pages = pages.get();
        let old = state
            .entries
            .iter_mut()
            .find(|entry| !entry.used && entry.pages == pages);
        let span = match old {
            Some(entry) => {
                entry.used = true;
                entry.span
            }
            None => {
                // SAFETY: the layout is not empty.
                let block = unsafe { alloc_zeroed(Self::layout(pages)) };
                let block = NonNull::new(block).expect("memory for a span");
                let span = Box::leak(Box::new(Span::dead()));
                span.init_manual(block, pages);
                let span = NonNull::from(span);
                state.entries.push(Entry {
                    span,
                    block,
                    pages,
                    used: true,
                });
                span
            }
        };
        // SAFETY: headers come from boxes and stay until the shelf goes (I1).
        Some(unsafe { span.as_ref() })
    }

    unsafe fn free_span(&self, span: &Span) -> bool {
        let mut state = self.state();
        let base = span.addr().get();
        let end = base + span.bytes();
        let inside = |guard: &&(usize, usize, GuardMethod)| base <= guard.0 && guard.0 < end;
        assert_eq!(state.guards.iter().find(inside), None, "guards go first");
        let entry = state
            .entries
            .iter_mut()
            .find(|entry| entry.used && entry.span == NonNull::from(span));
        entry.map(|entry| entry.used = false).is_some()
    }

    fn span_of(&self, addr: Addr) -> Option<&Span> {
        let state = self.state();
        let entry = state.entries.iter().find(|entry| {
            let base = entry.block.addr().get();
            entry.used && base <= addr.get() && addr.get() < base + entry.pages * PAGE_BYTES
        })?;
        let span = entry.span;
        // SAFETY: headers come from boxes and stay until the shelf goes (I1).
        Some(unsafe { span.as_ref() })
    }

    fn os_page(&self) -> ByteCount {
        ByteCount::new(OS_PAGE)
    }

    unsafe fn guard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        let mut state = self.state();
        let (at, bytes) = (at.addr().get(), bytes.get());
        assert!(at % OS_PAGE == 0 && bytes % OS_PAGE == 0, "whole pages");
        assert!(state.contains(at, bytes), "guard of memory that is out");
        if state.fails() {
            return Err(Reason::OutOfMemory);
        }
        if method == GuardMethod::Install && state.no_install {
            return Err(Reason::Unsupported);
        }
        if method == GuardMethod::Protect && state.locked {
            return Err(Reason::OutOfMemory);
        }
        state.guards.push((at, bytes, method));
        Ok(())
    }

    unsafe fn unguard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        let mut state = self.state();
        if state.fails() {
            return Err(Reason::OutOfMemory);
        }
        let guard = (at.addr().get(), bytes.get(), method);
        let place = state.guards.iter().position(|other| *other == guard);
        state
            .guards
            .swap_remove(place.expect("a guard that is there"));
        Ok(())
    }

    unsafe fn discard(&self, at: NonNull<u8>, bytes: ByteCount) -> bool {
        let mut state = self.state();
        let (address, length) = (at.addr().get(), bytes.get());
        assert!(
            address % OS_PAGE == 0 && length % OS_PAGE == 0,
            "whole pages"
        );
        assert!(state.contains(address, length), "memory that is out");
        let end = address + length;
        let overlaps =
            |guard: &&(usize, usize, GuardMethod)| address < guard.0 + guard.1 && guard.0 < end;
        assert_eq!(state.guards.iter().find(overlaps), None, "no guard in it");
        if state.fails() {
            return false;
        }
        state.discarded += length;
        // SAFETY: the range lies in a block that is out, whose holder gave its content up.
        unsafe { at.as_ptr().write_bytes(0, length) };
        true
    }

    fn resident(&self) -> Option<ByteCount> {
        None
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        for entry in &self.state().entries {
            // SAFETY: I1; the shelf is going.
            unsafe { dealloc(entry.block.as_ptr(), Self::layout(entry.pages)) };
            // SAFETY: leaked from a box when the entry was made; the shelf is going.
            drop(unsafe { Box::from_raw(entry.span.as_ptr()) });
        }
    }
}

/// That many KiB.
pub(crate) const KIB: fn(usize) -> ByteCount = ByteCount::kib;
