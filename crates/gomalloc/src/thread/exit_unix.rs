//! A thread's exit by a pthread key: works for threads that C started, too.
//!
//! The key is shared and set once at start-up; its values are each thread's own. A destructor of
//! thread-local storage by Rust's means would register itself through an allocation, and would not
//! run for a thread of a program in another language.
#![expect(unsafe_code, reason = "calls the thread library")]
use cache::Cache;
use core::ffi::c_void;
use core::ptr::NonNull;
use sync::atomic::{AtomicUsize, Ordering};

/// The key plus one; 0 means that there is none, and then threads are never flushed.
static KEY: AtomicUsize = AtomicUsize::new(0);

/// Makes the key, unless it is there. At start-up, before the first cache, by one thread at a time.
pub(crate) fn prepare() {
    if KEY.load(Ordering::Acquire) != 0 {
        return;
    }
    let mut key: libc::pthread_key_t = 0;
    // SAFETY: `key` is a place for the key; the destructor takes what `register` stored.
    let made = unsafe { libc::pthread_key_create(&raw mut key, Some(exit)) };
    if made == 0 {
        KEY.store(key as usize + 1, Ordering::Release);
    }
}

/// Has the thread's exit give `cache` back. May allocate.
pub(super) fn register(cache: NonNull<Cache>) {
    // Acquire: pairs with `prepare`, although the thread that made the set made the key before it.
    let Some(key) = KEY.load(Ordering::Acquire).checked_sub(1) else {
        return;
    };
    let Ok(key) = libc::pthread_key_t::try_from(key) else {
        return;
    };
    // SAFETY: the key exists. A failure leaves the cache with its dead thread: a leak, no harm.
    let _ = unsafe { libc::pthread_setspecific(key, cache.as_ptr().cast()) };
}

unsafe extern "C" fn exit(cache: *mut c_void) {
    if let Some(cache) = NonNull::new(cache.cast()) {
        super::death(cache);
    }
}
