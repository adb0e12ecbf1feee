//! One side allocates, the other frees: pipelines, and what separates designs most.

use crate::ring::{Receiver, Sender, ring, wait};
use crate::rng::Sizes;
use crate::{Block, Effort, Outcome};
use std::thread;

/// Sizes of the blocks that are handed over.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mix {
    /// 64 bytes.
    One,
    /// 16 bytes to 1 KiB.
    Many,
}

impl Mix {
    fn sizes(self, seed: usize) -> Sizes {
        let (low, high) = match self {
            Self::One => (64, 64),
            Self::Many => (16, 1024),
        };
        Sizes::new(10 + seed as u64, low, high)
    }
}

/// `producers` threads allocate, `consumers` free; every producer deals its blocks out to all
/// consumers in turn, through a ring for each pair.
pub(super) fn run(effort: Effort, producers: usize, consumers: usize, mix: Mix) -> Outcome {
    let total = effort.objects(1_200_000);
    let each = total / producers;
    effort.measure(4, || {
        let mut inputs: Vec<Vec<Receiver>> = (0..consumers).map(|_| Vec::new()).collect();
        let outputs: Vec<Vec<Sender>> = (0..producers)
            .map(|_| inputs.iter_mut().map(connect).collect())
            .collect();
        thread::scope(|scope| {
            for (index, senders) in outputs.into_iter().enumerate() {
                scope.spawn(move || produce(senders, each, mix.sizes(index)));
            }
            for (index, receivers) in inputs.into_iter().enumerate() {
                // Dealing in turn gives the first consumers the odd ones.
                let share = each / consumers + usize::from(index < each % consumers);
                scope.spawn(move || consume(receivers, share));
            }
        });
        (each * producers) as u64
    })
}

/// A ring into `input`; its other end.
fn connect(input: &mut Vec<Receiver>) -> Sender {
    let (sender, receiver) = ring();
    input.push(receiver);
    sender
}

fn produce(mut senders: Vec<Sender>, count: usize, mut sizes: Sizes) {
    let consumers = senders.len();
    for index in 0..count {
        senders[index % consumers].send(Block::new(sizes.draw()));
    }
}

/// Frees `share` blocks of each receiver, from whichever has one.
fn consume(mut receivers: Vec<Receiver>, share: usize) {
    let mut left = share * receivers.len();
    let mut looks = 0;
    while left > 0 {
        let before = left;
        for receiver in &mut receivers {
            // Up to a batch of each, so that no producer is forgotten.
            for block in std::iter::from_fn(|| receiver.try_receive()).take(64) {
                drop(block);
                left -= 1;
            }
        }
        if left == before {
            wait(&mut looks);
        } else {
            looks = 0;
        }
    }
}
