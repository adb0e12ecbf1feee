//! Signals between the caller, this command and the program that it runs.
//!
//! The program must find the world that it would have found without us: what was ignored stays ignored,
//! what is sent to us reaches it, and the way it ends is the way we end.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use signal_hook::consts::signal::{
    SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH,
};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::origin::{Origin, WithOrigin};
use signal_hook::low_level::{emulate_default_handler, siginfo::Cause};

mod inherited;

/// What a waiting parent passes on. Not the stop signals: a terminal sends these to both, and both stop.
const FORWARDED: [i32; 9] = [
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGWINCH,
];

/// Makes `command` start with the ignored signals that we were started with (Rust's own start-up and
/// [`Command`] change SIGPIPE; our own handlers would hide the others).
pub(crate) fn restore_ignored(command: &mut Command) {
    inherited::restore_ignored(command);
}

/// Runs `command` to its end and forwards signals meanwhile.
pub(crate) fn supervise(command: &mut Command) -> io::Result<(u32, ExitStatus)> {
    restore_ignored(command);
    let caught = FORWARDED
        .into_iter()
        .filter(|&signal| !inherited::is_ignored(signal));
    // Caught before the program starts: what arrives in between waits in the iterator.
    let mut signals = SignalsInfo::<WithOrigin>::new(caught.chain([SIGCHLD]))?;
    let mut child = command.spawn()?;
    let pid = child.id();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((pid, status));
        }
        for origin in signals.wait() {
            if origin.signal != SIGCHLD {
                forward(&child, &origin);
            }
        }
    }
}

/// Passes a signal on, unless the kernel sent it: a terminal's signals go to the whole foreground group, the
/// program has its own already.
fn forward(child: &Child, origin: &Origin) {
    if matches!(origin.cause, Cause::Kernel) {
        return;
    }
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let (Some(pid), Some(signal)) = (pid, Signal::from_named_raw(origin.signal)) {
        // The child is not waited for yet, so the number is still its own; an error means it has just ended.
        let _ = kill_process(pid, signal);
    }
}

/// Ends this process as the program ended: with its status, or by the same signal.
pub(crate) fn end_like(status: ExitStatus) -> u8 {
    if let Some(signal) = status.signal() {
        // One core file is enough, and it is the program's.
        let limit = Rlimit {
            current: Some(0),
            maximum: getrlimit(Resource::Core).maximum,
        };
        let _ = setrlimit(Resource::Core, limit);
        // Does not return for a signal that ends a process and has a name.
        let _ = emulate_default_handler(signal);
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(u8::MAX)
}
