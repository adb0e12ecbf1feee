//! Threads that come and go: what a thread's birth and end cost, and what it leaves behind.

use crate::rng::Sizes;
use crate::{Block, Effort, Outcome};
use std::thread;

/// Threads that run at the same time; more than the two cores of a small machine, on purpose.
const TOGETHER: usize = 4;

/// Objects that one thread allocates.
const OBJECTS: usize = 200;

/// Each thread frees half of its objects and leaves the rest to its parent, in a mixed order.
pub(super) fn leave(effort: Effort) -> Outcome {
    let generations = effort.objects(200);
    effort.measure(3, || {
        for generation in 0..generations {
            let workers: Vec<_> = (0..TOGETHER)
                .map(|index| {
                    let seed = (generation * TOGETHER + index) as u64;
                    thread::spawn(move || live_and_leave(seed))
                })
                .collect();
            for worker in workers {
                drop(worker.join().expect("a worker ends"));
            }
        }
        (generations * TOGETHER * OBJECTS) as u64
    })
}

fn live_and_leave(seed: u64) -> Vec<Block> {
    // Sizes are computed one by one: a table would cost more than the objects.
    let mut rng = crate::rng::Rng::new(seed);
    let mut blocks: Vec<Block> = (0..OBJECTS)
        .map(|_| Block::new(16 << rng.below(7)))
        .collect();
    let mut keep = false;
    blocks.retain(|_| {
        keep = !keep;
        keep
    });
    blocks
}

/// An operation is one thread: born, ten allocations, ended.
pub(super) fn birth(effort: Effort) -> Outcome {
    let births = effort.objects(2_000);
    let mut sizes = Sizes::new(6, 16, 1024);
    effort.measure(3, || {
        for _ in 0..births {
            let size = sizes.draw();
            let thread = thread::spawn(move || {
                let blocks: [Block; 10] = std::array::from_fn(|index| Block::new(size + index));
                drop(blocks);
            });
            thread.join().expect("a thread ends");
        }
        births as u64
    })
}
