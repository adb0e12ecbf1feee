//! When a pool decays by itself: not by a thread, but now and then in somebody's call.
//!
//! Shared by every thread; one atomic. The calls that go to the pool anyway look at the clock.
use core::time::Duration;
use std::time::Instant;
use sync::atomic::{AtomicU64, Ordering};

#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    /// `None`: never.
    period: Option<Duration>,
    /// When the period ends, in milliseconds from the start.
    next: AtomicU64,
}

impl Clock {
    pub(crate) fn new(period: Option<Duration>) -> Self {
        Self {
            start: Instant::now(),
            period,
            next: AtomicU64::new(millis(period.unwrap_or_default())),
        }
    }

    /// Has a period ended? Says so to one caller.
    pub(crate) fn is_due(&self) -> bool {
        let Some(period) = self.period else {
            return false;
        };
        let now = millis(self.start.elapsed());
        let next = self.next.load(Ordering::Relaxed);
        // Relaxed: nothing is published by it; of several callers one exchanges.
        now >= next
            && self
                .next
                .compare_exchange(
                    next,
                    now.saturating_add(millis(period)),
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_ok()
    }
}

/// 2^64 ms are 584 million years.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
