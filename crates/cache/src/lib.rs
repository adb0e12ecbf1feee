//! Per-thread object caches in front of the central span exchange.
//!
//! A [`Cache`] belongs to one thread at a time. Per span class it holds a *magazine*, an array of
//! free slots: malloc pops, free pushes, last in first out; no lock, no call, no object memory is
//! touched, and no null is tested for, because a thread without a cache of its own points at a
//! shared one that is always empty and always full ([`Cache::empty`]). A miss goes to the
//! [`CacheSet`], which refills from and flushes to an [`Exchange`](central::Exchange) by the batch.
//!
//! ```text
//!  thread ─▶ Cache (pop, push: 8 instructions each)
//!              │ miss: empty, full, or 32,768 allocations since the last miss
//!              ▼
//!          CacheSet ── refill / flush by the batch ──▶ Exchange (central)
//!              └────── arrays, births ───────────────▶ MetadataSource (heap)
//! ```
//!
//! # One word a class
//!
//! ```text
//!   31    30 ............ 16    15    14 ............. 0
//!  guard   allocations since   guard   slots in the
//!          the last miss               magazine
//! ```
//!
//! Adding `0xFFFF` takes one off the length and adds one to the allocations. An empty magazine sets
//! bit 15 instead, and the 32,768th allocation sets bit 31: one addition pops and counts, one test
//! finds both reasons to leave the fast path. So every allocation is counted exactly, and a sampling
//! profiler needs no instruction on a hit: it starts the count higher.
//!
//! # Who reads and writes what
//!
//! | field of [`Cache`] | read by | written by | ordering |
//! |---|---|---|---|
//! | words | owner; statistics, from any thread | owner, plain load and store | Relaxed |
//! | array pointers, capacities, marks, reserve | owner | owner | none |
//! | allocations so far, slots flushed less refilled | owner; statistics | owner, between two changes of the version | Relaxed |
//! | version | statistics | owner | a sequence lock: Release fence after the first change, Release on the second; readers Acquire |
//! | link of the registry | statistics | whoever makes the cache, once | Release on the list's head |
//! | links of dead caches | under the set's lock | under the set's lock | the lock |
//!
//! A cache changes its owner only through the set's lock ([`CacheSet::give_back`],
//! [`CacheSet::acquire`]), which orders everything else. The shared empty cache is never written.
//!
//! The models in `set/models.rs` run this crate's own code on loom. Each of these, changed by hand and
//! one at a time, makes `a_reader_sees_a_moment_of_the_owner` fail: no Release fence, the second
//! version Relaxed, the first look Relaxed, no Acquire fence, no second look. A Relaxed registration
//! makes `a_registered_cache_is_whole` fail.
//!
//! Memory of caches and of their arrays comes from the metadata source and is never given back:
//! caches of dead threads are used again, whole, and outgrown arrays by whoever needs that length.
//! So whoever walks the registry needs no lock.
//!
//! # Fork
//!
//! A flush takes slots out of the magazine's length before the exchange sees them, and a refill
//! counts them in when the array holds them: a cache whose thread was interrupted anywhere by a fork
//! is whole in the child, and at worst the slots in transit are lost there.
//!
//! # Errors and panics
//!
//! Nothing here panics or unwinds. Out of memory is a null pointer; a wrong pointer is found when it
//! is flushed, and the call that flushed it says so.
#![no_std]
#![deny(unsafe_code)]

#[cfg(test)]
extern crate std;

mod cache;
mod class;
mod empty;
#[cfg(test)]
mod fake;
mod limits;
mod magazine;
mod sampling;
mod set;
mod stats;
mod tiny;
mod word;

pub use cache::Cache;
pub use sampling::{OnSample, Sample};
pub use set::CacheSet;
pub use stats::Stats;
pub use tiny::{Tiny, TinySet, tiny_align};
