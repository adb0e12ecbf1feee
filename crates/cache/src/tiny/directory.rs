//! From an address to the count of its block: a tree over page numbers, read without a lock.
//!
//! Nodes and counts come from a metadata source, zeroed, and stay for ever; so a pointer goes from
//! null to a node once and never back. Two threads that make one node at once: one of them keeps
//! its memory for nothing.
//!
//! | field | written | read |
//! |---|---|---|
//! | place of a node | once: compare-exchange, Release | Acquire, by anybody |
#![expect(unsafe_code, reason = "nodes in raw memory")]
use super::count::Count;
use arena::{Category, PAGE_BYTES, PAGE_SHIFT};
use core::ptr::{self, NonNull};
use heap::MetadataSource;
use sizeclass::TINY_SIZE;
use sync::atomic::{AtomicPtr, Ordering};

/// Pointers in a node: 9 bits of a page's number.
const FAN_BITS: u32 = 9;
const FAN: usize = 1 << FAN_BITS;
/// Levels of nodes, the root among them: addresses below 2^49 on 64 bits.
const LEVELS: u32 = 4;
/// Blocks in a page, each with a count.
const BLOCKS: usize = PAGE_BYTES / TINY_SIZE;

/// A node: places of nodes, or on the last level of arrays of counts.
type Place = AtomicPtr<u8>;

/// The tree.
///
/// # Invariants
///
/// * D1: a place is null or leads to [`FAN`] places, on the last level to [`BLOCKS`] counts, which
///   stay.
#[derive(Debug)]
pub(super) struct Directory {
    root: [Place; FAN],
}

impl Directory {
    #[cfg(not(gomalloc_loom))]
    pub(super) const fn new() -> Self {
        Self {
            root: [const { AtomicPtr::new(ptr::null_mut()) }; FAN],
        }
    }

    #[cfg(gomalloc_loom)]
    pub(super) fn new() -> Self {
        Self {
            root: core::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
        }
    }

    /// The count of the block at `addr`; `None` if its page never had one.
    #[inline]
    pub(super) fn find(&self, addr: usize) -> Option<&Count> {
        self.walk(addr, |place, _| NonNull::new(place.load(Ordering::Acquire)))
    }

    /// The count of the block at `addr`, made if need be. `None`: no memory, or an address too high.
    pub(super) fn find_or_make<M: MetadataSource>(
        &self,
        metadata: &M,
        addr: usize,
    ) -> Option<&Count> {
        self.walk(addr, |place, level| {
            if let Some(node) = NonNull::new(place.load(Ordering::Acquire)) {
                return Some(node);
            }
            let bytes = match level {
                0 => BLOCKS * size_of::<Count>(),
                _ => FAN * size_of::<Place>(),
            };
            let node = metadata.alloc_metadata(bytes, align_of::<Place>(), Category::Cache)?;
            // Release: publishes the zeroed node; pairs with the Acquire of whoever finds it.
            let placed = place.compare_exchange(
                ptr::null_mut(),
                node.as_ptr(),
                Ordering::Release,
                Ordering::Acquire,
            );
            match placed {
                Ok(_) => Some(node),
                Err(other) => NonNull::new(other),
            }
        })
    }

    /// Goes down from the root; `step` says where a place of a level leads. Those of level 0 lead to
    /// counts.
    #[inline]
    fn walk(
        &self,
        addr: usize,
        step: impl Fn(&Place, u32) -> Option<NonNull<u8>>,
    ) -> Option<&Count> {
        let page = addr >> PAGE_SHIFT;
        if page >> (FAN_BITS * (LEVELS - 1)) >= FAN {
            return None;
        }
        let mut places = NonNull::from(&self.root).cast::<Place>();
        for level in (0..LEVELS).rev() {
            let index = page >> (FAN_BITS * level) & (FAN - 1);
            // SAFETY: D1 — the index is below FAN.
            let place = unsafe { places.add(index) };
            // SAFETY: D1 — a place, which stays and is only reached by atomics.
            let place = unsafe { place.as_ref() };
            places = step(place, level)?.cast();
        }
        let block = addr % PAGE_BYTES / TINY_SIZE;
        // SAFETY: D1 — the last place led to BLOCKS counts.
        let count = unsafe { places.cast::<Count>().add(block) };
        // SAFETY: as above; all zeros is a count, and counts are reached by atomics only.
        Some(unsafe { count.as_ref() })
    }
}
