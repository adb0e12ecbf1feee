//! Memory of this process behind tables that lie in simulated reservations.
//!
//! Belongs to the simulated address space, under its lock. A reservation of up to 512 MiB is
//! backed by one block, a larger one by blocks of 1 MiB, each made when it is first asked for. A
//! word of a simulated machine must hold a pointer of this one: where simulated words are shorter,
//! a block is as many times larger, and offsets are multiplied.
#![expect(unsafe_code, reason = "blocks of the system allocator")]
use crate::os::zeroed;
use core::ptr::NonNull;
use std::collections::BTreeMap;
use std::vec::Vec;

/// Reservations up to this size are backed whole.
const WHOLE: u64 = 512 << 20;
/// Larger ones by blocks of this size.
const BLOCK: u64 = 1 << 20;

#[derive(Debug)]
struct Block {
    bytes: usize,
    memory: NonNull<u8>,
}

#[derive(Debug)]
pub(super) struct Backings {
    scale: usize,
    /// End of every reservation, by its start.
    reservations: BTreeMap<u64, u64>,
    /// Blocks, by the simulated address of their first byte.
    blocks: BTreeMap<u64, Block>,
}

// SAFETY: it owns its blocks.
unsafe impl Send for Backings {}

impl Backings {
    pub(super) fn new(scale: usize) -> Self {
        Self {
            scale,
            reservations: BTreeMap::new(),
            blocks: BTreeMap::new(),
        }
    }

    /// A reservation was made.
    pub(super) fn note(&mut self, start: u64, end: u64) {
        self.reservations.insert(start, end);
    }

    /// Is this a reservation, whole?
    pub(super) fn is_whole(&self, start: u64, end: u64) -> bool {
        self.reservations.get(&start) == Some(&end)
    }

    /// A range was freed; its blocks go when all of them is freed.
    pub(super) fn forget(&mut self, start: u64, end: u64) {
        if self.is_whole(start, end) {
            self.reservations.remove(&start);
        }
        let inside: Vec<u64> = self.blocks.range(start..end).map(|(at, _)| *at).collect();
        for at in inside {
            let size = self.blocks[&at].bytes / self.scale;
            if at + size as u64 <= end {
                self.drop_block(at);
            }
        }
    }

    /// Zeroes what is backed of a range.
    pub(super) fn clear(&mut self, start: u64, end: u64) {
        for (at, block) in self.blocks.range(..end) {
            let block_end = at + (block.bytes / self.scale) as u64;
            let (from, to) = (start.max(*at), end.min(block_end));
            if from < to {
                let offset = self.scaled(from - at);
                // SAFETY: `from` is inside the block.
                let memory = unsafe { block.memory.add(offset) };
                // SAFETY: `from..to` is inside the block, which is plain memory of ours.
                unsafe { memory.write_bytes(0, self.scaled(to - from)) };
            }
        }
    }

    /// The memory behind a range, which must be in one block.
    pub(super) fn get(&mut self, start: u64, end: u64) -> NonNull<u8> {
        let (first, last) = self.block_around(start);
        assert!(end <= last, "{start:#x}..{end:#x} is in two blocks");
        let bytes = self.scaled(last - first);
        let block = self.blocks.entry(first).or_insert_with(|| Block {
            bytes,
            memory: zeroed::alloc(bytes, 64).expect("memory behind a simulated table"),
        });
        let offset = usize::try_from(start - first).expect("a block is small") * self.scale;
        // SAFETY: `start` is inside the block.
        unsafe { block.memory.add(offset) }
    }

    /// Start and end of the block that backs an address.
    fn block_around(&self, addr: u64) -> (u64, u64) {
        let (start, end) = self
            .reservations
            .range(..=addr)
            .next_back()
            .map(|(start, end)| (*start, *end))
            .expect("only reserved addresses are backed");
        if end - start <= WHOLE {
            return (start, end);
        }
        let first = (addr / BLOCK * BLOCK).max(start);
        (first, (addr / BLOCK * BLOCK + BLOCK).min(end))
    }

    fn scaled(&self, bytes: u64) -> usize {
        usize::try_from(bytes).expect("a block is small") * self.scale
    }

    fn drop_block(&mut self, at: u64) {
        if let Some(block) = self.blocks.remove(&at) {
            // SAFETY: `get` made it with this size.
            unsafe { zeroed::free(block.memory, block.bytes, 64) };
        }
    }
}

impl Drop for Backings {
    fn drop(&mut self) {
        while let Some(at) = self.blocks.keys().next().copied() {
            self.drop_block(at);
        }
    }
}
