//! A value that whoever finds it unclaimed may use for a moment.
//!
//! Shared by all threads. Unlike a mutex nobody sleeps on it: threads that find one claimed go to
//! another, and the few that must have this one (decay, figures) look again until it is free. So giving
//! it back is a plain store, not a second read-modify-write, and a pair of claims costs half of what a
//! mutex costs. Sections are a few dozen instructions without a call.
#![expect(unsafe_code, reason = "hands out the value that the claim protects")]
use crate::limits::{CLAIM_LOOKS, modelled_const};
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;
use sync::atomic::{AtomicBool, Ordering};
use sync::cell::UnsafeCell;

/// # Invariants
///
/// * I1: the value is reached only by who holds the one [`Claimed`], which exists while `is_claimed`, or
///   by `&mut self`.
pub(crate) struct Claim<T> {
    is_claimed: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: I1 — one thread at a time reaches the value, so sharing only moves it between threads.
unsafe impl<T: Send> Sync for Claim<T> {}
// SAFETY: it owns its value, and nothing is bound to a thread.
unsafe impl<T: Send> Send for Claim<T> {}

impl<T> Claim<T> {
    modelled_const! {
        pub(crate) const fn new(value: T) -> Self {
            Self {
                is_claimed: AtomicBool::new(false),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// The value, if nobody has it.
    #[inline]
    pub(crate) fn try_claim(&self) -> Option<Claimed<'_, T>> {
        // Acquire: pairs with the Release of the last claim's end.
        let claimed =
            self.is_claimed
                .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
        claimed.ok().map(|_| Claimed {
            claim: NonNull::from(self),
            life: PhantomData,
        })
    }

    /// The value, after whoever has it.
    pub(crate) fn claim(&self) -> Claimed<'_, T> {
        loop {
            for _ in 0..CLAIM_LOOKS {
                if !self.is_claimed.load(Ordering::Relaxed)
                    && let Some(claimed) = self.try_claim()
                {
                    return claimed;
                }
                sync::spin_loop();
            }
            sync::yield_now();
        }
    }
}

impl<T> fmt::Debug for Claim<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").finish_non_exhaustive()
    }
}

/// Access to the value of a [`Claim`] until it is dropped.
///
/// # Invariants
///
/// * I2: `claim` is valid until the end of this claim, which is the last that this value does with it: it
///   may be freed from that moment on. That is why this is no reference, which would have to be valid
///   until the end of every function that it is given to.
pub(crate) struct Claimed<'a, T> {
    claim: NonNull<Claim<T>>,
    /// Not `Send`, by the pointer: a section ends on the thread where it began, soon.
    life: PhantomData<&'a Claim<T>>,
}

impl<T> Deref for Claimed<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: I2.
        let claim = unsafe { self.claim.as_ref() };
        // SAFETY: I1 — this is the one, and `&self` keeps `deref_mut` away.
        claim.value.with(|value| unsafe { &*value })
    }
}

impl<T> DerefMut for Claimed<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: I2.
        let claim = unsafe { self.claim.as_ref() };
        // SAFETY: I1 — this is the one, and `&mut self` makes the reference unique.
        claim.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T> Drop for Claimed<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: I2.
        let is_claimed = unsafe { &(*self.claim.as_ptr()).is_claimed };
        // Release: publishes what was written to the next claim.
        is_claimed.store(false, Ordering::Release);
    }
}

#[cfg(all(test, gomalloc_loom))]
mod models;
