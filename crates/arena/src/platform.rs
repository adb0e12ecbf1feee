//! Which addresses a platform has: arena sizes, map levels and hints, each platform by a type.
//!
//! Constants and pure functions; nothing is shared. A layout is instantiated with a platform, so
//! the numbers fold into the lookup, and every platform's policy can be run on any machine over
//! [`Simulated`](crate::Simulated).
use crate::{Addr, ByteCount, PAGE_SHIFT};
use core::fmt::Debug;

mod bits32;
#[cfg(target_pointer_width = "64")]
mod bits64;
mod window;

pub use bits32::{Bits32, Mips32, Wasm, Wasm11, Wasm13};
#[cfg(target_pointer_width = "64")]
pub use bits64::{
    Aix, Aix12, Ios, Riscv64Sv39, Unix64, UnixAmd64, UnixArm64, WindowsAmd64, WindowsArm64,
};
pub use window::Window;

/// How many numbers a hint list has. It is built from the last down and used as a stack, so that
/// number 0 is tried first (Go `mallocinit`: `for i := 0x7f; i >= 0; i--`).
pub const HINT_NUMBERS: usize = 0x80;

/// The address arithmetic of one platform, for both layouts.
///
/// `2^ADDRESS_BITS = arena bytes × first-level entries × second-level entries`.
pub trait Platform: Debug + Send + Sync + 'static {
    /// Bytes of a pointer.
    const POINTER_BYTES: usize;

    // The sparse layout (Go 1.11 and later).

    /// Addresses have this many bits, counted from [`Platform::BASE_OFFSET`].
    const ADDRESS_BITS: u32;
    /// log2 of an arena's bytes.
    const ARENA_SHIFT: u32;
    /// log2 of the entries of the map's first level; 0 for a map of one level.
    const L1_BITS: u32;
    /// The address of index 0 (Go `arenaBaseOffset`).
    const BASE_OFFSET: usize;
    /// Index 0 is not [`Platform::BASE_OFFSET`], but where the system's window begins.
    const WINDOWED: bool = false;
    /// Metadata and the first arenas come from linear reservations near the program break: 32-bit
    /// systems with an `mmap`.
    const LINEAR: bool = false;
    /// How many low bits an address that a program may use can have at most; hints with a random
    /// base stay below (Go `randHeapAddrBits`).
    const RANDOM_BITS: u32 = Self::ADDRESS_BITS - 1;

    /// Hint of this number, below [`HINT_NUMBERS`]; `None`: there is none of this number.
    fn hint(number: usize) -> Option<Addr>;

    /// Hint of this number under the race detector, whose shadow covers one window of addresses
    /// only: `0xc0_0000_0000..0xe0_0000_0000`.
    fn race_hint(number: usize) -> Option<Addr> {
        let addr = (number as u64) << 32 | 0xc0 << 32;
        address(addr).filter(|_| addr < 0xe0_0000_0000)
    }

    // The contiguous layout (Go 1.10 and earlier).

    /// The arena has `2^TOTAL_BITS` bytes at most (Go `_MHeapMap_TotalBits`).
    const TOTAL_BITS: u32;

    /// Where the block is asked for first; 32-bit platforms have no such hints.
    fn block_hint(number: usize) -> Option<Addr>;

    // What follows from these.

    /// log2 of the entries of one second-level table.
    const L2_BITS: u32 = Self::ADDRESS_BITS - Self::ARENA_SHIFT - Self::L1_BITS;
    /// An arena's bytes.
    const ARENA: ByteCount = ByteCount::new(1 << Self::ARENA_SHIFT);
    /// Heap pages of an arena.
    const PAGES: usize = 1 << (Self::ARENA_SHIFT - PAGE_SHIFT);
}

/// An address of a platform on this machine, if it has so wide ones.
const fn address(addr: u64) -> Option<Addr> {
    if addr > usize::MAX as u64 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "compared above")]
    Some(Addr::new(addr as usize))
}

/// The platform of this build.
#[cfg(any(miri, gomalloc_loom))]
pub type Native = Window;
/// The platform of this build.
#[cfg(all(not(any(miri, gomalloc_loom)), target_arch = "x86_64", windows))]
pub type Native = WindowsAmd64;
/// The platform of this build.
#[cfg(all(not(any(miri, gomalloc_loom)), target_arch = "aarch64", windows))]
pub type Native = WindowsArm64;
/// The platform of this build.
#[cfg(all(not(any(miri, gomalloc_loom)), target_arch = "x86_64", not(windows)))]
pub type Native = UnixAmd64;
/// The platform of this build.
#[cfg(all(
    not(any(miri, gomalloc_loom)),
    target_arch = "aarch64",
    not(any(windows, target_os = "ios"))
))]
pub type Native = UnixArm64;
/// The platform of this build.
#[cfg(all(
    not(any(miri, gomalloc_loom)),
    target_arch = "aarch64",
    target_os = "ios"
))]
pub type Native = Ios;
/// The platform of this build.
#[cfg(all(
    not(any(miri, gomalloc_loom)),
    target_pointer_width = "64",
    not(any(target_arch = "x86_64", target_arch = "aarch64"))
))]
pub type Native = Unix64;
/// The platform of this build.
#[cfg(all(
    not(any(miri, gomalloc_loom)),
    target_pointer_width = "32",
    not(any(target_arch = "mips", target_family = "wasm"))
))]
pub type Native = Bits32;
/// The platform of this build.
#[cfg(all(not(any(miri, gomalloc_loom)), target_arch = "mips"))]
pub type Native = Mips32;
/// The platform of this build.
#[cfg(all(
    not(any(miri, gomalloc_loom)),
    target_family = "wasm",
    target_pointer_width = "32"
))]
pub type Native = Wasm;

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
