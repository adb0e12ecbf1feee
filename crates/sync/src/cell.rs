//! [`UnsafeCell`] with loom's interface: access goes through closures that loom can watch.
//!
//! A cell protects nothing by itself; whoever embeds one says which lock or which ownership does.
pub use crate::imp::cell::UnsafeCell;
