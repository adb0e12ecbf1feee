//! The span header: what is known about a run of pages, outside of the run.
//!
//! Shared by everybody who can find it through the page table, for as long as the heap lives: a
//! header is never unmapped and never becomes anything else, so every field is atomic and a late
//! reader finds old numbers, never rubbish. Who may write which field stands in the table below.
//!
//! | fields | read by | written by |
//! |---|---|---|
//! | base, pages, class, slots, slot bytes, magic | anybody, between two looks at the life | the heap, under its lock, while the span is not in use (`pages` also by a resize) |
//! | life and state | anybody | the heap, under its lock |
//! | free bits, control | the exchange above | the exchange above; the heap before it publishes the span |
//! | central links | the exchange, under the lock of the span's class | likewise |
//! | links, tree, released, prefix, tag | the heap, under its lock | likewise |
mod life;
mod reference;

use crate::limits;
use arena::{Addr, PAGE_BYTES};
use core::fmt;
use core::ptr::{self, NonNull};
use sizeclass::{SpanClass, Table, magic_index};
use sync::atomic::{AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use sync::cell::UnsafeCell;

pub(crate) use life::Life;
pub use life::SpanState;
pub(crate) use reference::Link;
pub use reference::SpanRef;

/// A header (Go `mspan`), 256 bytes: one cache line that every lookup, flush and refill reads, two
/// lines of free bits, one line for the heap.
///
/// # Invariants
///
/// * I1: while the state is [`SpanState::InUse`] or [`SpanState::Manual`], `base` is the first byte
///   of `pages` whole pages, and no other span in such a state covers any of them.
/// * I2: the fields of the first row change only while the life is being changed (`span/life.rs`), except
///   that a resize stores `pages` alone.
/// * I3: bits at `slots` and above are 0 from the moment the span is published.
#[repr(C, align(64))]
pub struct Span {
    // The hot line.
    base: AtomicPtr<u8>,
    /// Generation << 32 | free slots; the exchange's protocol word.
    control: AtomicU64,
    pages: AtomicUsize,
    central: UnsafeCell<CentralLinks>,
    life: Life,
    magic: AtomicU32,
    /// 0 for a span that is one object: its size is that of its pages.
    slot_bytes: AtomicU32,
    slots: AtomicU16,
    class: AtomicU8,
    /// The tag that the entries of the first `prefix` pages hold.
    tag: AtomicU8,
    // Two lines, 1 = free.
    free_bits: [AtomicU64; limits::FREE_WORDS],
    // The heap's line.
    pub(crate) next: Link,
    pub(crate) prev: Link,
    pub(crate) left: Link,
    pub(crate) right: Link,
    /// Pages of the run that hold no memory: fresh, or given back.
    released: AtomicUsize,
    /// Pages from the base whose entries in the page table are this header and `tag`, and which hold
    /// memory.
    prefix: AtomicUsize,
    /// The list it is on, 0 for none.
    list: AtomicU32,
    /// Height of its subtree, 0 outside of the tree.
    height: AtomicU8,
}

/// What the exchange above keeps in a header: links and a state whose meaning is its own.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CentralLinks {
    /// The next span of the same list.
    pub next: *const Span,
    /// The one before.
    pub prev: *const Span,
    /// Where the span stands; 0 in a span that the heap has just published.
    pub state: u8,
}

impl CentralLinks {
    const NONE: Self = Self {
        next: ptr::null(),
        prev: ptr::null(),
        state: 0,
    };
}

/// Where in a span an address lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    /// The slot, counted from 0; at or above [`Span::slots`] it is none.
    pub slot: usize,
    /// Bytes into the slot.
    pub offset: usize,
}

const _: () = {
    use core::mem::offset_of;
    let hot = offset_of!(Span, free_bits);
    assert!(
        limits::MODELLED || hot == 64 || size_of::<usize>() == 4 && hot <= 64,
        "the hot fields fill one line"
    );
    assert!(limits::MODELLED || size_of::<Span>() <= 256, "four lines");
    assert!(align_of::<Span>() == 64, "a header begins a line");
};

// SAFETY: every field is atomic but the central links, and those are reached through a cell whose
// users hold the lock of the span's class (the table above).
#[expect(unsafe_code, reason = "the cell's users are in another crate")]
unsafe impl Sync for Span {}
// SAFETY: nothing of a header is bound to a thread.
#[expect(unsafe_code, reason = "the links are raw pointers")]
unsafe impl Send for Span {}

