//! What a sparse layout is made with.
//!
//! Plain values.
use crate::{ByteCount, HintPolicy, limits};

/// What a sparse layout is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SparseConfig {
    /// Which addresses are asked for first.
    pub hints: HintPolicy,
    /// By how much the mapped part grows at least: a power of two, rounded to a system page and at
    /// most an arena. 4 MiB unless said otherwise.
    pub step: ByteCount,
}

impl Default for SparseConfig {
    fn default() -> Self {
        Self {
            hints: HintPolicy::Platform,
            step: ByteCount::new(limits::GROWTH_STEP_BYTES),
        }
    }
}

impl SparseConfig {
    /// The default with these hints.
    #[must_use]
    pub fn with_hints(hints: HintPolicy) -> Self {
        Self {
            hints,
            ..Self::default()
        }
    }
}
