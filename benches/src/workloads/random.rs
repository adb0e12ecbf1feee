//! Random replacement: any of the live objects dies, and one of another size is born.
//!
//! The order in which slots become free has nothing to do with addresses; this is what a program
//! looks like that has run for a while.

use crate::rng::{Rng, Sizes};
use crate::{Block, Effort, Outcome};

/// Keeps `live` objects of 16 bytes to 1 KiB and replaces one at random, a million times a pass.
pub(super) fn run(effort: Effort, live: usize) -> Outcome {
    let live = effort.objects(live);
    let replacements = effort.objects(1_000_000);
    let passes = if live > 100_000 { 3 } else { 15 };
    let mut rng = Rng::new(2);
    let mut sizes = Sizes::new(3, 16, 1024);
    let mut blocks: Vec<Block> = (0..live).map(|_| Block::new(sizes.draw())).collect();
    effort.measure(passes, || {
        for _ in 0..replacements {
            let place = rng.below(live);
            blocks[place] = Block::new(sizes.draw());
        }
        replacements as u64
    })
}
