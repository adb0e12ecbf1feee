//! One run of a program: time on the clock, time on the processor, peak memory.
#![expect(
    unsafe_code,
    reason = "`wait4` tells what one child used; no safe crate that we have offers it"
)]

use core::mem;
use core::time::Duration;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::time::Instant;

use crate::signal;

/// What one run used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) wall: Duration,
    /// User and system time of the process and of those children that it waited for.
    pub(super) processor: Duration,
    /// Highest resident size in bytes of the process, or of the largest child that it waited for.
    pub(super) peak_bytes: u64,
}

/// Runs `command` to its end.
pub(super) fn run(command: &mut Command) -> io::Result<(Measured, ExitStatus)> {
    signal::restore_ignored(command);
    // A closure makes `Command` fork, where it would otherwise share our memory until `exec` (vfork). The
    // kernel counts the memory before `exec` towards the child's peak: all of ours then, but only the few
    // written pages after a fork, which is less than the smallest program has.
    // SAFETY: the closure does nothing.
    unsafe { command.pre_exec(|| Ok(())) };
    let began = Instant::now();
    let child = command.spawn()?;
    let pid = libc::pid_t::try_from(child.id()).map_err(io::Error::other)?;
    let (status, usage) = wait(pid)?;
    let wall = began.elapsed();
    let processor = duration(usage.ru_utime) + duration(usage.ru_stime);
    // Linux counts in KiB.
    let peak_bytes = u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024;
    Ok((
        Measured {
            wall,
            processor,
            peak_bytes,
        },
        status,
    ))
}

fn wait(pid: libc::pid_t) -> io::Result<(ExitStatus, libc::rusage)> {
    let mut status = 0;
    // SAFETY: a C structure of integers: zero is a value of it.
    let mut usage: libc::rusage = unsafe { mem::zeroed() };
    loop {
        // SAFETY: both pointers are to variables of ours of the right type; `pid` is a child that nobody else
        // waits for.
        let result = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
        if result == pid {
            return Ok((ExitStatus::from_raw(status), usage));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
}
