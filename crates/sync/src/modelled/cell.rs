//! Loom's cell, which reports two accesses that nothing orders.
pub use loom::cell::UnsafeCell;
