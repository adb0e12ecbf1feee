//! Which shard a thread goes to.
//!
//! A thread-local hint, without initialiser or destructor, so that it can be read at any moment of a
//! thread's life. It says where this thread has last found one unclaimed, whichever pool that was in;
//! the first guess comes from the hint's own address, which every thread has another one of.
use super::claim::{Claim, Claimed};
use super::shard::Shard;
use core::cell::Cell;
use sync::CachePadded;

std::thread_local! {
    static HINT: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// A shard that is this thread's for a moment, and its number. There is at least one shard, and their
/// number is a power of two.
#[inline]
pub(crate) fn claim(shards: &[CachePadded<Claim<Shard>>]) -> (Claimed<'_, Shard>, usize) {
    let mask = shards.len() - 1;
    let hint = HINT.with(Cell::get) & mask;
    match shards[hint].try_claim() {
        Some(shard) => (shard, hint),
        None => claim_slow(shards, mask),
    }
}

/// Tries one shard after the other, and stays where it finds one unclaimed.
#[cold]
#[inline(never)]
fn claim_slow(shards: &[CachePadded<Claim<Shard>>], mask: usize) -> (Claimed<'_, Shard>, usize) {
    let first = HINT.with(|hint| match hint.get() {
        // Fibonacci hashing: the addresses of threads differ in some middle bits.
        usize::MAX => core::ptr::from_ref(hint).addr().wrapping_mul(0x9e37_79b9) >> 16,
        hint => hint.wrapping_add(1),
    });
    for turn in 0..=mask {
        let index = first.wrapping_add(turn) & mask;
        if let Some(shard) = shards[index].try_claim() {
            HINT.with(|hint| hint.set(index));
            return (shard, index);
        }
    }
    let index = first & mask;
    HINT.with(|hint| hint.set(index));
    (shards[index].claim(), index)
}

/// Makes the next guess the first: models run all threads on one, and must begin alike.
#[cfg(all(test, gomalloc_loom))]
pub(crate) fn forget() {
    HINT.with(|hint| hint.set(usize::MAX));
}