impl Span {
    /// A header that describes nothing yet.
    #[must_use]
    pub fn dead() -> Self {
        Self {
            base: AtomicPtr::new(NonNull::dangling().as_ptr()),
            control: AtomicU64::new(0),
            pages: AtomicUsize::new(0),
            central: UnsafeCell::new(CentralLinks::NONE),
            life: Life::new(),
            magic: AtomicU32::new(0),
            slot_bytes: AtomicU32::new(0),
            slots: AtomicU16::new(0),
            class: AtomicU8::new(0),
            tag: AtomicU8::new(0),
            free_bits: core::array::from_fn(|_| AtomicU64::new(0)),
            next: Link::none(),
            prev: Link::none(),
            left: Link::none(),
            right: Link::none(),
            released: AtomicUsize::new(0),
            prefix: AtomicUsize::new(0),
            list: AtomicU32::new(0),
            height: AtomicU8::new(0),
        }
    }

    /// The first byte of the run.
    #[inline]
    pub fn base(&self) -> NonNull<u8> {
        let base = self.base.load(Ordering::Relaxed);
        NonNull::new(base).unwrap_or(NonNull::dangling())
    }

    /// The address of the first byte.
    #[inline]
    pub fn addr(&self) -> Addr {
        Addr::new(self.base.load(Ordering::Relaxed).addr())
    }

    /// Pages of 8 KiB.
    #[inline]
    pub fn pages(&self) -> usize {
        self.pages.load(Ordering::Relaxed)
    }

    /// Bytes of the whole run.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.pages() * PAGE_BYTES
    }

    /// The address behind the last byte.
    #[inline]
    pub fn end(&self) -> Addr {
        Addr::new(self.addr().get().wrapping_add(self.bytes()))
    }

    /// The span class; class 0 for a large object, a manual span or a free run.
    #[inline]
    pub fn class(&self) -> SpanClass {
        SpanClass::from_raw(self.class.load(Ordering::Relaxed))
    }

    /// Bytes of a slot; of the whole run if the span is one object.
    #[inline]
    pub fn slot_bytes(&self) -> usize {
        match self.slot_bytes.load(Ordering::Relaxed) {
            0 => self.bytes(),
            bytes => bytes as usize,
        }
    }

    /// Slots in the span (Go `nelems`): 1 for a large object, 0 for a manual span or a free run.
    #[inline]
    pub fn slots(&self) -> usize {
        usize::from(self.slots.load(Ordering::Relaxed))
    }

    /// What the run is used for.
    ///
    /// Acquire: whoever reads it first sees fields at least as new as the state.
    #[inline]
    pub fn state(&self) -> SpanState {
        self.life.state()
    }

    /// The slot of an address in the span and the distance from the slot's start. One
    /// multiplication (Go 1.17 `objIndex`). An address outside the span gives a slot that is none,
    /// or nonsense below the base.
    #[inline]
    pub fn locate(&self, addr: Addr) -> Located {
        let offset = addr.get().wrapping_sub(self.addr().get());
        let slot = magic_index(self.magic.load(Ordering::Relaxed), offset);
        let offset = offset.wrapping_sub(slot.wrapping_mul(self.slot_bytes()));
        Located { slot, offset }
    }

    /// The slot that begins at this address; `None` if none does.
    #[inline]
    pub fn slot_index(&self, addr: Addr) -> Option<usize> {
        if !self.covers(addr) {
            return None;
        }
        let Located { slot, offset } = self.locate(addr);
        (offset == 0 && slot < self.slots()).then_some(slot)
    }

    /// Does the address lie in the run?
    #[inline]
    pub fn covers(&self, addr: Addr) -> bool {
        addr.get().wrapping_sub(self.addr().get()) < self.bytes()
    }

    /// The exchange's control word: generation << 32 | number of free slots. The generation is never
    /// reset, whatever becomes of the header.
    #[inline]
    pub fn control(&self) -> &AtomicU64 {
        &self.control
    }

    /// One bit a slot, 1 = free; words beyond the slots are 0.
    #[inline]
    pub fn free_bits(&self) -> &[AtomicU64; limits::FREE_WORDS] {
        &self.free_bits
    }

    /// What the exchange keeps here. Reached only under the lock of the span's class.
    #[inline]
    pub fn central(&self) -> &UnsafeCell<CentralLinks> {
        &self.central
    }

    /// Makes the header that of a span of `class` at `base` with all slots free, and publishes it as
    /// in use: what [`crate::SpanSource::acquire_span`] hands out. For the sources; whoever calls it
    /// owns the header.
    ///
    /// A class that is not in the table gives a span without slots.
    pub fn init_small(&self, base: NonNull<u8>, class: SpanClass, table: &Table) {
        self.life.change();
        self.set_run(base, table.pages(class.size_class()));
        self.set_small(class, table);
        self.life.publish(SpanState::InUse);
    }

    /// Makes the header that of `pages` pages at `base` whose use is somebody else's business, and
    /// publishes it as manual: what [`Heap::alloc_manual`](crate::Heap::alloc_manual) hands out. For
    /// stand-ins; whoever calls it owns the header.
    pub fn init_manual(&self, base: NonNull<u8>, pages: usize) {
        self.life.change();
        self.set_run(base, pages);
        self.set_whole(0);
        self.life.publish(SpanState::Manual);
    }
}

