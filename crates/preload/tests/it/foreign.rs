//! Pointers outside every arena: handed to the next allocator in line.

use std::ffi::{OsStr, OsString};

use crate::library;
use crate::program::{compile, must_be_done, preloaded, run};

#[test]
fn blocks_of_libc_go_back_to_libc() {
    must_be_done("foreign.c", &["libc"]);
}

#[test]
fn blocks_of_a_library_behind_us_go_to_it() {
    let next = compile("next.c", &[OsStr::new("-shared"), OsStr::new("-fPIC")]);
    let mut command = preloaded(&compile("foreign.c", &[]));
    let mut both = OsString::from(library::shared());
    both.push(":");
    both.push(next);
    command.env("LD_PRELOAD", both).arg("next");
    run(command).must_be_done();
}

/// A tool that replaces `dlsym` and allocates in it, as some do: our own look-up comes through it.
#[test]
fn dlsym_may_allocate_and_free() {
    let dlsym = compile("dlsym.c", &[OsStr::new("-shared"), OsStr::new("-fPIC")]);
    let mut command = preloaded(&compile("foreign.c", &[]));
    let mut both = OsString::from(library::shared());
    both.push(":");
    both.push(dlsym);
    command.env("LD_PRELOAD", both).arg("dlsym");
    run(command).must_be_done();
}
