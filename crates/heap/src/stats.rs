//! The heap's figures, with Go's identities, readable at any time.
//!
//! Written under the heap's lock, read by anybody without one: a sequence number around every change
//! lets a reader see that its figures belong together, so the identities hold in every reading.
use arena::ByteCount;
use sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

/// The figures of one moment.
///
/// Always: [`in_use`](Self::in_use) + `manual` + `idle` = `mapped`, and [`free`](Self::free) +
/// `released` = `idle`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeapStats {
    /// Pages that the heap has grown by (Go `HeapSys`, with the stacks').
    pub mapped: ByteCount,
    /// Spans of small objects, their free slots included.
    pub small: ByteCount,
    /// Large objects.
    pub large: ByteCount,
    /// Manual spans (Go `StackInuse`).
    pub manual: ByteCount,
    /// The most that small, large and manual spans have had together.
    pub peak: ByteCount,
    /// Free runs (Go `HeapIdle`).
    pub idle: ByteCount,
    /// Free pages that hold no memory: given back to the system, or never used (Go
    /// `HeapReleased`).
    pub released: ByteCount,
    /// Times that the heap grew.
    pub growths: u64,
    /// Bytes that the scavenger has given back since the beginning, by step, limit or demand.
    pub scavenged: u64,
    /// Large objects that were allocated since the beginning.
    pub large_allocs: u64,
    /// Large objects that were freed since the beginning.
    pub large_frees: u64,
}

impl HeapStats {
    /// Spans with objects (Go `HeapInuse`).
    #[must_use]
    pub const fn in_use(&self) -> ByteCount {
        ByteCount::new(self.small.get().wrapping_add(self.large.get()))
    }

    /// Free pages that still hold memory (Go's `/memory/classes/heap/free:bytes`).
    #[must_use]
    pub const fn free(&self) -> ByteCount {
        self.idle.saturating_sub(self.released)
    }
}

/// The counters behind [`HeapStats`], bytes unless said otherwise.
#[derive(Debug)]
pub(crate) struct Counters {
    /// Odd while a change is going on.
    version: AtomicUsize,
    pub(crate) mapped: Count,
    pub(crate) small: Count,
    pub(crate) large: Count,
    pub(crate) manual: Count,
    peak: Count,
    pub(crate) idle: Count,
    pub(crate) released: Count,
    pub(crate) growths: Total,
    pub(crate) scavenged: Total,
    pub(crate) large_allocs: Total,
    pub(crate) large_frees: Total,
}

/// Changed by the holder of the heap's lock only, so that no step has to be atomic as a whole.
#[derive(Debug)]
pub(crate) struct Count(AtomicUsize);

/// As [`Count`], and only ever grows.
#[derive(Debug)]
pub(crate) struct Total(AtomicU64);

impl Count {
    pub(crate) fn add(&self, bytes: usize) {
        let before = self.0.load(Ordering::Relaxed);
        self.0.store(before.wrapping_add(bytes), Ordering::Relaxed);
    }

    pub(crate) fn sub(&self, bytes: usize) {
        let before = self.0.load(Ordering::Relaxed);
        debug_assert!(before >= bytes, "a counter falls below 0");
        self.0.store(before.wrapping_sub(bytes), Ordering::Relaxed);
    }

    fn raise_to(&self, bytes: usize) {
        if self.get().get() < bytes {
            self.0.store(bytes, Ordering::Relaxed);
        }
    }

    fn get(&self) -> ByteCount {
        ByteCount::new(self.0.load(Ordering::Relaxed))
    }
}

impl Total {
    pub(crate) fn up(&self, by: usize) {
        let before = self.0.load(Ordering::Relaxed);
        self.0
            .store(before.wrapping_add(by as u64), Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn new() -> Self {
        let count = || Count(AtomicUsize::new(0));
        let total = || Total(AtomicU64::new(0));
        Self {
            version: AtomicUsize::new(0),
            mapped: count(),
            small: count(),
            large: count(),
            manual: count(),
            peak: count(),
            idle: count(),
            released: count(),
            growths: total(),
            scavenged: total(),
            large_allocs: total(),
            large_frees: total(),
        }
    }

    /// Bytes that are free and hold memory. Exact under the heap's lock.
    pub(crate) fn held(&self) -> usize {
        self.idle.get().saturating_sub(self.released.get()).get()
    }

    /// Changes that belong together. The heap's lock is held.
    pub(crate) fn change(&self, change: impl FnOnce(&Self)) {
        let version = self.version.load(Ordering::Relaxed);
        self.version
            .store(version.wrapping_add(1), Ordering::Relaxed);
        // Release: a reader of a changed figure sees the odd number; pairs with the fence in `read`.
        fence(Ordering::Release);
        change(self);
        let used = [&self.small, &self.large, &self.manual].map(|count| count.get().get());
        self.peak.raise_to(used.iter().sum());
        // Release: a reader of this number sees the figures; pairs with the Acquire in `read`.
        self.version
            .store(version.wrapping_add(2), Ordering::Release);
    }

    /// The figures of a moment at which nobody changed them.
    pub(crate) fn read(&self) -> HeapStats {
        loop {
            let before = self.version.load(Ordering::Acquire);
            let stats = HeapStats {
                mapped: self.mapped.get(),
                small: self.small.get(),
                large: self.large.get(),
                manual: self.manual.get(),
                peak: self.peak.get(),
                idle: self.idle.get(),
                released: self.released.get(),
                growths: self.growths.get(),
                scavenged: self.scavenged.get(),
                large_allocs: self.large_allocs.get(),
                large_frees: self.large_frees.get(),
            };
            fence(Ordering::Acquire);
            if before & 1 == 0 && self.version.load(Ordering::Relaxed) == before {
                return stats;
            }
            sync::spin_loop();
        }
    }
}
