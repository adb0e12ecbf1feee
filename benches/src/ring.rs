//! A channel for blocks between one thread that sends and one that receives, which never allocates.
//!
//! Shared by exactly two threads, a [`Sender`] and a [`Receiver`]; each end belongs to one of them
//! (neither can be cloned). The slots are in the ring; `head` and `tail` say whose they are:
//!
//! | field | read by | written by | ordering |
//! |---|---|---|---|
//! | `tail` | receiver (Acquire) | sender (Release) | publishes the slots below it |
//! | `head` | sender (Acquire) | receiver (Release) | gives the slots below it back |
//!
//! The standard library's channels allocate or take a lock for every message, which would be
//! measured along.
#![expect(
    unsafe_code,
    reason = "takes blocks apart into words that two threads hand over"
)]

use crate::Block;
use std::cell::UnsafeCell;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Slots of a ring: 64 KiB, deep enough that neither side waits for a switch of threads at every block.
const SLOTS: usize = 4096;

/// How often an end looks again before it lets another thread run.
const LOOKS: u32 = 64;

type Slot = UnsafeCell<Option<(NonNull<u8>, usize)>>;

/// # Invariants
/// I1: `head <= tail <= head + SLOTS`.
/// I2: slots from `head` to `tail` (modulo the length) are the receiver's and hold blocks; the rest is the sender's.
#[derive(Debug)]
struct Ring {
    slots: Box<[Slot]>,
    tail: Padded,
    head: Padded,
}

/// A counter on cache lines of its own (128 bytes: processors fetch lines in pairs).
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded(AtomicUsize);

// SAFETY: slots are accessed by the end that owns them by I2 only; blocks are `Send`.
unsafe impl Send for Ring {}
// SAFETY: as above.
unsafe impl Sync for Ring {}

/// The end that sends.
#[derive(Debug)]
pub struct Sender {
    ring: Arc<Ring>,
    /// The counter as this end last saw it.
    head: usize,
}

/// The end that receives.
#[derive(Debug)]
pub struct Receiver {
    ring: Arc<Ring>,
    tail: usize,
}

/// A new ring's two ends.
#[must_use]
pub fn ring() -> (Sender, Receiver) {
    let ring = Arc::new(Ring {
        slots: (0..SLOTS).map(|_| Slot::default()).collect(),
        tail: Padded::default(),
        head: Padded::default(),
    });
    let receiver = Receiver {
        ring: Arc::clone(&ring),
        tail: 0,
    };
    (Sender { ring, head: 0 }, receiver)
}

impl Sender {
    /// Hands a block over; waits while the ring is full.
    #[inline]
    pub fn send(&mut self, block: Block) {
        let tail = self.ring.tail.0.load(Ordering::Relaxed);
        let mut looks = 0;
        while tail - self.head == SLOTS {
            wait(&mut looks);
            // Acquire: the receiver has read the slots below.
            self.head = self.ring.head.0.load(Ordering::Acquire);
        }
        let slot = self.ring.slots[tail % SLOTS].get();
        // SAFETY: the slot is ours (I2), since `tail` is below `head + SLOTS`.
        unsafe { *slot = Some(block.into_raw()) };
        // Release: publishes the slot to the receiver's Acquire.
        self.ring.tail.0.store(tail + 1, Ordering::Release);
    }
}

impl Receiver {
    /// The next block, if there is one.
    #[inline]
    pub fn try_receive(&mut self) -> Option<Block> {
        let head = self.ring.head.0.load(Ordering::Relaxed);
        if head == self.tail {
            // Acquire: the sender has written the slots below.
            self.tail = self.ring.tail.0.load(Ordering::Acquire);
            if head == self.tail {
                return None;
            }
        }
        let slot = self.ring.slots[head % SLOTS].get();
        // SAFETY: the slot is ours (I2), since `head` is below `tail`.
        let raw = unsafe { (*slot).take() };
        // Release: gives the slot back to the sender's Acquire.
        self.ring.head.0.store(head + 1, Ordering::Release);
        // SAFETY: a slot holds what one `into_raw` returned, and `take` took it once.
        raw.map(|(pointer, size)| unsafe { Block::from_raw(pointer, size) })
    }

    /// The next block; waits for it.
    #[inline]
    #[must_use]
    pub fn receive(&mut self) -> Block {
        let mut looks = 0;
        loop {
            if let Some(block) = self.try_receive() {
                return block;
            }
            wait(&mut looks);
        }
    }
}

impl Drop for Receiver {
    /// Blocks that were sent and not received are freed here.
    fn drop(&mut self) {
        while self.try_receive().is_some() {}
    }
}

/// One look of an end that waits: first for another processor, then in favour of another thread.
#[inline]
pub fn wait(looks: &mut u32) {
    *looks += 1;
    if *looks < LOOKS {
        std::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests;
