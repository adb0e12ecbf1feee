//! Stacks by order from the span heap, for coroutine and runtime authors.
//!
//! Bottom to top: [`StackSource`] is the seam to the heap. [`StackPool`] is Go's pool over it: small
//! stacks by [`Order`] out of spans of 32 KiB, large ones as spans of their own, either of them plain
//! or above a guard page. [`LocalStacks`] is a thread's or processor's share of the small ones.
#![no_std]
#![deny(unsafe_code)]

#[cfg(test)]
extern crate std;

mod budget;
mod cut;
mod error;
mod guard;
mod limits;
mod local;
mod magazine;
mod order;
mod pool;
mod retention;
mod shape;
mod slots;
mod source;
#[cfg(test)]
mod testing;
mod whole;

pub use error::{AllocError, FreeError, GuardError, InitError};
pub use local::{LocalStacks, LocalStats};
pub use order::{FIXED_STACK, ORDERS, Order, Platform, Release, STACK_CACHE, STACK_MIN, System};
pub use pool::{PoolStats, StackConfig, StackPool};
pub use retention::Retention;
pub use shape::{Guarding, MIN_GUARDED, Region};
pub use source::StackSource;
