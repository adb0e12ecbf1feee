//! A simulated address space of any width and page size, where addresses are numbers.
//!
//! Shared by the threads of a test; a mutex protects the table of ranges. Layouts of every
//! platform run over it on any machine: what they reserve and map are entries of a table, and what
//! they hand out must not be dereferenced. Tables that a layout keeps *inside* a reservation are
//! reached through [`Os::backing`], which gives memory of the process for them; what [`Os::alloc`]
//! returns is memory of the process at once.
#![expect(
    unsafe_code,
    reason = "implements the seam with memory of the system allocator"
)]
use super::{Os, zeroed};
use crate::{Addr, ByteCount, Call, Reason};
use backing::Backings;
use core::ptr::{self, NonNull};
use ranges::{Kind, Ranges};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

mod backing;
mod ranges;

/// Nothing is given out below (Linux `mmap_min_addr`).
const LOWEST: u64 = 64 << 10;

/// A call that the simulated system got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What was asked for.
    pub call: Call,
    /// Where: the hint of a reservation ([`Addr::NULL`]: none), the range of any other call.
    pub addr: Addr,
    /// How much.
    pub bytes: ByteCount,
    /// Why it was refused; `Ok` with the address that was given, or the range.
    pub answer: Result<Addr, Reason>,
}

/// A pretended operating system.
///
/// # Panics
///
/// Its calls panic on a transition that the state machine does not have, and on ranges that are not
/// whole pages.
#[derive(Debug)]
pub struct Simulated {
    limit: u64,
    page: usize,
    huge: usize,
    program_break: Option<Addr>,
    data_end: Option<Addr>,
    pointer_bytes: usize,
    moves_hints: bool,
    partial_free: bool,
    commit_limit: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    ranges: Ranges,
    backings: Backings,
    allocs: BTreeMap<usize, usize>,
    committed: u64,
    events: Vec<Event>,
}

impl Simulated {
    /// An empty space of `2^bits` addresses (up to 63), pages of 4 KiB, words of this machine.
    #[must_use]
    pub fn new(bits: u32) -> Self {
        let word = size_of::<usize>();
        Self {
            limit: 1 << bits.min(63),
            page: 4096,
            huge: 0,
            program_break: None,
            data_end: None,
            pointer_bytes: word,
            moves_hints: true,
            partial_free: true,
            commit_limit: u64::MAX,
            state: Mutex::new(State {
                ranges: Ranges::default(),
                backings: Backings::new(1),
                allocs: BTreeMap::new(),
                committed: 0,
                events: Vec::new(),
            }),
        }
    }

    /// Other system pages.
    #[must_use]
    pub fn with_page_size(mut self, bytes: usize) -> Self {
        self.page = bytes;
        self
    }

    /// Huge pages.
    #[must_use]
    pub fn with_huge_page_size(mut self, bytes: usize) -> Self {
        self.huge = bytes;
        self
    }

    /// Pointers of this many bytes: 4 for a 32-bit platform.
    #[must_use]
    pub fn with_pointer_bytes(mut self, bytes: usize) -> Self {
        self.pointer_bytes = bytes;
        self.lock().backings = Backings::new(size_of::<usize>().div_ceil(bytes));
        self
    }

    /// The end of the data segment, to which the program has moved it.
    #[must_use]
    pub fn with_program_break(mut self, addr: Addr) -> Self {
        self.program_break = Some(addr);
        self
    }

    /// The end of the data segment as it was linked, if that is not the program break.
    #[must_use]
    pub fn with_data_end(mut self, addr: Addr) -> Self {
        self.data_end = Some(addr);
        self
    }

    /// Addresses that somebody else has.
    #[must_use]
    pub fn with_taken(self, start: Addr, bytes: ByteCount) -> Self {
        self.take(start, bytes);
        self
    }

    /// A reservation whose hint is not free fails, instead of landing elsewhere.
    #[must_use]
    pub fn without_moved_hints(mut self) -> Self {
        self.moves_hints = false;
        self
    }

