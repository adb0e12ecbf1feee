//! The sizes that bound a cache, and those that shrink under the model.

/// Slots of the smallest array: one cache line of pointers.
pub(crate) const ARRAY_SLOTS_MIN: usize = 8;

/// Arrays begin on a cache line, so that two threads' share none.
pub(crate) const ARRAY_ALIGN: usize = 64;

/// Slots of the largest magazine. 1,024 slots of a refill or a flush cost some microseconds, which
/// is as long as a class lock should be held.
pub(crate) const SLOTS_MAX: usize = 1024;

/// Every class may hold at least so many slots in the end, however large they are: with fewer, a
/// program with a dozen blocks of one size in rotation would miss all the time.
pub(crate) const SLOTS_MAX_LEAST: usize = 16;

/// Bytes of objects that a magazine may hold, as long as that is more than [`SLOTS_MAX_LEAST`]
/// slots. A refill of half of it, 512 slots of 64 bytes, is four spans for one lock.
pub(crate) const MAGAZINE_BYTES: usize = 64 << 10;

/// Bytes of objects with which a magazine begins: a thread that allocates once takes no more.
pub(crate) const FIRST_BYTES: usize = 16 << 10;

/// A cache that is flushed gives up arrays of more slots than this, and begins small again where it
/// does: what a busy thread had grown to is too much for a short one that gets its cache, and others
/// can use the arrays.
pub(crate) const SLOTS_KEPT: usize = 16;

/// Bytes of a cache with its own reserve of arrays: two OS pages of 4 KiB.
pub(crate) const CACHE_BYTES: usize = 8 << 10;

/// Bytes of a batch of arrays, from which caches whose reserve is used up are served.
pub(crate) const BATCH_BYTES: usize = 32 << 10;

/// Dead caches that keep their slots, unless the user says otherwise.
pub(crate) const WARM_DEFAULT: usize = 8;

/// Magazines of a cache: one a span class. Under the model every word is a loom object, and the
/// models use the lowest classes.
pub(crate) const BINS: usize = if cfg!(gomalloc_loom) {
    3
} else {
    sizeclass::BINS
};
