//! What a run costs: wall time, processor time, peak resident memory.
//!
//! One thread measures; the work may use others, and their processor time counts once they have
//! ended or while they run, because the system counts by process.
#![expect(
    unsafe_code,
    reason = "getrusage has no safe form without another dependency"
)]

use std::mem::MaybeUninit;
use std::time::Instant;

/// How much of its work a workload does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// As little as shows that it runs: one pass over a hundredth of the objects.
    Smoke,
    /// What is compared; the number multiplies the passes (1 is some tenths of a second).
    Full(u32),
}

impl Effort {
    /// `count` objects, or a hundredth of them in a smoke run, and at least one.
    #[must_use]
    pub fn objects(self, count: usize) -> usize {
        match self {
            Self::Smoke => (count / 100).max(1),
            Self::Full(_) => count,
        }
    }

    /// Runs `pass` once to warm up, then `passes` times under the clock.
    ///
    /// A pass returns how many operations it did.
    pub fn measure(self, passes: u32, mut pass: impl FnMut() -> u64) -> Outcome {
        let passes = match self {
            Self::Smoke => 1,
            Self::Full(times) => passes * times,
        };
        // What a long-running program has behind it: caches filled, pages touched.
        let _ = pass();
        let before = Clock::now();
        let mut operations = 0;
        for _ in 0..passes {
            operations += pass();
        }
        before.outcome(operations)
    }
}

/// What the timed part of a run did and cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Operations, in the workload's own unit.
    pub operations: u64,
    /// Nanoseconds by the clock on the wall.
    pub wall_ns: u64,
    /// Nanoseconds of processor time in user mode, all threads and ended children.
    pub user_ns: u64,
    /// Nanoseconds of processor time in the system, all threads and ended children.
    pub system_ns: u64,
}

/// The clocks at one moment.
struct Clock {
    wall: Instant,
    user_ns: u64,
    system_ns: u64,
}

impl Clock {
    fn now() -> Self {
        let (own_user, own_system) = processor_time(libc::RUSAGE_SELF);
        let (children_user, children_system) = processor_time(libc::RUSAGE_CHILDREN);
        Self {
            wall: Instant::now(),
            user_ns: own_user + children_user,
            system_ns: own_system + children_system,
        }
    }

    fn outcome(&self, operations: u64) -> Outcome {
        let wall = self.wall.elapsed();
        let now = Self::now();
        Outcome {
            operations,
            wall_ns: u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX),
            user_ns: now.user_ns - self.user_ns,
            system_ns: now.system_ns - self.system_ns,
        }
    }
}

/// User and system time in nanoseconds.
fn processor_time(who: libc::c_int) -> (u64, u64) {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is valid for a write of the structure.
    let failed = unsafe { libc::getrusage(who, usage.as_mut_ptr()) };
    assert!(failed == 0, "getrusage knows this process");
    // SAFETY: zero is a value of every field, and the call has filled them.
    let usage = unsafe { usage.assume_init() };
    let nanoseconds = |time: libc::timeval| {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let micros = u64::try_from(time.tv_usec).unwrap_or(0);
        seconds * 1_000_000_000 + micros * 1_000
    };
    (nanoseconds(usage.ru_utime), nanoseconds(usage.ru_stime))
}

/// The most memory that was resident in this process, in KiB; 0 where the system does not tell.
///
/// Read from `/proc`: what `getrusage` calls the maximum survives `exec`, so a small program
/// started by a large one would inherit its figure.
#[must_use]
pub fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}
