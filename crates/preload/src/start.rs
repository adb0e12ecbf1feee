//! Start and end: what the loader calls when the library is mapped and when the process exits.
//!
//! Called once each, by one thread. By the time of the start others' constructors, and through them
//! other threads, may long have allocated: nothing that `malloc` needs is prepared here.
#![expect(
    unsafe_code,
    reason = "entries in .init_array and .fini_array, fork handlers"
)]

use crate::{errno, record};

#[used]
#[unsafe(link_section = ".init_array")]
static START: extern "C" fn() = start;

#[used]
#[unsafe(link_section = ".fini_array")]
static FINISH: extern "C" fn() = finish;

extern "C" fn start() {
    let kept = errno::get();
    if record::is_wanted() {
        // The allocator starts, and registers its fork handlers, with the process's first block. In
        // a program that has asked for none yet that would be after ours.
        let first = facade::c::malloc(1);
        // SAFETY: allocated just above, or null.
        let _ = unsafe { facade::c::free(first) };
        record::start();
        // SAFETY: the handler keeps to what is allowed in a fork's child: system calls and the
        // facade, whose own handler was registered, and hence runs, before this one.
        unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    }
    errno::set(kept);
}

extern "C" fn finish() {
    let kept = errno::get();
    record::finish();
    errno::set(kept);
}

unsafe extern "C" fn forked() {
    let kept = errno::get();
    record::restart();
    errno::set(kept);
}
