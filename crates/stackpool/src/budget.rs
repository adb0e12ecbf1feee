//! How many bytes of spans a pool holds, and how many it may.
//!
//! Shared by all threads; one atomic each. The count says how much, never whether memory may be
//! touched, so Relaxed is enough.
use crate::AllocError;
use crate::limits::modelled_const;
use arena::ByteCount;
use sync::atomic::{AtomicUsize, Ordering};

/// # Invariants
///
/// * I1: `held` is at most the largest limit that was set while it grew.
#[derive(Debug)]
pub(crate) struct Budget {
    held: AtomicUsize,
    limit: AtomicUsize,
}

impl Budget {
    modelled_const! {
        pub(crate) const fn new() -> Self {
            Self {
                held: AtomicUsize::new(0),
                limit: AtomicUsize::new(usize::MAX),
            }
        }
    }

    /// Counts `bytes` more, if the limit allows it.
    pub(crate) fn acquire(&self, bytes: ByteCount) -> Result<(), AllocError> {
        let limit = self.limit.load(Ordering::Relaxed);
        let grown = |held: usize| held.checked_add(bytes.get()).filter(|&sum| sum <= limit);
        let update = self
            .held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown);
        match update {
            Ok(_) => Ok(()),
            Err(held) => Err(AllocError::Limit {
                held: ByteCount::new(held),
                limit: ByteCount::new(limit),
                wanted: bytes,
            }),
        }
    }

    /// Counts `bytes` less.
    pub(crate) fn give_back(&self, bytes: ByteCount) {
        self.held.fetch_sub(bytes.get(), Ordering::Relaxed);
    }

    pub(crate) fn held(&self) -> ByteCount {
        ByteCount::new(self.held.load(Ordering::Relaxed))
    }

    pub(crate) fn limit(&self) -> ByteCount {
        ByteCount::new(self.limit.load(Ordering::Relaxed))
    }

    pub(crate) fn set_limit(&self, limit: ByteCount) {
        self.limit.store(limit.get(), Ordering::Relaxed);
    }
}
