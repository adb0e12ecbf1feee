//! Allocators for memory that describes the heap and lies outside it.
//!
//! | allocator | what may be given back | grows by |
//! |---|---|---|
//! | [`Memory::alloc`](crate::Memory::alloc) | whole system pages, to the system | itself |
//! | [`Persistent`] | nothing before the owner's end | chunks of 256 KiB |
//! | `Linear` | nothing | mapping the next part of one reservation |
//! | [`Fixed`] | blocks, to their own type | chunks of 16 KiB |
//!
//! None of them locks: each belongs to one owner. What they hold is unmapped by their `release`.
mod fixed;
mod linear;
mod persistent;

pub use fixed::{Fixed, Reuse};
pub(crate) use linear::{Backed, Linear};
pub use persistent::Persistent;
