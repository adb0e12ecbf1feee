//! Sizes that are smaller under the model; no logic depends on their values.

/// Locks and list pairs of an exchange: one a span class. Every lock is some loom objects, and the
/// models use one class.
pub(crate) const BINS: usize = if cfg!(gomalloc_loom) {
    1
} else {
    sizeclass::BINS
};

/// Wholly free spans that wait in their class instead of going back to the heap, in bytes. A span
/// that commutes costs two rounds through the heap's lock and its page-table entries (some hundred
/// nanoseconds); 128 KiB is twice what one cache holds of a class, so that the hand-over from one
/// magazine to the next stays within the class.
pub(crate) const KEPT_BYTES: usize = 128 << 10;
