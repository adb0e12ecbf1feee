//! Which class serves a request: the Rust way (size and alignment), and the C way (16-aligned).
//!
//! Tables and arithmetic only; nothing is shared and nothing needs protection. Class 0 stands for
//! everything that a hit cannot serve: nothing at all, large, or strangely aligned. The tables are
//! copies of [`sizeclass`]'s own, so that a hit reads no static of another crate: without link-time
//! optimisation that would be one more load.
use core::alloc::Layout;
use sizeclass::{FLAT_CLASSES, FLAT_LEN, FLAT_MALLOC_CLASSES, SizeClass, Table};

static RUST_CLASSES: [u8; FLAT_LEN] = FLAT_CLASSES;

/// As the Rust table, without the 24-byte class, whose slots are only 8-aligned: C promises 16
/// from 16 bytes on.
static C_CLASSES: [u8; FLAT_LEN] = FLAT_MALLOC_CLASSES;

/// The class of a Rust request as far as a hit can tell, else 0. With a `Layout` that is known at
/// compile time this is a constant.
#[inline(always)]
pub(crate) fn hit_class(layout: Layout) -> u8 {
    sizeclass::hit_class_in(&RUST_CLASSES, layout.size(), layout.align())
}

/// The class of a C request of `size` bytes; 0 for 0 bytes and above the largest small size.
#[inline(always)]
pub(crate) fn c_class(size: usize) -> u8 {
    sizeclass::flat_class_in(&C_CLASSES, size)
}

/// The class with this number, unless it is 0.
#[inline(always)]
pub(crate) fn small(class: u8) -> Option<SizeClass> {
    SizeClass::new(class).filter(|class| !class.is_large())
}

/// The class of any Rust request, also of the empty and the strangely aligned; `None` is large.
///
/// Allocation and deallocation both come through here with the same layout, so they agree.
#[cold]
pub(crate) fn class_of(layout: Layout) -> Option<SizeClass> {
    Table::DEFAULT.class_for(layout.size().max(1), layout.align())
}
