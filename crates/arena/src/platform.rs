//! Which addresses a platform has: arena sizes, map levels and hints, each by a type.
//!
//! Constants only. A layout is instantiated with a platform, so the numbers fold into the lookup.
use crate::hint::Hint;
use crate::{Addr, ByteCount, limits};
use core::fmt::Debug;

/// The address arithmetic of the sparse layout (Go 1.11 and later).
///
/// `2^ADDRESS_BITS = arena bytes × first-level entries × second-level entries`.
pub trait Platform: Debug + Send + Sync + 'static {
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

    /// Where to ask for address space, by number; tried from 0 up. `None`: no such hint.
    fn hint(number: usize) -> Option<Hint>;

    /// log2 of the entries of one second-level table.
    const L2_BITS: u32 = Self::ADDRESS_BITS - Self::ARENA_SHIFT - Self::L1_BITS;
    /// An arena's bytes.
    const ARENA: ByteCount = ByteCount::new(1 << Self::ARENA_SHIFT);
    /// Heap pages of an arena.
    const PAGES: usize = 1 << (Self::ARENA_SHIFT - crate::PAGE_SHIFT);
}

/// Small addresses inside the operating system's window: Miri, loom, and whoever has one block.
#[derive(Clone, Copy, Debug)]
pub struct Window;

impl Platform for Window {
    const ADDRESS_BITS: u32 = limits::WINDOW_SHIFT;
    const ARENA_SHIFT: u32 = limits::WINDOW_ARENA_SHIFT;
    const L1_BITS: u32 = 0;
    const BASE_OFFSET: usize = 0;
    const WINDOWED: bool = true;

    fn hint(_number: usize) -> Option<Hint> {
        None
    }
}

/// 48-bit addresses and arenas of 64 MiB: 64-bit Unix systems.
#[cfg(target_pointer_width = "64")]
#[derive(Clone, Copy, Debug)]
pub struct Unix64;

#[cfg(target_pointer_width = "64")]
impl Platform for Unix64 {
    const ADDRESS_BITS: u32 = 48;
    const ARENA_SHIFT: u32 = 26;
    const L1_BITS: u32 = 0;
    /// amd64 extends the sign of bit 47: the offset makes negative addresses neighbours of 0.
    const BASE_OFFSET: usize = if cfg!(target_arch = "x86_64") {
        0xffff_8000_0000_0000
    } else {
        0
    };

    fn hint(number: usize) -> Option<Hint> {
        // 0x00c0: bytes c0 00 … df 00 never are valid UTF-8 and lie far from 0xff; arm64 kernels
        // with three levels of 4 KiB pages have 39 bits, so the first hint there is 0x40.
        let base = if cfg!(target_arch = "aarch64") {
            0x40 << 32
        } else {
            0xc0 << 32
        };
        (number < 128).then(|| Hint::up(Addr::new(number << 40 | base)))
    }
}

/// 32-bit addresses and arenas of 4 MiB; no hints.
#[derive(Clone, Copy, Debug)]
pub struct Any32;

impl Platform for Any32 {
    const ADDRESS_BITS: u32 = 32;
    const ARENA_SHIFT: u32 = 22;
    const L1_BITS: u32 = 0;
    const BASE_OFFSET: usize = 0;

    fn hint(_number: usize) -> Option<Hint> {
        None
    }
}

/// The platform of this build.
#[cfg(any(miri, gomalloc_loom))]
pub type Native = Window;
/// The platform of this build.
#[cfg(all(target_pointer_width = "64", not(any(miri, gomalloc_loom))))]
pub type Native = Unix64;
/// The platform of this build.
#[cfg(all(target_pointer_width = "32", not(any(miri, gomalloc_loom))))]
pub type Native = Any32;
