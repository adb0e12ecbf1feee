//! The modelled side of the seam: loom's atomics and cell, and a futex made of loom's parts.
pub(crate) mod atomic;
pub(crate) mod cell;
pub(crate) mod futex;

/// Lets loom run another thread.
pub fn spin_loop() {
    loom::hint::spin_loop();
}

/// Lets loom run another thread.
pub fn yield_now() {
    loom::thread::yield_now();
}
