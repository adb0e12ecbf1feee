//! A 32-bit word that threads can sleep on: the kernel's futex, or yielding where there is none.
//!
//! Shared by the threads that contend for one lock; the kernel makes check and sleep one step.
use crate::atomic::AtomicU32;

/// The word of a lock, and the calls that put threads to sleep on it.
#[derive(Debug)]
pub(crate) struct Futex(AtomicU32);

impl Futex {
    pub(crate) const fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }

    #[inline(always)]
    pub(crate) fn word(&self) -> &AtomicU32 {
        &self.0
    }

    /// Sleeps if the word still holds `expected`; may return at any time.
    #[cfg(all(target_os = "linux", not(miri)))]
    pub(crate) fn wait(&self, expected: u32) {
        use rustix::thread::futex::{Flags, wait};
        // An error is a changed word or a signal; the caller looks at the word again either way.
        let _ = wait(&self.0, Flags::PRIVATE, expected, None);
    }

    /// Wakes one sleeper, if there is one.
    #[cfg(all(target_os = "linux", not(miri)))]
    pub(crate) fn wake_one(&self) {
        use rustix::thread::futex::{Flags, wake};
        // Waking can fail only for an address that is not mapped, and ours is.
        let _ = wake(&self.0, Flags::PRIVATE, 1);
    }

    /// Without a futex (or under Miri, for which rustix makes a pointer of a number): gives the time
    /// slice away and lets the caller look again.
    #[cfg(not(all(target_os = "linux", not(miri))))]
    pub(crate) fn wait(&self, _expected: u32) {
        super::yield_now();
    }

    /// Without a futex nobody sleeps, so nobody is woken.
    #[cfg(not(all(target_os = "linux", not(miri))))]
    pub(crate) fn wake_one(&self) {}
}
