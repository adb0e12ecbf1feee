//! A thread's exit by std's thread-local destructors, where there are no pthread keys.
//!
//! Each thread's own; nothing is shared. Since Rust 1.93 a global allocator may use them.
use cache::Cache;
use core::cell::Cell;
use core::ptr::NonNull;

struct Guard(Cell<Option<NonNull<Cache>>>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(cache) = self.0.take() {
            super::death(cache);
        }
    }
}

std::thread_local! {
    static GUARD: Guard = const { Guard(Cell::new(None)) };
}

/// Nothing to prepare.
pub(crate) fn prepare() {}

/// Has the thread's exit give `cache` back. May allocate.
pub(super) fn register(cache: NonNull<Cache>) {
    // A thread that is past its destructors keeps the cache: a leak, no harm.
    let _ = GUARD.try_with(|guard| guard.0.set(Some(cache)));
}
