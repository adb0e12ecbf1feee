//! What happens to the locks when the process forks.
//!
//! The forking thread takes every lock of the allocator, from the outermost rank to the innermost,
//! so that the child's copy is whole; the parent gives them back, the child makes them free anew,
//! since the threads that waited for them are not there.
//!
//! The stack pool's locks are not among them yet: a child that forked while another thread was inside
//! the pool must not use [`stacks`](fn@crate::stacks).
#![expect(
    unsafe_code,
    reason = "registers handlers, and takes locks without guards"
)]
use crate::{assembly, maintain, thread};
use sync::atomic::{AtomicBool, Ordering};

/// Whether the handlers are registered; twice they would take each lock twice.
static IS_REGISTERED: AtomicBool = AtomicBool::new(false);

/// Registers the handlers, unless they are. After start-up is complete: registering may allocate.
pub(crate) fn register() {
    if IS_REGISTERED.swap(true, Ordering::Relaxed) {
        return;
    }
    // SAFETY: the handlers have C's calling convention, take nothing and are there for ever. A
    // failure (out of memory) leaves a process that must not allocate in a fork's child.
    let _ = unsafe { libc::pthread_atfork(Some(prepare), Some(parent), Some(child)) };
}

unsafe extern "C" fn prepare() {
    if let Some((heap, central, caches)) = assembly::parts() {
        caches.lock_for_fork();
        central.lock_for_fork();
        // SAFETY: the parent or the child gives the locks back.
        unsafe { heap.lock_for_fork() };
    }
}

unsafe extern "C" fn parent() {
    if let Some((heap, central, caches)) = assembly::parts() {
        // SAFETY: this thread took the locks in `prepare`; innermost first.
        unsafe { heap.unlock_after_fork() };
        // SAFETY: as above.
        unsafe { central.unlock_after_fork() };
        // SAFETY: as above.
        unsafe { caches.unlock_after_fork() };
    }
}

unsafe extern "C" fn child() {
    if let Some((heap, central, caches)) = assembly::parts() {
        // SAFETY: the child's only thread is the one that took the locks in `prepare`.
        unsafe { heap.reset_in_child() };
        // SAFETY: as above.
        unsafe { central.reset_in_child() };
        // SAFETY: as above.
        unsafe { caches.reset_in_child(thread::cache()) };
        maintain::after_fork_in_child();
    }
}

#[cfg(test)]
mod tests;
