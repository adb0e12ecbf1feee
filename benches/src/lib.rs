//! Deterministic workloads for comparing allocators, and what measures and compares them.
//!
//! A [`Workload`] is a fixed sequence of allocations and frees: the same sizes, in the same order,
//! on every run and on every allocator. It knows nothing of allocators; it uses `Box`, `Vec` and
//! [`Block`] as any program does, and the global allocator of the program serves it.
//!
//! Two programs are built from this library.
//! `workload NAME` runs one workload in a process of its own and prints one line of JSON
//! ([`Report`]). Which allocator it runs on is decided by a feature when it is built, because a
//! program has one global allocator. `compare` (feature `driver`) builds it once for each
//! allocator, alternates them round by round and prints the table.
#![deny(unsafe_code)]
#![allow(clippy::std_instead_of_core, reason = "an ordinary program")]

pub mod block;
#[cfg(feature = "driver")]
pub mod compare;
pub mod meter;
pub mod report;
pub mod ring;
pub mod rng;
pub mod workloads;

pub use block::Block;
pub use meter::{Effort, Outcome};
pub use report::Report;
pub use workloads::Workload;
