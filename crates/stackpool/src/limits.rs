//! What depends on the platform or world that is compiled for; the only file of this crate that asks.
//!
//! Constants; nobody shares anything.
use crate::order::{Platform, Release, System};

/// The platform whose stack orders this build serves.
pub(crate) const HOST: Platform = Platform {
    system: if cfg!(windows) {
        System::Windows
    } else if cfg!(target_os = "ios") || cfg!(all(target_vendor = "apple", target_arch = "arm")) {
        System::DarwinArm
    } else {
        System::Other
    },
    pointer_bytes: size_of::<usize>(),
    release: Release::From1_24,
};

/// How many buckets the large stacks have: the bits of an address less those of a page (Go
/// `heapAddrBits - pageShift`). A model's threads have small stacks, on which the pool is made.
pub(crate) const BUCKETS: usize = if cfg!(gomalloc_loom) {
    6
} else if size_of::<usize>() == 8 {
    48 - 13
} else {
    32 - 13
};

/// Wholly free spans that an order keeps by default, so that a caller who crosses the border of a
/// span back and forth does not go to the heap each time: 8 spans, 256 KiB.
pub(crate) const KEPT_SPANS: usize = 8;

/// How often a taker looks for the end of a claim before it offers its time slice to others: the owner
/// is in a section of some ten nanoseconds, or was preempted in it. A model has nothing to gain from
/// looking twice.
#[cfg(feature = "std")]
pub(crate) const CLAIM_LOOKS: u32 = if cfg!(gomalloc_loom) { 1 } else { 64 };

/// A `const fn` that is a plain `fn` in a model: loom's atomics have no `const` constructor.
macro_rules! modelled_const {
    ($(#[$attribute:meta])* $visibility:vis const fn $($rest:tt)*) => {
        #[cfg(not(gomalloc_loom))]
        $(#[$attribute])*
        $visibility const fn $($rest)*

        #[cfg(gomalloc_loom)]
        $(#[$attribute])*
        $visibility fn $($rest)*
    };
}
pub(crate) use modelled_const;