    /// A range is freed as it was reserved, or not at all (Windows).
    #[must_use]
    pub fn without_partial_free(mut self) -> Self {
        self.partial_free = false;
        self
    }

    /// Strict overcommit: no more than this is Prepared or Ready at a time.
    #[must_use]
    pub fn with_commit_limit(mut self, bytes: ByteCount) -> Self {
        self.commit_limit = bytes.get() as u64;
        self
    }

    /// Somebody takes addresses that are free now.
    ///
    /// # Panics
    ///
    /// If they are not free.
    pub fn take(&self, start: Addr, bytes: ByteCount) {
        assert!(self.try_take(start, bytes), "{start} is in use");
    }

    /// Somebody takes addresses, unless they are in use. Were they free?
    pub fn try_take(&self, start: Addr, bytes: ByteCount) -> bool {
        let (start, end) = (start.get() as u64, start.get() as u64 + bytes.get() as u64);
        let mut state = self.lock();
        let is_free = state.ranges.is_free(start, end);
        if is_free {
            state.ranges.set(start, end, Some(Kind::Taken));
        }
        is_free
    }

    /// The calls since the last look.
    pub fn take_events(&self) -> Vec<Event> {
        core::mem::take(&mut self.lock().events)
    }

    /// Bytes that the layouts hold: reserved, prepared or ready, and allocated.
    pub fn held(&self) -> ByteCount {
        let state = self.lock();
        let kinds = [Kind::Reserved, Kind::Prepared, Kind::Ready];
        let ranges = state.ranges.bytes(0, u64::MAX, &kinds);
        let allocs: usize = state.allocs.values().sum();
        ByteCount::new(usize::try_from(ranges).unwrap_or(usize::MAX) + allocs)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn span(&self, at: NonNull<u8>, bytes: ByteCount) -> (u64, u64) {
        let (start, bytes) = (at.addr().get(), bytes.get());
        assert!(
            start.is_multiple_of(self.page) && bytes.is_multiple_of(self.page) && bytes > 0,
            "no whole pages: {bytes:#x} bytes at {start:#x}"
        );
        (start as u64, start as u64 + bytes as u64)
    }

    fn change(
        &self,
        call: Call,
        at: NonNull<u8>,
        bytes: ByteCount,
        from: &[Kind],
        to: Option<Kind>,
    ) -> Result<(), Reason> {
        let (start, end) = self.span(at, bytes);
        let mut state = self.lock();
        assert!(
            state.ranges.is_all(start, end, from),
            "{call:?} of {bytes} bytes at {at:?}, which are not all {from:?}"
        );
        let backed = [Kind::Prepared, Kind::Ready];
        let before = state.ranges.bytes(start, end, &backed);
        let after = if to.is_some_and(|to| backed.contains(&to)) {
            end - start
        } else {
            0
        };
        let committed = state.committed - before + after;
        let addr = Addr::of(at.as_ptr());
        let answer = if committed > self.commit_limit {
            Err(Reason::OutOfMemory)
        } else {
            Ok(addr)
        };
        state.events.push(Event {
            call,
            addr,
            bytes,
            answer,
        });
        answer?;
        state.committed = committed;
        state.ranges.set(start, end, to);
        // What is mapped reads as zero. (Clearing what is given up would touch all of it.)
        if call == Call::Map {
            state.backings.clear(start, end);
        }
        Ok(())
    }
}

// SAFETY: a reserved range is marked under the mutex and not given out again before it is freed.
// Its addresses are numbers: nobody may dereference them, but what `backing` gives for them may be
// touched, is zero after `map`, and is nobody else's.
unsafe impl Os for Simulated {
    const PROTECTS: bool = true;

    fn page_size(&self) -> usize {
        self.page
    }

    fn huge_page_size(&self) -> usize {
        self.huge
    }

    fn program_break(&self) -> Option<Addr> {
        self.program_break
    }

    fn data_end(&self) -> Option<Addr> {
        self.data_end.or(self.program_break)
    }

