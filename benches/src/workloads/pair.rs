//! Allocate and free one small size: nothing but the two hit paths.

use crate::{Block, Effort, Outcome};
use std::hint::black_box;

pub(super) fn run(effort: Effort) -> Outcome {
    let pairs = effort.objects(1_000_000);
    effort.measure(60, || {
        for _ in 0..pairs {
            // The box keeps the compiler from removing the pair.
            drop(black_box(Block::new(black_box(64))));
        }
        pairs as u64
    })
}