/// What the heap writes, under its lock.
impl Span {
    pub(crate) fn life(&self) -> &Life {
        &self.life
    }

    pub(crate) fn set_run(&self, base: NonNull<u8>, pages: usize) {
        self.base.store(base.as_ptr(), Ordering::Relaxed);
        self.set_pages(pages);
    }

    /// Release: a resize publishes what it did to the pages before it made them part of the span.
    pub(crate) fn set_pages(&self, pages: usize) {
        self.pages.store(pages, Ordering::Release);
    }

    /// The fields that cut the run into slots; every slot is free.
    pub(crate) fn set_small(&self, class: SpanClass, table: &Table) {
        let size_class = class.size_class();
        let slots = table.slots(size_class).min(limits::FREE_WORDS * 64);
        let slot_bytes = u32::try_from(table.slot_bytes(size_class)).unwrap_or(0);
        self.set_shape(class, slots, slot_bytes, table.magic(size_class));
        for (word, bits) in self.free_bits.iter().enumerate() {
            let rest = slots.saturating_sub(word * 64).min(64);
            let mask = u64::MAX.checked_shr(64 - u32::try_from(rest).unwrap_or(0));
            bits.store(mask.unwrap_or(0), Ordering::Relaxed);
        }
        let generation = self.control.load(Ordering::Relaxed) >> 32 << 32;
        self.control
            .store(generation | slots as u64, Ordering::Relaxed);
    }

    /// The fields of a span that is one object (one slot) or nobody's slots (none).
    pub(crate) fn set_whole(&self, slots: usize) {
        self.set_shape(SpanClass::LARGE, slots, 0, 0);
    }

    fn set_shape(&self, class: SpanClass, slots: usize, slot_bytes: u32, magic: u32) {
        let slots = u16::try_from(slots).unwrap_or(0);
        self.class.store(class.get(), Ordering::Relaxed);
        self.slots.store(slots, Ordering::Relaxed);
        self.slot_bytes.store(slot_bytes, Ordering::Relaxed);
        self.magic.store(magic, Ordering::Relaxed);
    }

    pub(crate) fn released(&self) -> usize {
        self.released.load(Ordering::Relaxed)
    }

    pub(crate) fn set_released(&self, pages: usize) {
        self.released.store(pages, Ordering::Relaxed);
    }

    /// Pages from the base whose entries are this header and this tag.
    pub(crate) fn prefix(&self) -> (usize, u8) {
        let tag = self.tag.load(Ordering::Relaxed);
        (self.prefix.load(Ordering::Relaxed), tag)
    }

    pub(crate) fn set_prefix(&self, pages: usize, tag: u8) {
        self.prefix.store(pages, Ordering::Relaxed);
        self.tag.store(tag, Ordering::Relaxed);
    }

    pub(crate) fn list(&self) -> u32 {
        self.list.load(Ordering::Relaxed)
    }

    pub(crate) fn set_list(&self, list: u32) {
        self.list.store(list, Ordering::Relaxed);
    }

    pub(crate) fn height(&self) -> u8 {
        self.height.load(Ordering::Relaxed)
    }

    pub(crate) fn set_height(&self, height: u8) {
        self.height.store(height, Ordering::Relaxed);
    }
}

impl Default for Span {
    fn default() -> Self {
        Self::dead()
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Span")
            .field("addr", &self.addr())
            .field("pages", &self.pages())
            .field("state", &self.state())
            .field("class", &self.class())
            .field("slots", &self.slots())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