    fn frees_parts(&self) -> bool {
        self.partial_free
    }

    fn alloc(&self, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        let mut state = self.lock();
        let committed = state.committed + bytes.get() as u64;
        let block = if committed > self.commit_limit {
            Err(Reason::OutOfMemory)
        } else {
            zeroed::alloc(bytes.get(), self.page).ok_or(Reason::OutOfMemory)
        };
        state.events.push(Event {
            call: Call::Alloc,
            addr: Addr::NULL,
            bytes,
            answer: block.map(|block| Addr::of(block.as_ptr())),
        });
        let block = block?;
        state.committed = committed;
        state.allocs.insert(block.addr().get(), bytes.get());
        Ok(block)
    }

    fn reserve(&self, hint: Option<Addr>, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        let mut state = self.lock();
        let (size, page) = (bytes.get() as u64, self.page as u64);
        assert!(
            size.is_multiple_of(page) && size > 0,
            "{bytes} bytes are no whole pages"
        );
        let hinted = hint.map(|hint| hint.get() as u64).filter(|start| {
            let end = start.checked_add(size).filter(|end| *end <= self.limit);
            start.is_multiple_of(page)
                && *start >= LOWEST
                && end.is_some_and(|end| state.ranges.is_free(*start, end))
        });
        let start = match (hinted, hint) {
            (Some(start), _) => Some(start),
            (None, Some(_)) if !self.moves_hints => None,
            _ => state.ranges.highest_gap(LOWEST, self.limit, size, page),
        };
        let start = start.and_then(|start| usize::try_from(start).ok());
        let answer = start.map(Addr::new).ok_or(Reason::OutOfMemory);
        state.events.push(Event {
            call: Call::Reserve,
            addr: hint.unwrap_or(Addr::NULL),
            bytes,
            answer,
        });
        let start = answer?.get();
        let end = start as u64 + size;
        state.ranges.set(start as u64, end, Some(Kind::Reserved));
        state.backings.note(start as u64, end);
        NonNull::new(ptr::without_provenance_mut(start)).ok_or(Reason::Conflict)
    }

    unsafe fn map(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        self.change(
            Call::Map,
            at,
            bytes,
            &[Kind::Reserved],
            Some(Kind::Prepared),
        )
    }

    unsafe fn used(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        let from = [Kind::Prepared, Kind::Ready];
        self.change(Call::Used, at, bytes, &from, Some(Kind::Ready))
    }

    unsafe fn unused(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        let from = [Kind::Prepared, Kind::Ready];
        self.change(Call::Unused, at, bytes, &from, Some(Kind::Prepared))
    }

    unsafe fn fault(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        let from = [Kind::Prepared, Kind::Ready];
        self.change(Call::Fault, at, bytes, &from, Some(Kind::Reserved))
    }

    unsafe fn free(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        let alloc = self.lock().allocs.remove(&at.addr().get());
        if let Some(size) = alloc {
            assert_eq!(size, bytes.get(), "an allocation is freed whole");
            // SAFETY: `alloc` made it with this size, and it was still in the table.
            unsafe { zeroed::free(at, size, self.page) };
            self.lock().committed -= size as u64;
            return Ok(());
        }
        let (start, end) = self.span(at, bytes);
        if !self.partial_free {
            assert!(
                self.lock().backings.is_whole(start, end),
                "this system frees what it reserved in one piece"
            );
        }
        let from = [Kind::Reserved, Kind::Prepared, Kind::Ready];
        self.change(Call::Free, at, bytes, &from, None)?;
        self.lock().backings.forget(start, end);
        Ok(())
    }

    fn backing(&self, at: NonNull<u8>, bytes: ByteCount) -> NonNull<u8> {
        let start = at.addr().get() as u64;
        let mut state = self.lock();
        let ours = [Kind::Reserved, Kind::Prepared, Kind::Ready];
        let end = start + bytes.get() as u64;
        assert!(
            state.ranges.is_all(start, end, &ours),
            "{at:?} is not reserved"
        );
        state.backings.get(start, end)
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
