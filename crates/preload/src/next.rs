//! The next allocator in line: who a pointer belongs to that is not ours.
//!
//! A process may have several allocators: the loader's own for what it took before any library was
//! bound, one that is preloaded behind us, libc's behind a `dlsym`. What lies outside every arena of
//! ours is handed to them. Shared by every thread; the answers of `dlsym` are cached in one word
//! each, which every thread would fill with the same value.
#![expect(
    unsafe_code,
    reason = "asks the dynamic loader and calls what it finds"
)]

use core::ffi::{CStr, c_void};

use facade::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use facade::sync::fatal;

use crate::errno;

/// One function of the next allocator, looked up when it is first needed.
struct Next {
    name: &'static CStr,
    /// Null: not looked up yet, or not there.
    found: AtomicPtr<c_void>,
}

static FREE: Next = Next::new(c"free");
static REALLOC: Next = Next::new(c"realloc");
static USABLE_SIZE: Next = Next::new(c"malloc_usable_size");

/// Which thread is inside `dlsym` (see [`errno::thread_number`]), 0: none, or more than one.
static ASKING: AtomicUsize = AtomicUsize::new(0);

impl Next {
    const fn new(name: &'static CStr) -> Self {
        Next {
            name,
            found: AtomicPtr::new(core::ptr::null_mut()),
        }
    }

    /// The function's address, `None` if nobody has one.
    ///
    /// No lock: `dlsym` takes the loader's, under which constructors run that may free.
    fn get(&self) -> Option<*mut c_void> {
        // Relaxed: the address is all that is published; the code behind it was mapped before
        // the loader could hand it out.
        let mut found = self.found.load(Ordering::Relaxed);
        if found.is_null() {
            // SAFETY: the name is a C string, and RTLD_NEXT asks from this library on.
            found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
            self.found.store(found, Ordering::Relaxed);
        }
        (!found.is_null()).then_some(found)
    }
}

/// Frees a block that is not ours. Ends the process with one line if there is nobody to take it.
///
/// # Safety
/// `pointer` is a live block of the next allocator in line.
#[cold]
#[inline(never)]
pub(crate) unsafe fn free(pointer: *mut c_void) {
    let kept = errno::get();
    let me = errno::thread_number();
    if ASKING.load(Ordering::Relaxed) == me {
        // `dlsym` itself frees a block of somebody else's while we ask it whose that is: leaving
        // those few bytes is the only way that does not go round in circles.
        return;
    }
    // Relaxed twice: only this thread compares the word with its own number.
    let first = ASKING.compare_exchange(0, me, Ordering::Relaxed, Ordering::Relaxed);
    let found = FREE.get();
    if first.is_ok() {
        ASKING.store(0, Ordering::Relaxed);
    }
    let Some(found) = found else {
        fatal(
            "free of a pointer that no allocator here has handed out",
            &[("pointer", pointer.addr())],
        );
    };
    // SAFETY: every `free` in C has this signature.
    let free: unsafe extern "C" fn(*mut c_void) = unsafe { core::mem::transmute(found) };
    // SAFETY: the caller's duty, handed on.
    unsafe { free(pointer) };
    errno::set(kept);
}

/// Resizes a block that is not ours, which stays the next allocator's.
///
/// # Safety
/// `pointer` is a live block of the next allocator in line.
#[cold]
#[inline(never)]
pub(crate) unsafe fn realloc(pointer: *mut c_void, size: usize) -> *mut c_void {
    let Some(found) = REALLOC.get() else {
        fatal(
            "realloc of a pointer that no allocator here has handed out",
            &[("pointer", pointer.addr())],
        );
    };
    // SAFETY: every `realloc` in C has this signature.
    let realloc: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void =
        unsafe { core::mem::transmute(found) };
    // SAFETY: the caller's duty, handed on.
    unsafe { realloc(pointer, size) }
}

/// Usable bytes of a block that is not ours, 0 if nobody can tell.
///
/// # Safety
/// `pointer` is a live block of the next allocator in line.
#[cold]
#[inline(never)]
pub(crate) unsafe fn usable_size(pointer: *mut c_void) -> usize {
    let Some(found) = USABLE_SIZE.get() else {
        return 0;
    };
    // SAFETY: every `malloc_usable_size` in C has this signature.
    let usable_size: unsafe extern "C" fn(*mut c_void) -> usize =
        unsafe { core::mem::transmute(found) };
    // SAFETY: the caller's duty, handed on.
    unsafe { usable_size(pointer) }
}
