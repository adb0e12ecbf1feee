//! What is done now and then: idle memory goes back to the system, by whoever passes by or by a thread.
//!
//! Called by every thread on its slow paths. The heap decides what is due; this file owns the clock,
//! the optional thread and what happens under memory pressure.
use crate::once::Once;
use crate::{Scavenger, assembly, misuse};
use heap::{OnPressure, Pressure};
use sync::atomic::{AtomicBool, Ordering};

/// Whether a thread of ours does it.
static HAS_THREAD: AtomicBool = AtomicBool::new(false);
/// Whether that thread is still to be started.
static WANTS_THREAD: AtomicBool = AtomicBool::new(false);

/// What somebody above wants done now and then, too.
static HOOK: Once<fn()> = Once::new();

/// What the heap calls before it gives up: the layers above it hold spans that are wholly free.
pub(crate) const ON_PRESSURE: OnPressure = OnPressure(&relieve);

fn relieve(_pressure: Pressure) {
    if let Some((_, central, caches)) = assembly::parts() {
        if let Err(error) = caches.flush_dead() {
            misuse::end(error);
        }
        central.release_kept();
    }
}

/// Notes who is to give memory back. The thread is started later, by a slow path.
pub(crate) fn choose(scavenger: Scavenger) {
    WANTS_THREAD.store(scavenger == Scavenger::Thread, Ordering::Relaxed);
}

/// Gives back what is due, if this is done in line: reading a coarse clock, if nothing is.
#[inline]
pub(crate) fn pass_by() {
    if WANTS_THREAD.load(Ordering::Relaxed) {
        start_thread();
    }
    if !HAS_THREAD.load(Ordering::Relaxed) {
        step();
    }
    if let Some(hook) = HOOK.get() {
        hook();
    }
}

/// Has `hook` called on slow paths of every thread, which hold no lock then. Only the first hook of
/// a process counts. It must be quick when nothing is due, and must not allocate.
pub(crate) fn hook(hook: fn()) {
    let Ok(_) = HOOK.get_or_try_init(|| Ok::<_, core::convert::Infallible>(hook));
}

fn step() {
    if let Some((heap, central, _)) = assembly::parts()
        && heap.scavenge_step(now_ms()).get() > 0
    {
        central.release_kept();
    }
}

/// Starts the thread that was asked for. What it allocates comes back here and finds nothing to do.
#[cold]
fn start_thread() {
    if !WANTS_THREAD.swap(false, Ordering::Relaxed) {
        return;
    }
    let thread = std::thread::Builder::new()
        .name(String::from("gomalloc"))
        .stack_size(64 << 10)
        .spawn(|| {
            loop {
                std::thread::sleep(PERIOD);
                step();
            }
        });
    // Without a thread, the others go on as if none had been asked for.
    HAS_THREAD.store(thread.is_ok(), Ordering::Relaxed);
}

/// In a fork's child the thread is not there; the child does it in line.
pub(crate) fn after_fork_in_child() {
    HAS_THREAD.store(false, Ordering::Relaxed);
}

/// A tenth of the default decay time: the heap looks at free memory in epochs of that length.
const PERIOD: core::time::Duration = core::time::Duration::from_millis(100);

/// Milliseconds of a clock that does not go back; coarse (1–4 ms), since it is read often.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[expect(unsafe_code, reason = "std has no coarse clock")]
fn now_ms() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is a place for the time. A failure leaves it zero, and nothing becomes due.
    let _ = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut now) };
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1000 + u64::try_from(now.tv_nsec).unwrap_or(0) / 1_000_000
}

/// Milliseconds since the first call.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn now_ms() -> u64 {
    static START: Once<std::time::Instant> = Once::new();
    let start =
        START.get_or_try_init(|| Ok::<_, core::convert::Infallible>(std::time::Instant::now()));
    let Ok(start) = start;
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
