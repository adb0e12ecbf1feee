//! Threads by C's means, for children of a fork and where every byte of a thread is counted.
//!
//! A thread of std's takes locks of std's when it starts; the child of a fork may find them held.
use core::ffi::c_void;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

type Work = Box<dyn FnOnce() + Send>;

/// A thread that has not been joined.
#[derive(Debug)]
pub(crate) struct Thread(libc::pthread_t);

/// Starts a thread. `None`: the system has none left.
pub(crate) fn spawn(work: impl FnOnce() + Send + 'static) -> Option<Thread> {
    spawn_with_stack(work, 256 << 10)
}

/// As [`spawn`], with a stack of so many bytes without a guard.
pub(crate) fn spawn_with_stack(
    work: impl FnOnce() + Send + 'static,
    stack_bytes: usize,
) -> Option<Thread> {
    let work: Box<Work> = Box::new(Box::new(work));
    let work = Box::into_raw(work);
    let mut attributes = core::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
    let attributes = attributes.as_mut_ptr();
    let mut thread = 0;
    // SAFETY: a place for attributes, which are initialised by this.
    unsafe { libc::pthread_attr_init(attributes) };
    // SAFETY: initialised above.
    let sized = unsafe { libc::pthread_attr_setstacksize(attributes, stack_bytes) };
    assert_eq!(sized, 0, "{stack_bytes} bytes of stack");
    // SAFETY: as above.
    unsafe { libc::pthread_attr_setguardsize(attributes, 0) };
    // SAFETY: `start` takes what it is given: a closure that is its own from then on.
    let made = unsafe { libc::pthread_create(&raw mut thread, attributes, start, work.cast()) };
    // SAFETY: as above; the thread does not need them any more.
    unsafe { libc::pthread_attr_destroy(attributes) };
    if made == 0 {
        return Some(Thread(thread));
    }
    // SAFETY: made above, and no thread has it.
    drop(unsafe { Box::from_raw(work) });
    None
}

impl Thread {
    /// Waits for the thread's end. Says whether it ended without a panic.
    pub(crate) fn join(self) -> bool {
        let mut result = core::ptr::null_mut();
        // SAFETY: made by `spawn`, and joined once, since `self` is gone.
        let joined = unsafe { libc::pthread_join(self.0, &raw mut result) };
        assert_eq!(joined, 0);
        result.is_null()
    }
}

extern "C" fn start(work: *mut c_void) -> *mut c_void {
    // SAFETY: made by `spawn` for this thread.
    let work = unsafe { Box::from_raw(work.cast::<Work>()) };
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(()) => core::ptr::null_mut(),
        Err(_) => core::ptr::without_provenance_mut(1),
    }
}
