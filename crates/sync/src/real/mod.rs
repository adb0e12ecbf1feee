//! The real side of the seam: core's atomics, a transparent cell, the system's futex.
pub(crate) mod atomic;
pub(crate) mod cell;
pub(crate) mod futex;

/// Tells the processor that this thread is waiting for another in a short loop.
#[inline]
pub fn spin_loop() {
    core::hint::spin_loop();
}

/// Offers the rest of this thread's time slice to other threads; a mere [`spin_loop`] where the
/// system has no such call.
pub fn yield_now() {
    #[cfg(unix)]
    rustix::thread::sched_yield();
    #[cfg(not(unix))]
    spin_loop();
}
