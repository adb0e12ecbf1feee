//! Atomics, cells and locks of the gomalloc layers: core's, or loom's under the model flag.
//!
//! Every layer takes its shared-memory primitives from here and from nowhere else, so that a build
//! with `--cfg gomalloc_loom` runs the shipped code of the layers on loom's modelled memory. The
//! modules below have the same items on both sides; which side is compiled is chosen in this file
//! alone.
//!
//! | item | real | modelled |
//! |---|---|---|
//! | [`atomic`] | `core::sync::atomic` | `loom::sync::atomic` |
//! | [`cell`] | a cell with loom's interface | `loom::cell` |
//! | [`RawLock`], [`Mutex`] | on a futex | the same code on a futex stand-in |
//! | [`spin_loop`], [`yield_now`] | the processor's hint, the system's | loom's |
//!
//! The flag is not plain `loom`: `RUSTFLAGS` reach every dependency, and a program that runs its
//! own loom tests over a gomalloc global allocator must keep real atomics in the allocator.
//!
//! # Features
//!
//! * `std`: debug builds check that locks are taken in the order of their [`Rank`]s. Layer crates
//!   switch it on for their tests only.
#![no_std]
#![deny(unsafe_code)]

#[cfg(any(test, gomalloc_loom, feature = "std"))]
extern crate std;

pub mod atomic;
pub mod cell;
mod fatal;
#[cfg(gomalloc_loom)]
#[path = "modelled/mod.rs"]
mod imp;
#[cfg(not(gomalloc_loom))]
#[path = "real/mod.rs"]
mod imp;
mod lock;
#[cfg(gomalloc_loom)]
pub mod model;
mod mutex;
mod rank;

pub use crossbeam_utils::CachePadded;
pub use fatal::{fatal, warn};
pub use imp::{spin_loop, yield_now};
pub use lock::RawLock;
pub use mutex::{Mutex, MutexGuard};
pub use rank::Rank;
