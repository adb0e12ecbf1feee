//! The lock itself: three states on a futex word, no allocation, no poisoning, no unwinding.
//!
//! Shared by every thread that may take it; protected by its own word. After the second and third
//! mutex of U. Drepper, "Futexes Are Tricky" (2011).
//!
//! # Invariants
//!
//! * I1: the word is [`FREE`], [`HELD`] (nobody sleeps) or [`WAITED`] (somebody may sleep).
//! * I2: a thread sleeps only after it saw or set `WAITED`; whoever unlocks from `WAITED` wakes one.
//! * I3: a woken thread takes the lock as `WAITED`, since it can't know that it slept alone.
use crate::atomic::Ordering;
use crate::imp::futex::Futex;

const FREE: u32 = 0;
const HELD: u32 = 1;
const WAITED: u32 = 2;

/// How often a taker looks again before it sleeps. The sections behind these locks last some
/// hundred nanoseconds; 100 looks with the processor's hint take about 1–4 µs, which is less than
/// one futex sleep and wake-up (5–10 µs). A model has nothing to gain from looking twice.
const SPINS: core::ops::Range<u32> = 0..if cfg!(gomalloc_loom) { 0 } else { 100 };

/// A lock without a guard, for code that can't hold one: fork handlers and [`Mutex`](crate::Mutex).
#[derive(Debug)]
pub struct RawLock {
    futex: Futex,
}

impl RawLock {
    /// A free lock.
    #[cfg(not(gomalloc_loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            futex: Futex::new(FREE),
        }
    }

    /// A free lock.
    #[cfg(gomalloc_loom)]
    #[must_use]
    pub fn new() -> Self {
        Self {
            futex: Futex::new(FREE),
        }
    }

    /// Takes the lock, sleeping until it is free. Not reentrant: a second call by the holder never
    /// returns.
    #[inline]
    pub fn lock(&self) {
        if !self.try_lock() {
            self.lock_slow();
        }
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_lock(&self) -> bool {
        // Acquire: pairs with the Release in `unlock` (model: `lock/models.rs`).
        self.futex
            .word()
            .compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[cold]
    #[inline(never)]
    fn lock_slow(&self) {
        for _ in SPINS {
            crate::spin_loop();
            if self.futex.word().load(Ordering::Relaxed) == FREE && self.try_lock() {
                return;
            }
        }
        // I2, I3. Acquire as in `try_lock`: the swap that finds FREE is the acquisition.
        while self.futex.word().swap(WAITED, Ordering::Acquire) != FREE {
            self.futex.wait(WAITED);
        }
    }

    /// Gives the lock back. To be called by its holder only: a call by anybody else lets two
    /// threads in, so the types that hand out protected data keep this call to themselves.
    #[inline]
    pub fn unlock(&self) {
        // Release: publishes what was written under the lock to the next `try_lock` or swap.
        if self.futex.word().swap(FREE, Ordering::Release) == WAITED {
            self.futex.wake_one();
        }
    }

    /// Makes the lock free whoever held it: for the child of a fork, in which the holder and the
    /// sleepers don't exist.
    pub fn reset(&self) {
        self.futex.word().store(FREE, Ordering::Release);
    }
}

impl Default for RawLock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, gomalloc_loom))]
mod models;
#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
