//! What a contiguous layout is made with.
//!
//! Plain values.
use crate::{ByteCount, limits};

/// How address space for the block is got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Reserve {
    /// All of it is reserved at once: nobody can get in the way later.
    Whole,
    /// A probe of 64 KiB at each hint shows whether the addresses are free; then they are taken
    /// piece by piece, each exactly where it belongs. This is what Go does above 4 GiB on 64-bit
    /// Linux, since `ulimit -v` counts reservations.
    Probe,
    /// Whole if the system agrees, else by probes.
    #[default]
    WholeOrProbe,
}

/// When the bitmap is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum MapBitmap {
    /// With every growth, as in Go.
    WithGrowth,
    /// When somebody asks for it.
    #[default]
    OnDemand,
}

/// What a contiguous layout is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContiguousConfig {
    /// How address space is got.
    pub reserve: Reserve,
    /// When the bitmap is mapped.
    pub bitmap: MapBitmap,
    /// By how much the heap grows at least; rounded to system pages. 4 MiB unless said otherwise.
    pub step: ByteCount,
}

impl Default for ContiguousConfig {
    fn default() -> Self {
        Self {
            reserve: Reserve::default(),
            bitmap: MapBitmap::default(),
            step: ByteCount::new(limits::GROWTH_STEP_BYTES),
        }
    }
}

impl ContiguousConfig {
    /// The default with address space got this way.
    #[must_use]
    pub fn with_reserve(reserve: Reserve) -> Self {
        Self {
            reserve,
            ..Self::default()
        }
    }

    /// The same with the bitmap mapped then.
    #[must_use]
    pub fn with_bitmap(mut self, bitmap: MapBitmap) -> Self {
        self.bitmap = bitmap;
        self
    }
}
