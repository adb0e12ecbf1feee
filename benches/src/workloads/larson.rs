//! A server after Larson and Krishnan (1998): each thread replaces objects at random in an array,
//! then ends and hands the array, full of its objects, to a thread that is born.
//!
//! So most objects are freed by another thread than the one that allocated them, and that one is gone.

use crate::rng::Rng;
use crate::{Block, Effort, Outcome};
use std::thread;

/// Chains of threads that run at the same time.
const CHAINS: usize = 2;
/// Objects that a chain keeps.
const LIVE: usize = 5_000;
/// Threads of a chain, one after the other, in a pass.
const GENERATIONS: usize = 8;

pub(super) fn run(effort: Effort) -> Outcome {
    let live = effort.objects(LIVE);
    let replacements = effort.objects(50_000);
    effort.measure(16, || {
        thread::scope(|scope| {
            for chain in 0..CHAINS {
                scope.spawn(move || {
                    let mut rng = Rng::new(chain as u64);
                    let mut blocks: Vec<Block> =
                        (0..live).map(|_| Block::new(size(&mut rng))).collect();
                    for _ in 0..GENERATIONS {
                        let heir = thread::spawn(move || serve(blocks, rng, replacements));
                        (blocks, rng) = heir.join().expect("a server ends");
                    }
                });
            }
        });
        (CHAINS * GENERATIONS * replacements) as u64
    })
}

/// 10 to 500 bytes, uniform, as in the original.
fn size(rng: &mut Rng) -> usize {
    10 + rng.below(491)
}

fn serve(mut blocks: Vec<Block>, mut rng: Rng, replacements: usize) -> (Vec<Block>, Rng) {
    for _ in 0..replacements {
        let place = rng.below(blocks.len());
        blocks[place] = Block::new(size(&mut rng));
    }
    (blocks, rng)
}
