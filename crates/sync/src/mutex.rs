//! A value behind a ranked [`RawLock`].
//!
//! Shared by every thread; the lock protects the value. Taking locks out of the order of their
//! ranks panics in debug builds with the `std` feature (see [`Rank`]).
#![expect(unsafe_code, reason = "hands out the value that the lock protects")]
use crate::cell::UnsafeCell;
use crate::{Rank, RawLock};
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

/// A value that one thread at a time can reach.
///
/// No poisoning: the code behind these locks does not unwind.
///
/// # Invariants
///
/// * I1: the content is reached only through a [`MutexGuard`], through `&mut self`, or by code that
///   called [`Mutex::lock_raw`]; each of them is unique while it lasts.
pub struct Mutex<T> {
    lock: RawLock,
    rank: Rank,
    value: UnsafeCell<T>,
}

// SAFETY: I1 — the value is reached by one thread at a time, so sharing the mutex only moves the
// value between threads, which `T: Send` allows.
unsafe impl<T: Send> Sync for Mutex<T> {}
// SAFETY: the mutex owns its value and nothing of it is bound to a thread.
unsafe impl<T: Send> Send for Mutex<T> {}

impl<T> Mutex<T> {
    /// A free mutex of this rank.
    #[cfg(not(gomalloc_loom))]
    pub const fn new(rank: Rank, value: T) -> Self {
        Self {
            lock: RawLock::new(),
            rank,
            value: UnsafeCell::new(value),
        }
    }

    /// A free mutex of this rank.
    #[cfg(gomalloc_loom)]
    pub fn new(rank: Rank, value: T) -> Self {
        Self {
            lock: RawLock::new(),
            rank,
            value: UnsafeCell::new(value),
        }
    }

    /// Waits for the lock and returns the guard that gives it back.
    ///
    /// # Panics
    ///
    /// In debug builds with the `std` feature, if this thread holds a lock of the same or a higher
    /// rank.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.rank.enter();
        self.lock.lock();
        MutexGuard {
            mutex: self,
            not_send: PhantomData,
        }
    }

    /// Takes the lock if it is free. A try cannot deadlock, but what it holds is still ranked.
    ///
    /// # Panics
    ///
    /// As [`Mutex::lock`].
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        if !self.lock.try_lock() {
            return None;
        }
        self.rank.enter();
        Some(MutexGuard {
            mutex: self,
            not_send: PhantomData,
        })
    }

    /// The value, by exclusive access.
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: I1 — `&mut self` excludes guards.
        self.value.with_mut(|value| unsafe { &mut *value })
    }

    /// Takes the lock without a guard and without the rank check, for a fork handler that takes
    /// every lock of a layer.
    pub fn lock_raw(&self) {
        self.lock.lock();
    }

    /// Gives back what [`Mutex::lock_raw`] took.
    ///
    /// # Safety
    ///
    /// This thread holds the lock through [`Mutex::lock_raw`].
    pub unsafe fn unlock_raw(&self) {
        self.lock.unlock();
    }

    /// Makes the lock free in the child of a fork.
    ///
    /// # Safety
    ///
    /// The caller is the only thread of the process and the forking thread took the lock through
    /// [`Mutex::lock_raw`] before, so that the value is whole.
    pub unsafe fn reset_raw(&self) {
        self.lock.reset();
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex")
            .field("rank", &self.rank)
            .finish_non_exhaustive()
    }
}

/// Access to the value of a [`Mutex`]; gives the lock back when it is dropped.
#[must_use = "the lock is given back when the guard is dropped"]
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// The rank mask is a thread's own, so a guard stays with its thread.
    not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard only reads the value, which `T: Sync` allows from any thread.
unsafe impl<T: Sync> Sync for MutexGuard<'_, T> {}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: I1 — this guard holds the lock, and `&self` keeps `deref_mut` away.
        self.mutex.value.with(|value| unsafe { &*value })
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: I1 — this guard holds the lock, and `&mut self` makes the reference unique.
        self.mutex.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.rank.leave();
        self.mutex.lock.unlock();
    }
}

impl<T: fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
