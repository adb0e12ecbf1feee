//! The slot as a `thread_local!` without initialiser or destructor: one load in a program, a call
//! in a shared library.
//!
//! Each thread's own; nothing is shared.
use cache::Cache;
use core::cell::Cell;
use core::ptr::NonNull;

std::thread_local! {
    static SLOT: Cell<NonNull<Cache>> = const { Cell::new(NonNull::from_ref(&super::EMPTY)) };
}

#[inline(always)]
pub(super) fn get() -> NonNull<Cache> {
    SLOT.with(Cell::get)
}

pub(super) fn set(cache: NonNull<Cache>) {
    SLOT.with(|slot| slot.set(cache));
}
