//! Stacks by order from the span heap, for coroutine and runtime authors.
//!
//! Bottom to top: [`StackSource`] is the seam to the heap. [`StackPool`] is Go's pool over it: small
//! stacks by [`Order`] out of spans of 32 KiB, large ones as spans of their own, either of them plain
//! or above a guard page. [`LocalStacks`] is a thread's or processor's share of the small ones, and moves a stack to a larger
//! or smaller one ([`LocalStacks::grow`], [`LocalStacks::relocate`]).
//!
//! With the feature `std` there are owned stacks besides, for coroutine libraries: `Stacks` is a pool
//! that any thread may use, `ThreadStacks` a front of it for one thread, `Stack` a stack that goes
//! back when it is dropped.
#![no_std]
#![deny(unsafe_code)]

#[cfg(any(test, feature = "std", feature = "ops"))]
extern crate std;

mod budget;
#[cfg(feature = "corosensei")]
mod coroutine;
mod cut;
mod error;
mod grow;
mod guard;
mod limits;
mod local;
mod magazine;
#[cfg(any(test, feature = "ops"))]
pub mod ops;
mod order;
mod pool;
mod region;
mod retention;
mod shape;
mod slots;
mod source;
#[cfg(feature = "std")]
mod stack;
#[cfg(feature = "std")]
mod stacks;
#[cfg(any(test, feature = "ops"))]
mod testing;
#[cfg(feature = "std")]
mod thread;
mod whole;

pub use arena::{ByteCount, GuardMethod};
pub use error::{AllocError, FreeError, GuardError, InitError};
pub use grow::{GrowError, Relocation, grown_size};
pub use local::{LocalStacks, LocalStats};
pub use order::{FIXED_STACK, ORDERS, Order, Platform, Release, STACK_CACHE, STACK_MIN, System};
pub use pool::{PoolConfig, PoolStats, StackPool};
pub use region::Region;
pub use retention::Retention;
pub use shape::{Guarding, MIN_GUARDED, stack_size};
pub use source::StackSource;
#[cfg(feature = "std")]
pub use stack::{Guarded, Kind, Plain, Stack};
#[cfg(feature = "std")]
pub use stacks::{Stacks, StacksConfig, StacksError, StacksStats, SystemHeap};
#[cfg(feature = "std")]
pub use thread::{ThreadStack, ThreadStacks};
