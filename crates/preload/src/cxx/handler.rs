//! What `operator new` does when there is no memory: the program's new-handler, then `bad_alloc`.
//!
//! The C++ library owns the handler; it is asked for by name each time, since it may have been
//! loaded after us, or never. All of this is cold, and nobody shares anything.
#![expect(
    unsafe_code,
    reason = "calls the C++ library by the names that dlsym finds"
)]

use core::ffi::{CStr, c_void};

use facade::c;
use facade::sync::fatal;

use super::Nothrow;

type Handler = unsafe extern "C-unwind" fn();

/// What an `operator new` was asked for.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) size: usize,
    /// `None`: the form without an alignment.
    pub(super) align: Option<usize>,
}

/// The standard's loop: while there is a handler, call it and try again. It may throw, or end the
/// process; without one, `bad_alloc` is thrown by the C++ library, or, if there is none that we can
/// see, the process ends with one line.
#[cold]
#[inline(never)]
pub(super) fn retry_or_throw(wanted: Wanted) -> *mut c_void {
    // No handler can help an alignment that does not exist.
    if wanted.align.is_none_or(usize::is_power_of_two)
        && let Some(block) = wanted.retry()
    {
        return block;
    }
    if let Some(throw) = find(c"_ZSt17__throw_bad_allocv", libc::RTLD_DEFAULT) {
        // SAFETY: `std::__throw_bad_alloc()` takes nothing and does not return.
        let throw: unsafe extern "C-unwind" fn() -> ! = unsafe { core::mem::transmute(throw) };
        // SAFETY: its exception may pass (C-unwind all the way up).
        unsafe { throw() };
    }
    fatal(
        "operator new: out of memory, and no C++ library to throw bad_alloc",
        &[("size", wanted.size)],
    )
}

/// Another try for a form that must not throw. Only C++ can catch what the handler throws: the C++
/// library's own form, whose memory comes from us again, does. Without one the handler is called
/// from here.
#[cold]
#[inline(never)]
pub(super) fn retry_quietly(wanted: Wanted, tag: Nothrow) -> *mut c_void {
    if current().is_none() {
        return core::ptr::null_mut();
    }
    if let Some(found) = find(wanted.name(), libc::RTLD_NEXT) {
        // SAFETY: found under the name of exactly this form.
        return unsafe { wanted.call(found, tag) };
    }
    wanted.retry().unwrap_or(core::ptr::null_mut())
}

impl Wanted {
    /// Calls the handler and tries again, until there is a block or no handler.
    fn retry(self) -> Option<*mut c_void> {
        while let Some(handler) = current() {
            // SAFETY: it takes nothing; its exceptions may pass (C-unwind all the way up).
            unsafe { handler() };
            let block = match self.align {
                None => c::malloc(self.size),
                Some(align) => c::aligned(align, self.size),
            };
            if !block.is_null() {
                return Some(block.cast());
            }
        }
        None
    }

    /// What a C++ compiler calls the form that does not throw. `new[]` may use that of `new`: they
    /// differ in name only.
    fn name(self) -> &'static CStr {
        match (self.align, size_of::<usize>()) {
            (None, 8) => c"_ZnwmRKSt9nothrow_t",
            (None, _) => c"_ZnwjRKSt9nothrow_t",
            (Some(_), 8) => c"_ZnwmSt11align_val_tRKSt9nothrow_t",
            (Some(_), _) => c"_ZnwjSt11align_val_tRKSt9nothrow_t",
        }
    }

    /// Calls the C++ library's form.
    ///
    /// # Safety
    /// `found` is the function called [`Wanted::name`].
    unsafe fn call(self, found: *mut c_void, tag: Nothrow) -> *mut c_void {
        let Some(align) = self.align else {
            // SAFETY: the signature of that name.
            let new: unsafe extern "C" fn(usize, Nothrow) -> *mut c_void =
                unsafe { core::mem::transmute(found) };
            // SAFETY: takes any size; the tag is the caller's own.
            return unsafe { new(self.size, tag) };
        };
        // SAFETY: the signature of that name.
        let new: unsafe extern "C" fn(usize, usize, Nothrow) -> *mut c_void =
            unsafe { core::mem::transmute(found) };
        // SAFETY: takes any size and alignment; the tag is the caller's own.
        unsafe { new(self.size, align, tag) }
    }
}

/// The program's new-handler, if it has a C++ library and has set one.
fn current() -> Option<Handler> {
    let found = find(c"_ZSt15get_new_handlerv", libc::RTLD_DEFAULT)?;
    // SAFETY: `std::get_new_handler()` takes nothing and returns a function pointer or null.
    let get: unsafe extern "C" fn() -> Option<Handler> = unsafe { core::mem::transmute(found) };
    // SAFETY: as above; it only reads.
    unsafe { get() }
}

/// What `name` is to the dynamic loader.
fn find(name: &CStr, from: *mut c_void) -> Option<*mut c_void> {
    // SAFETY: the name is a C string, `from` one of the loader's two constants.
    let found = unsafe { libc::dlsym(from, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}
