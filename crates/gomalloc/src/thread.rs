//! The calling thread's cache: where the pointer to it lives, and what happens at a thread's exit.
//!
//! A slot belongs to its thread alone. It holds one of three things: the shared [`EMPTY`] cache
//! (nothing allocated yet), the thread's own cache, or the shared [`GONE`] cache (the thread's exit
//! has flushed its own; what its last destructors do goes straight to the exchange). Both shared
//! caches have room for nothing, so a hit tests no null and every miss finds its way here.
use crate::assembly;
use cache::Cache;
use core::ptr::NonNull;

#[cfg_attr(unix, path = "thread/exit_unix.rs")]
#[cfg_attr(not(unix), path = "thread/exit_other.rs")]
mod exit;
#[cfg_attr(
    all(feature = "initial-exec", target_os = "linux", target_arch = "x86_64"),
    path = "thread/slot_initial_exec.rs"
)]
#[cfg_attr(
    not(all(feature = "initial-exec", target_os = "linux", target_arch = "x86_64")),
    path = "thread/slot_native.rs"
)]
mod slot;

pub(crate) use exit::prepare;

/// The cache of threads that have none yet.
static EMPTY: Cache = Cache::new_shared();
/// The cache of threads whose exit has begun.
static GONE: Cache = Cache::new_shared();

/// The cache to pop from and push to: the thread's own, or a shared one that always misses.
#[inline(always)]
pub(crate) fn cache() -> NonNull<Cache> {
    slot::get()
}

/// The thread's own cache, made now if this is its first miss. `None`: its exit has begun, or there
/// is no memory for a cache; the caller goes to the exchange itself.
pub(crate) fn own_cache() -> Option<NonNull<Cache>> {
    let current = slot::get();
    if current == NonNull::from(&EMPTY) {
        return birth();
    }
    (current != NonNull::from(&GONE)).then_some(current)
}

#[cold]
fn birth() -> Option<NonNull<Cache>> {
    let cache = assembly::caches()?.acquire()?;
    // Before the exit is registered: registering may allocate, and then finds this cache.
    slot::set(cache);
    exit::register(cache);
    Some(cache)
}

/// The thread's own cache, if it has one.
pub(crate) fn existing_cache() -> Option<NonNull<Cache>> {
    let current = slot::get();
    (current != NonNull::from(&EMPTY) && current != NonNull::from(&GONE)).then_some(current)
}

/// A thread ends: its cache is flushed and given back, and its slot says so.
#[expect(
    unsafe_code,
    reason = "gives back the cache that only this thread used"
)]
fn death(cache: NonNull<Cache>) {
    slot::set(NonNull::from(&GONE));
    if let Some(caches) = assembly::caches() {
        // SAFETY: the cache came from this set at the thread's birth, the slot no longer leads to
        // it, and a slot is the only way to it.
        let flushed = unsafe { caches.give_back(cache) };
        if let Err(error) = flushed {
            crate::misuse::end(error);
        }
    }
}
