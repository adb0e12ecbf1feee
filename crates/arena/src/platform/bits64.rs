//! Platforms with pointers of eight bytes, and the reason for each address.
//!
//! Constants only. What a good heap address is, and why:
//!
//! * It starts in the middle of the space, with a gap of a TiB to the next hint, so that the heap
//!   can go on growing where it began.
//! * Its bytes are not text: `c0 00` up to `df 00` never occur in valid UTF-8, and are as far as can
//!   be from `ff`, the most common byte of small negative numbers. A collector that scans memory
//!   conservatively (ours or another's) rarely takes text or numbers for such pointers.
//! * A person sees at a glance in a debugger that `0xc000123456` is a heap address.
//! * It keeps clear of ranges that others use: the program and its break lie far below, libraries
//!   and stacks far above, and `0x11f8_0000_0000` once broke the thread allocation of OS X. What
//!   cannot be avoided is why there are many: AddressSanitizer has everything below
//!   `0x100_0000_0000`, so that under it the second hint is the first that is free.
use super::{Platform, address};
use crate::Addr;

/// `0x00c0_0000_0000`, then a TiB further each: the reasons are the module's.
const fn default_hint(number: usize) -> Option<Addr> {
    address((number as u64) << 40 | 0xc0 << 32)
}

/// `0x0040_0000_0000`, then a TiB further each. Kernels for arm64 with pages of 4 KiB and three
/// levels give programs 39 bits, which `0xc0_0000_0000` is not; 0x40 is in the middle of them.
const fn arm64_hint(number: usize) -> Option<Addr> {
    address((number as u64) << 40 | 0x40 << 32)
}

/// `0x0001_3000_0000`, then a TiB further each: programs on iOS have 33 to 36 bits and a system
/// below 4 GiB. Only the first fits the 40 bits that the map has; the others fail unasked.
const fn ios_hint(number: usize) -> Option<Addr> {
    address((number as u64) << 40 | 0x13 << 28)
}

/// 48-bit addresses counted from 0: ppc64, s390x, mips64, loong64, riscv64 with four levels.
/// Arenas of 64 MiB: one map of 4 Mi entries, 32 MiB of which only touched pages exist.
#[derive(Clone, Copy, Debug)]
pub struct Unix64;

impl Platform for Unix64 {
    const POINTER_BYTES: usize = 8;
    const ADDRESS_BITS: u32 = 48;
    const ARENA_SHIFT: u32 = 26;
    const L1_BITS: u32 = 0;
    const BASE_OFFSET: usize = 0;
    const TOTAL_BITS: u32 = 39;

    fn hint(number: usize) -> Option<Addr> {
        default_hint(number)
    }

    fn block_hint(number: usize) -> Option<Addr> {
        default_hint(number)
    }
}

/// amd64: bit 47 is extended upward, so addresses are counted from −2^47, which makes the negative
/// ones (Solaris uses them) neighbours of the others.
#[derive(Clone, Copy, Debug)]
pub struct UnixAmd64;

impl Platform for UnixAmd64 {
    const POINTER_BYTES: usize = 8;
    const ADDRESS_BITS: u32 = 48;
    const ARENA_SHIFT: u32 = 26;
    const L1_BITS: u32 = 0;
    const BASE_OFFSET: usize = 0xffff_8000_0000_0000;
    /// Programs have the lower half of the 48 bits.
    const RANDOM_BITS: u32 = 46;
    const TOTAL_BITS: u32 = 39;

    fn hint(number: usize) -> Option<Addr> {
        default_hint(number)
    }

    fn block_hint(number: usize) -> Option<Addr> {
        default_hint(number)
    }
}

/// arm64 but for iOS and Windows.
#[derive(Clone, Copy, Debug)]
pub struct UnixArm64;

impl Platform for UnixArm64 {
    const POINTER_BYTES: usize = 8;
    const ADDRESS_BITS: u32 = 48;
    const ARENA_SHIFT: u32 = 26;
    const L1_BITS: u32 = 0;
    const BASE_OFFSET: usize = 0;
    const TOTAL_BITS: u32 = 39;

    fn hint(number: usize) -> Option<Addr> {
        arm64_hint(number)
    }

    fn block_hint(number: usize) -> Option<Addr> {
        arm64_hint(number)
    }
}

/// riscv64 with three levels of pages: programs have 38 bits, so the hints are 4 GiB apart and
/// start as low as iOS's.
#[derive(Clone, Copy, Debug)]
pub struct Riscv64Sv39;

