//! Soft and hard limit, and what is done when one is in the way.
//!
//! Read without a lock; what has to be done is done without the heap's lock, so that the callback may
//! give back to the heap. After Go 1.19's memory limit, with a hard limit besides.
use super::pages::{Refused, Taken};
use super::{Heap, Inner};
use crate::RunStore;
use arena::{AddressSpace, ByteCount};
use core::fmt;
use sync::MutexGuard;
use sync::atomic::{AtomicUsize, Ordering};

/// Which limit is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pressure {
    /// More memory than the soft limit is in use, and no free memory is left to give back.
    Soft,
    /// The heap cannot grow: the hard limit, or the system, says no.
    Hard,
}

/// What is called under pressure. It may allocate from and free to the heap; a call of it under
/// pressure that it causes itself is its own business.
#[derive(Clone, Copy)]
pub struct OnPressure(pub &'static (dyn Fn(Pressure) + Sync));

impl fmt::Debug for OnPressure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnPressure")
    }
}

/// What may still be tried for a request that the soft limit is in the way of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Soft {
    /// The limit is to be kept.
    Kept,
    /// Everything was tried.
    Passed,
}

/// Trying again is worth the time after a 64th has changed: that keeps the limit to 2 % while it can
/// be kept.
const WORTHWHILE: usize = 64;

/// The soft limit.
#[derive(Debug)]
pub(super) struct Limit {
    /// `usize::MAX` for none.
    soft: AtomicUsize,
    /// Below this many bytes in use, it is of no use to try: trying did not help a little earlier.
    retry_at: AtomicUsize,
    on_pressure: Option<OnPressure>,
}

impl Limit {
    pub(super) fn new(soft: Option<ByteCount>, on_pressure: Option<OnPressure>) -> Self {
        Self {
            soft: AtomicUsize::new(soft.map_or(usize::MAX, ByteCount::get)),
            retry_at: AtomicUsize::new(0),
            on_pressure,
        }
    }

    fn call(&self, pressure: Pressure) -> bool {
        if let Some(on_pressure) = self.on_pressure {
            (on_pressure.0)(pressure);
        }
        self.on_pressure.is_some()
    }
}

impl<A: AddressSpace, R: RunStore> Heap<A, R> {
    /// Sets the hard limit: Prepared and Ready memory of the address space, metadata included, does
    /// not grow past it. What is mapped already stays. `None`: no limit.
    pub fn set_hard_limit(&self, limit: Option<ByteCount>) {
        self.space.memory().set_limit(limit);
    }

    /// Sets the soft limit: where Ready memory, metadata included, would pass it, free memory is
    /// given back first, then the pressure callback is called and what that freed is given back; what
    /// live data need is allocated nevertheless. `None`: no limit.
    pub fn set_soft_limit(&self, limit: Option<ByteCount>) {
        let soft = limit.map_or(usize::MAX, ByteCount::get);
        self.limit.soft.store(soft, Ordering::Relaxed);
        self.limit.retry_at.store(0, Ordering::Relaxed);
    }

    /// Is there room for `bytes` more below the soft limit, or no use in trying to make it?
    pub(super) fn check_soft_limit(&self, bytes: usize) -> Result<(), Refused> {
        let soft = self.limit.soft.load(Ordering::Relaxed);
        if soft == usize::MAX {
            return Ok(());
        }
        let ready = self.ready();
        let after = ready.saturating_add(bytes);
        if after <= soft {
            return Ok(());
        }
        let tried = ready < self.limit.retry_at.load(Ordering::Relaxed);
        if tried && self.counters.held() < soft / WORTHWHILE {
            return Ok(());
        }
        Err(Refused::Soft(after - soft))
    }

    /// To be called when free memory was taken into use and the accounts say so.
    #[inline]
    pub(super) fn note_use(&self, inner: &mut Inner<R>) {
        inner.decay.note(self.counters.held());
    }

    /// Takes a run as [`Heap::take_run`], and tries what helps if there is none. The run is counted as
    /// idle still, and the lock is held.
    pub(super) fn obtain(
        &self,
        pages: usize,
        align: usize,
        tag: u8,
    ) -> Option<(MutexGuard<'_, Inner<R>>, Taken)> {
        let mut inner = self.inner.lock();
        match self.take_run(&mut inner, pages, align, tag, Soft::Kept) {
            Ok(taken) => Some((inner, taken)),
            Err(refused) => self.obtain_slow(inner, refused, pages, align, tag),
        }
    }

    #[cold]
    #[inline(never)]
    fn obtain_slow<'a>(
        &'a self,
        mut inner: MutexGuard<'a, Inner<R>>,
        mut refused: Refused,
        pages: usize,
        align: usize,
        tag: u8,
    ) -> Option<(MutexGuard<'a, Inner<R>>, Taken)> {
        let mut soft = Soft::Kept;
        let mut asked = false;
        loop {
            let in_transit = inner.in_transit > 0;
            drop(inner);
            match refused {
                Refused::Soft(excess) => {
                    self.relieve(excess);
                    soft = Soft::Passed;
                }
                // What the scavenger has in its hands is free, and will be there again soon.
                Refused::Memory if in_transit => sync::yield_now(),
                Refused::Memory if asked || !self.limit.call(Pressure::Hard) => return None,
                Refused::Memory => asked = true,
            }
            inner = self.inner.lock();
            match self.take_run(&mut inner, pages, align, tag, soft) {
                Ok(taken) => return Some((inner, taken)),
                Err(again) => refused = again,
            }
        }
    }

    /// Brings Ready memory down by `excess` bytes, or as far as possible.
    fn relieve(&self, excess: usize) {
        let goal = self.ready().saturating_sub(excess);
        self.scavenge_down_to(goal);
        if self.ready() > goal && self.limit.call(Pressure::Soft) {
            self.scavenge_down_to(goal);
        }
        let now = self.ready();
        let retry_at = if now > goal {
            // Live data need it. Trying again and again would make every allocation slow.
            now.saturating_add(now / WORTHWHILE)
        } else {
            0
        };
        self.limit.retry_at.store(retry_at, Ordering::Relaxed);
    }

    fn scavenge_down_to(&self, goal: usize) {
        let excess = self.ready().saturating_sub(goal);
        if excess > 0 {
            self.scavenge(excess);
        }
    }

    fn ready(&self) -> usize {
        self.space.memory().usage().ready.get()
    }
}
