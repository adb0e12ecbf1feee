//! Many objects live, freed in order: a stack that unwinds, or a queue that drains.

use crate::rng::Sizes;
use crate::{Block, Effort, Outcome};
use std::hint::black_box;

/// In which order objects die.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    /// The youngest first.
    Lifo,
    /// The oldest first.
    Fifo,
}

/// Allocates `live` objects of 16 bytes to 1 KiB, then frees all of them, again and again.
pub(super) fn run(effort: Effort, order: Order, live: usize) -> Outcome {
    // About three million objects for small numbers; near a million live costs more for each.
    let rounds = (50_000 / live).max(1);
    let live = effort.objects(live);
    let passes = if rounds == 1 && live > 100_000 { 4 } else { 60 };
    let mut sizes = Sizes::new(1, 16, 1024);
    let mut blocks: Vec<Block> = Vec::with_capacity(live);
    effort.measure(passes, || {
        for _ in 0..rounds {
            blocks.extend((0..live).map(|_| Block::new(sizes.draw())));
            black_box(&mut blocks);
            match order {
                Order::Lifo => while blocks.pop().is_some() {},
                // Front to back, without moving the rest.
                Order::Fifo => blocks.clear(),
            }
        }
        (rounds * live) as u64
    })
}
