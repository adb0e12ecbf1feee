//! The signals that were ignored when this process started.
//!
//! Rust's start-up ignores SIGPIPE and its `Command` resets it to the default: a service that systemd
//! starts (`IgnoreSIGPIPE=yes`) would die of it under us and not without us. So the dispositions are read
//! before `main`, and set again in the child between `fork` and `exec`.
#![expect(
    unsafe_code,
    reason = "dispositions are read before main, and set between fork and exec"
)]

use core::ffi::c_int;
use core::sync::atomic::{AtomicU64, Ordering};
use core::{mem, ptr};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Those that Rust's start-up or our handlers change, or that decide what we may catch.
const WATCHED: [c_int; 11] = [
    libc::SIGPIPE,
    libc::SIGCHLD,
    libc::SIGINT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGCONT,
    libc::SIGWINCH,
];

/// One bit a signal; written once, before `main`.
static IGNORED: AtomicU64 = AtomicU64::new(0);

// SAFETY: a pointer to a function of the type that the C library calls from this section, once, before
// `main`, when its own parts are initialised.
#[unsafe(link_section = ".init_array")]
#[used]
static CAPTURE: extern "C" fn() = capture;

extern "C" fn capture() {
    let mut ignored = 0;
    for signal in WATCHED {
        if disposition(signal) == Some(libc::SIG_IGN) {
            ignored |= 1 << signal;
        }
    }
    // Relaxed: there is one thread yet.
    IGNORED.store(ignored, Ordering::Relaxed);
}

fn disposition(signal: c_int) -> Option<libc::sighandler_t> {
    // SAFETY: a C structure of integers and a nullable function pointer: zero is a value of it.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: a null new action only asks; `action` is ours and large enough.
    let result = unsafe { libc::sigaction(signal, ptr::null(), &raw mut action) };
    (result == 0).then_some(action.sa_sigaction)
}

/// Whether `signal` (one of the watched) was ignored when we were started.
pub(super) fn is_ignored(signal: c_int) -> bool {
    IGNORED.load(Ordering::Relaxed) & (1 << signal) != 0
}

/// Makes the child ignore what we were started with.
pub(super) fn restore_ignored(command: &mut Command) {
    if !WATCHED.into_iter().any(is_ignored) {
        return;
    }
    let restore = || {
        for signal in WATCHED {
            if is_ignored(signal) {
                // SAFETY: `signal` may be called between fork and exec (async-signal-safe), and ignoring
                // runs no code of ours.
                unsafe { libc::signal(signal, libc::SIG_IGN) };
            }
        }
        Ok(())
    };
    // SAFETY: the closure reads an atomic and calls `signal`; it neither allocates nor locks.
    unsafe { command.pre_exec(restore) };
}
