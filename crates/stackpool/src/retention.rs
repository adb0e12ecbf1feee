//! What a pool keeps of the stacks that nobody uses, and how much of each.
//!
//! Plain numbers; [`Settings`] is their shared form, one atomic each. They are read one by one: a
//! reader may see some from before and some from after a change, and each of them is a policy that
//! somebody set.
use crate::limits::{self, modelled_const};
use arena::ByteCount;
use sync::atomic::{AtomicUsize, Ordering};

/// What a pool keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Wholly free spans of small stacks, per order. 0: each goes back to the heap with its last
    /// stack (Go with the collector off). `usize::MAX`: none ever does (Go while it marks).
    pub spans: usize,
    /// Free large stacks per size.
    pub stacks: usize,
    /// What a free large stack keeps resident at its top when it is cooled; the rest of its memory is
    /// given back to the system, its addresses stay.
    pub resident: ByteCount,
    /// The size, all together, of the free large stacks that are not cooled (once for the plain, once
    /// for the guarded ones). 0: each stack is cooled when it is freed, a system call a time.
    pub hot: ByteCount,
}

impl Retention {
    /// The default: 8 spans an order, any number of large stacks until they decay, 16 KiB of each
    /// resident, 64 MiB hot.
    pub const DEFAULT: Self = Self {
        spans: limits::KEPT_SPANS,
        stacks: usize::MAX,
        resident: ByteCount::kib(16),
        hot: ByteCount::mib(64),
    };

    /// Go's, while its collector is off: every span goes back as soon as it is wholly free.
    pub const NOTHING: Self = Self {
        spans: 0,
        stacks: 0,
        ..Self::DEFAULT
    };

    /// Go's, while its collector marks: no span goes back, so that no pointer which the collector finds
    /// leads into free memory. `free_stack_spans` ends the phase.
    pub const EVERYTHING: Self = Self {
        spans: usize::MAX,
        stacks: usize::MAX,
        ..Self::DEFAULT
    };
}

impl Default for Retention {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A [`Retention`] that can be changed while others read it.
#[derive(Debug)]
pub(crate) struct Settings {
    spans: AtomicUsize,
    stacks: AtomicUsize,
    resident: AtomicUsize,
    hot: AtomicUsize,
}

impl Settings {
    modelled_const! {
        pub(crate) const fn new() -> Self {
            Self {
                spans: AtomicUsize::new(Retention::DEFAULT.spans),
                stacks: AtomicUsize::new(Retention::DEFAULT.stacks),
                resident: AtomicUsize::new(Retention::DEFAULT.resident.get()),
                hot: AtomicUsize::new(Retention::DEFAULT.hot.get()),
            }
        }
    }

    pub(crate) fn get(&self) -> Retention {
        Retention {
            spans: self.spans.load(Ordering::Relaxed),
            stacks: self.stacks.load(Ordering::Relaxed),
            resident: ByteCount::new(self.resident.load(Ordering::Relaxed)),
            hot: ByteCount::new(self.hot.load(Ordering::Relaxed)),
        }
    }

    pub(crate) fn set(&self, retention: Retention) {
        self.spans.store(retention.spans, Ordering::Relaxed);
        self.stacks.store(retention.stacks, Ordering::Relaxed);
        self.resident
            .store(retention.resident.get(), Ordering::Relaxed);
        self.hot.store(retention.hot.get(), Ordering::Relaxed);
    }
}
