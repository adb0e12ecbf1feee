//! Span heap after the Go runtime: page runs, span lists, address lookup, scavenger.
//!
//! A [`Heap`] over an address space hands out runs of 8 KiB pages: cut into slots for the exchange
//! above ([`SpanSource`]), as one large object ([`Heap::alloc_large`]), or for a use of one's own
//! ([`Heap::alloc_manual`]). A [`Span`] is the header of such a run, kept outside of it. Free runs
//! are kept in a [`RunStore`], as Go's were ([`ListedRuns`]) unless somebody chooses otherwise.
//!
//! One lock protects all of it; lookups by address ([`Heap::find_object`], [`Heap::span_of`]) and
//! figures ([`Heap::stats`]) take none. Free memory goes back to the system when nobody has needed it
//! for a while ([`Heap::scavenge_step`]), on demand ([`Heap::release_memory`]), or because of a limit
//! ([`Heap::set_soft_limit`], [`Heap::set_hard_limit`]).
#![no_std]
#![deny(unsafe_code)]

#[cfg(any(test, feature = "ops"))]
extern crate std;

mod decay;
mod error;
mod headers;
mod heap;
mod limits;
mod list;
#[cfg(any(test, feature = "ops"))]
pub mod ops;
mod recent;
mod regions;
mod released;
mod runs;
mod source;
mod span;
mod stats;

pub use error::{FreeError, HeapError};
pub use heap::{Heap, HeapConfig, Large, Object, OnPressure, Pressure};
pub use list::{ListError, ListId, Members, SpanList};
pub use runs::{BinnedRuns, ListedRuns, RunError, RunStore, RunTree};
pub use source::{MetadataSource, SpanSource};
pub use span::{CentralLinks, Located, Span, SpanRef, SpanState};
pub use stats::HeapStats;
