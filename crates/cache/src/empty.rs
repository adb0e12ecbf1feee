//! The shared empty cache: where a thread points that has none of its own.
//!
//! Shared by every thread and never written, so nothing protects it. A static, and loom's atomics
//! cannot be in one: models have no such cache.
#![cfg(not(gomalloc_loom))]
use crate::Cache;
use core::ptr::NonNull;

static EMPTY: Cache = Cache::new(true);

impl Cache {
    /// A shared empty cache for a static of one's own: where a hit must not read a static of another
    /// crate, or where threads without a cache are told apart (not yet born, gone already).
    #[must_use]
    pub const fn new_shared() -> Self {
        Self::new(true)
    }

    /// The shared empty cache: every magazine is empty and has no capacity, so that every pop and
    /// every push is a miss. The set's slow paths go straight to the exchange for it.
    #[inline]
    #[must_use]
    pub const fn empty() -> NonNull<Self> {
        NonNull::from_ref(&EMPTY)
    }
}
