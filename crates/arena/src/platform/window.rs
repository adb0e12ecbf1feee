//! Small addresses inside the operating system's window: Miri, loom, and whoever has one block.
//!
//! Constants only; the sizes are those of [`limits`].
use super::Platform;
use crate::{Addr, limits};

/// Addresses of a window ([`Os::window`](crate::Os::window)) of at most 16 arenas.
#[derive(Clone, Copy, Debug)]
pub struct Window;

impl Platform for Window {
    const POINTER_BYTES: usize = size_of::<usize>();
    const ADDRESS_BITS: u32 = limits::WINDOW_SHIFT;
    const ARENA_SHIFT: u32 = limits::WINDOW_ARENA_SHIFT;
    const L1_BITS: u32 = 0;
    const BASE_OFFSET: usize = 0;
    const WINDOWED: bool = true;
    /// Half of the window, so that a block with its tables fits.
    const TOTAL_BITS: u32 = limits::WINDOW_SHIFT - 2;

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