impl Platform for Riscv64Sv39 {
    const POINTER_BYTES: usize = 8;
    const ADDRESS_BITS: u32 = 48;
    const ARENA_SHIFT: u32 = 26;
    const L1_BITS: u32 = 0;
    const BASE_OFFSET: usize = 0;
    const TOTAL_BITS: u32 = 39;

    fn hint(number: usize) -> Option<Addr> {
        address((number as u64) << 32 | 0x13 << 28)
    }

    fn race_hint(number: usize) -> Option<Addr> {
        let addr = (number as u64) << 28 | 0x13 << 28;
        address(addr).filter(|_| addr < 0xf_0000_0000)
    }

    fn block_hint(number: usize) -> Option<Addr> {
        default_hint(number)
    }
}

/// 64-bit Windows on amd64. What is committed is charged at once, so arenas are small (4 MiB), and
/// the map has two levels: one of 32 MiB would be charged whole.
#[derive(Clone, Copy, Debug)]
pub struct WindowsAmd64;

impl Platform for WindowsAmd64 {
    const POINTER_BYTES: usize = 8;
    const ADDRESS_BITS: u32 = 48;
    const ARENA_SHIFT: u32 = 22;
    const L1_BITS: u32 = 6;
    const BASE_OFFSET: usize = 0xffff_8000_0000_0000;
    const RANDOM_BITS: u32 = 46;
    /// 32 GiB: reserving more once took page tables of its own.
    const TOTAL_BITS: u32 = 35;

    fn hint(number: usize) -> Option<Addr> {
        default_hint(number)
    }

    fn block_hint(number: usize) -> Option<Addr> {
        default_hint(number)
    }
}

/// 64-bit Windows on arm64.
#[derive(Clone, Copy, Debug)]
pub struct WindowsArm64;

impl Platform for WindowsArm64 {
    const POINTER_BYTES: usize = 8;
    const ADDRESS_BITS: u32 = 48;
    const ARENA_SHIFT: u32 = 22;
    const L1_BITS: u32 = 6;
    const BASE_OFFSET: usize = 0;
    const TOTAL_BITS: u32 = 35;

    fn hint(number: usize) -> Option<Addr> {
        arm64_hint(number)
    }

    fn block_hint(number: usize) -> Option<Addr> {
        arm64_hint(number)
    }
}

/// iOS (darwin/arm64 up to Go 1.15): few address bits and a system that ends programs which hold
/// much, so arenas of 4 MiB and a map of 2 MiB.
#[derive(Clone, Copy, Debug)]
pub struct Ios;

impl Platform for Ios {
    const POINTER_BYTES: usize = 8;
    const ADDRESS_BITS: u32 = 40;
    const ARENA_SHIFT: u32 = 22;
    const L1_BITS: u32 = 0;
    const BASE_OFFSET: usize = 0;
    const TOTAL_BITS: u32 = 31;

    fn hint(number: usize) -> Option<Addr> {
        ios_hint(number)
    }

    fn block_hint(number: usize) -> Option<Addr> {
        ios_hint(number)
    }
}

/// AIX on ppc64, Go 1.14 and later: the system maps at `0x0a00_0000_0000_0000` and above, which the
/// offset takes off, so that 48 bits are enough.
#[derive(Clone, Copy, Debug)]
pub struct Aix;

/// `0x0a00_0100_0000_0000`, then a TiB further each. The first TiB is the system's own.
const fn aix_hint(number: usize) -> Option<Addr> {
    if number == 0 {
        return None;
    }
    address((number as u64) << 40 | 0xa0 << 52)
}

impl Platform for Aix {
    const POINTER_BYTES: usize = 8;
    const ADDRESS_BITS: u32 = 48;
    const ARENA_SHIFT: u32 = 26;
    const L1_BITS: u32 = 0;
    const BASE_OFFSET: usize = 0x0a00_0000_0000_0000;
    const TOTAL_BITS: u32 = 39;

    fn hint(number: usize) -> Option<Addr> {
        aix_hint(number)
    }

    fn block_hint(number: usize) -> Option<Addr> {
        default_hint(number)
    }
}

/// AIX on ppc64, Go 1.12 and 1.13: 60 bits, two levels, arenas of 256 MiB.
#[derive(Clone, Copy, Debug)]
pub struct Aix12;

impl Platform for Aix12 {
    const POINTER_BYTES: usize = 8;
    const ADDRESS_BITS: u32 = 60;
    const ARENA_SHIFT: u32 = 28;
    const L1_BITS: u32 = 12;
    const BASE_OFFSET: usize = 0;
    const TOTAL_BITS: u32 = 39;

    fn hint(number: usize) -> Option<Addr> {
        aix_hint(number)
    }

    fn block_hint(number: usize) -> Option<Addr> {
        default_hint(number)
    }
}
