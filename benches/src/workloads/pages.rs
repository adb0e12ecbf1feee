//! Medium and large blocks: buffers of files, sockets and pictures.
//!
//! Touched at both ends only: filling megabytes would measure the memory bus.

use crate::rng::{Rng, Sizes};
use crate::{Block, Effort, Outcome};

/// Keeps `live` blocks of `low` to `high` bytes and replaces one at random.
pub(super) fn run(effort: Effort, low: usize, high: usize, live: usize, passes: u32) -> Outcome {
    let replacements = effort.objects(100_000);
    let mut rng = Rng::new(4);
    let mut sizes = Sizes::new(5, low, high);
    let mut blocks: Vec<Option<Block>> =
        (0..live).map(|_| Some(Block::new(sizes.draw()))).collect();
    effort.measure(passes, || {
        for _ in 0..replacements {
            let place = &mut blocks[rng.below(live)];
            // The old one goes first: a program that has done with a buffer says so.
            *place = None;
            *place = Some(Block::new(sizes.draw()));
        }
        replacements as u64
    })
}
