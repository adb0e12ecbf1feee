//! Platforms with pointers of four bytes.
//!
//! Constants only. There are no hints to choose: the kernel, the libraries and the program break
//! leave one gap or two, so the heap goes next to the break (see `sparse/start.rs`) and takes
//! whatever else it is given.
use super::Platform;
use crate::Addr;

/// 386, arm and every other 32-bit system: all of the 4 GiB may be given to the heap, also above
/// 2 GiB. 1024 arenas of 4 MiB in a map of 4 KiB.
#[derive(Clone, Copy, Debug)]
pub struct Bits32;

/// mips and mipsle, whose programs have the lower 2 GiB. 512 arenas of 4 MiB.
#[derive(Clone, Copy, Debug)]
pub struct Mips32;

/// WebAssembly as of Go 1.26: arenas of 512 KiB, so that a small program stays small.
#[derive(Clone, Copy, Debug)]
pub struct Wasm;

/// WebAssembly of Go 1.11 and 1.12: arenas of 64 MiB.
#[derive(Clone, Copy, Debug)]
pub struct Wasm11;

/// WebAssembly of Go 1.13 to 1.25: arenas of 4 MiB.
#[derive(Clone, Copy, Debug)]
pub struct Wasm13;

macro_rules! platform {
    ($name:ident, bits: $bits:expr, arena: $arena:expr, linear: $linear:expr) => {
        impl Platform for $name {
            const POINTER_BYTES: usize = 4;
            const ADDRESS_BITS: u32 = $bits;
            const ARENA_SHIFT: u32 = $arena;
            const L1_BITS: u32 = 0;
            const BASE_OFFSET: usize = 0;
            const LINEAR: bool = $linear;
            const TOTAL_BITS: u32 = $bits;

            fn hint(_number: usize) -> Option<Addr> {
                None
            }

            fn race_hint(_number: usize) -> Option<Addr> {
                None
            }

            fn block_hint(_number: usize) -> Option<Addr> {
                None
            }
        }
    };
}

platform!(Bits32, bits: 32, arena: 22, linear: true);
platform!(Mips32, bits: 31, arena: 22, linear: true);
// A memory that only grows at its end (sbrk) has nothing to reserve ahead.
platform!(Wasm, bits: 32, arena: 19, linear: false);
platform!(Wasm11, bits: 32, arena: 26, linear: false);
platform!(Wasm13, bits: 32, arena: 22, linear: false);
