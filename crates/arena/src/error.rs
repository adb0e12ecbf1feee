//! What can go wrong between the heap and the operating system, with the numbers.
//!
//! Plain values without heap data; nobody shares them. Messages follow the Go runtime's.
use crate::{Addr, ByteCount};
use thiserror::Error;

/// A request to the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// None → Ready.
    Alloc,
    /// None → Reserved.
    Reserve,
    /// Reserved → None.
    Release,
    /// Reserved → Prepared.
    Map,
    /// Prepared → Ready.
    Used,
    /// Ready → Prepared.
    Unused,
    /// Prepared or Ready → Reserved.
    Fault,
    /// Prepared or Ready → None.
    Free,
    /// A wish.
    Advise,
    /// Pages to other addresses.
    Remap,
}

/// Why the operating system said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Neither memory nor address space is left (ENOMEM, or a limit).
    OutOfMemory,
    /// The system forbids such mappings (EACCES): Go's "mmap: access denied".
    AccessDenied,
    /// Go's "too much locked memory (check 'ulimit -l')" (EAGAIN).
    LockedMemory,
    /// The range is in use by somebody else: Go's "address space conflict".
    Conflict,
    /// Not a multiple of the system's page.
    Unaligned,
    /// This system has no such call.
    Unsupported,
    /// Any other error number of the system.
    Code(i32),
}

impl core::fmt::Display for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::OutOfMemory => f.write_str("out of memory"),
            Self::AccessDenied => f.write_str("access denied"),
            Self::LockedMemory => f.write_str("too much locked memory (check 'ulimit -l')"),
            Self::Conflict => f.write_str("address space conflict"),
            Self::Unaligned => f.write_str("not a multiple of the system's page"),
            Self::Unsupported => f.write_str("not supported by this system"),
            Self::Code(code) => write!(f, "system error {code}"),
        }
    }
}

/// A call that the operating system refused. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("{call:?} of {bytes} bytes at {address} failed: {reason}")]
pub struct OsError {
    /// What was asked for.
    pub call: Call,
    /// Why it was refused.
    pub reason: Reason,
    /// Where; [`Addr::NULL`] when the place was the system's choice.
    pub address: Addr,
    /// How much.
    pub bytes: ByteCount,
}

/// The system's page sizes are not usable. In the order of the checks of Go's `mallocinit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum PageSizeError {
    /// The system does not tell it.
    #[error("failed to get system page size")]
    Unknown,
    /// Above 512 KiB.
    #[error("system page size ({0}) is larger than maximum page size (524288)")]
    TooLarge(usize),
    /// Below 4 KiB.
    #[error("system page size ({0}) is smaller than minimum page size (4096)")]
    TooSmall(usize),
    /// Not a power of two.
    #[error("system page size ({0}) must be a power of 2")]
    NotAPowerOfTwo(usize),
    /// The huge page size is not a power of two.
    #[error("bad system huge page size ({0}): it must be a power of 2")]
    HugeNotAPowerOfTwo(usize),
}

/// A layout could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The page-size checks.
    #[error(transparent)]
    PageSize(#[from] PageSizeError),
    /// No memory for the arena map.
    #[error("out of memory allocating heap arena map: {0}")]
    ArenaMap(OsError),
    /// There is no address space for the block of the contiguous layout.
    #[error("cannot reserve arena virtual address space: {0}")]
    CannotReserve(OsError),
    /// The arena would not begin with a page: addresses of spans, bitmap end, offset 0, arena, end.
    #[error("misrounded allocation in mallocinit: {0:x?}")]
    Misrounded([usize; 5]),
    /// A platform with a window over an operating system that has none.
    #[error("the operating system has no window, which this platform needs")]
    NoWindow,
    /// The window is larger than the platform's addresses, or not aligned to an arena.
    #[error("window of {bytes} bytes at {base} does not fit the platform")]
    BadWindow {
        /// The window's first address.
        base: Addr,
        /// Its length.
        bytes: ByteCount,
    },
}

/// The heap could not grow. Nothing is lost: the next attempt can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum GrowError {
    /// No pages at all were asked for.
    #[error("growth by no pages")]
    Zero,
    /// More pages than there are addresses.
    #[error("growth by {0} pages exceeds the address space")]
    TooLarge(usize),
    /// No address space is left, neither at a hint nor anywhere.
    #[error("out of address space: {0}")]
    AddressSpace(OsError),
    /// Under the race detector, whose shadow covers nothing but the hints.
    #[error("too many address space collisions for -race mode")]
    RaceCollisions,
    /// The system gave addresses that the platform cannot hold in its map.
    #[error(
        "memory allocated by OS [{base}, {base} + {bytes}) not in usable address space: {reason}"
    )]
    Unusable {
        /// First address.
        base: Addr,
        /// Length.
        bytes: ByteCount,
        /// What is wrong with it.
        reason: Unusable,
    },
    /// The system gave addresses that the contiguous layout has no tables for.
    #[error("memory allocated by OS ({base}) not in usable range [{low}, {high})")]
    OutsideRange {
        /// What the system gave.
        base: Addr,
        /// The first usable address.
        low: Addr,
        /// The last one.
        high: Addr,
    },
    /// The reservation is not aligned to an arena.
    #[error("misrounded allocation: {base} is not a multiple of {align}")]
    Misrounded {
        /// First address.
        base: Addr,
        /// The arena size.
        align: ByteCount,
    },
    /// An arena of this region is already there.
    #[error("arena already initialized at {0}")]
    AlreadyInitialized(Addr),
    /// No memory for the second level of the arena map.
    #[error("out of memory allocating heap arena map: {0}")]
    ArenaMap(OsError),
    /// No memory for an arena's metadata.
    #[error("out of memory allocating heap arena metadata: {0}")]
    Metadata(OsError),
    /// The address is in no arena.
    #[error("{0} is in no arena")]
    Outside(Addr),
    /// The pages could not be mapped.
    #[error("out of memory: {0}")]
    OutOfMemory(OsError),
}

/// Why a region cannot be used (Go `sysAlloc`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unusable {
    /// The region's end is no address.
    ExceedsAddresses,
    /// Its base is past the platform's addresses.
    Base,
    /// Its end is.
    End,
}

impl core::fmt::Display for Unusable {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::ExceedsAddresses => "region exceeds the range of addresses",
            Self::Base => "base outside usable address space",
            Self::End => "end outside usable address space",
        })
    }
}
