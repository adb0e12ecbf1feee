//! Stand-ins for the layers below: an exchange that counts its calls, and metadata from `std::alloc`.
//!
//! Shared by the threads of a test; a lock each, of the rank of the layer that it stands for, so that
//! the order of the locks is checked as in the real thing.
#![expect(unsafe_code, reason = "hands out memory of its own")]
use arena::Category;
use central::{Exchange, FlushError, FlushErrorKind};
use core::alloc::Layout;
use core::ptr::NonNull;
use heap::MetadataSource;
use sizeclass::{SpanClass, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::vec::Vec;
use sync::{Mutex, Rank};

/// Memory that is given back when the stand-in goes.
#[derive(Debug, Default)]
struct Blocks(Vec<(NonNull<u8>, Layout)>);

impl Blocks {
    fn alloc(&mut self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        let layout = Layout::from_size_align(bytes, align).ok()?;
        // SAFETY: no test asks for nothing.
        let block = NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) })?;
        self.0.push((block, layout));
        Some(block)
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        for (block, layout) in self.0.drain(..) {
            // SAFETY: allocated in `alloc` with this layout.
            unsafe { std::alloc::dealloc(block.as_ptr(), layout) };
        }
    }
}

/// An exchange without spans: a bag of slots a class.
pub(crate) struct FakeExchange {
    state: Mutex<Slots>,
}

#[derive(Debug, Default)]
pub(crate) struct Slots {
    blocks: Blocks,
    free: BTreeMap<u8, Vec<*mut u8>>,
    /// Addresses that are out, with their class.
    out: BTreeSet<(usize, u8)>,
    /// Calls.
    pub(crate) refills: usize,
    pub(crate) flushes: usize,
    /// Slots of the last call.
    pub(crate) last: usize,
    /// The most slots that may be out.
    pub(crate) limit: usize,
}

// SAFETY: the slots belong to the bag, or to whoever has them.
unsafe impl Send for Slots {}

impl FakeExchange {
    pub(crate) fn new() -> Self {
        let slots = Slots {
            limit: usize::MAX,
            ..Slots::default()
        };
        Self {
            state: Mutex::new(Rank::Central, slots),
        }
    }

    /// Looks at, or changes, the bag.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&mut Slots) -> R) -> R {
        look(&mut self.state.lock())
    }

    /// Slots in caches and in the program.
    pub(crate) fn out(&self) -> usize {
        self.state.lock().out.len()
    }
}

impl Slots {
    fn fresh(&mut self, class: SpanClass) -> Option<*mut u8> {
        if let Some(slot) = self.free.entry(class.get()).or_default().pop() {
            return Some(slot);
        }
        let bytes = Table::DEFAULT.slot_bytes(class.size_class());
        let slot = self
            .blocks
            .alloc(bytes.max(1), if bytes.is_multiple_of(16) { 16 } else { 8 })?;
        Some(slot.as_ptr())
    }
}

// SAFETY: each slot is a block of its own, handed out when it is not out.
unsafe impl Exchange for FakeExchange {
    fn table(&self) -> &'static Table {
        Table::DEFAULT
    }

    fn refill(&self, class: SpanClass, out: &mut [*mut u8]) -> usize {
        let mut state = self.state.lock();
        state.refills += 1;
        let count = out.len().min(state.limit - state.out.len());
        for place in &mut out[..count] {
            let slot = state.fresh(class).expect("a test has memory");
            state.out.insert((slot.addr(), class.get()));
            *place = slot;
        }
        out[..count].sort();
        state.last = count;
        count
    }

    unsafe fn flush(&self, class: SpanClass, slots: &mut [*mut u8]) -> Result<(), FlushError> {
        let mut state = self.state.lock();
        state.flushes += 1;
        state.last = slots.len();
        let mut result = Ok(());
        for slot in slots {
            if state.out.remove(&(slot.addr(), class.get())) {
                state.free.entry(class.get()).or_default().push(*slot);
            } else if result.is_ok() {
                let kind = FlushErrorKind::DoubleFree;
                result = Err(FlushError {
                    pointer: slot.addr(),
                    kind,
                });
            }
        }
        result
    }
}

/// Metadata that counts what it gives.
pub(crate) struct FakeMetadata {
    state: Mutex<(Blocks, usize, usize)>,
}

// SAFETY: the blocks are handed out once each.
unsafe impl Send for Blocks {}

impl FakeMetadata {
    /// A source that has `limit` bytes to give.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::new(Rank::Heap, (Blocks::default(), 0, limit)),
        }
    }

    /// Bytes that it has given.
    pub(crate) fn given(&self) -> usize {
        self.state.lock().1
    }
}

impl MetadataSource for FakeMetadata {
    fn alloc_metadata(
        &self,
        bytes: usize,
        align: usize,
        category: Category,
    ) -> Option<NonNull<u8>> {
        assert_eq!(category, Category::Cache);
        let (blocks, given, limit) = &mut *self.state.lock();
        if *given + bytes > *limit {
            return None;
        }
        *given += bytes;
        blocks.alloc(bytes, align)
    }
}
