//! Sampling in the slow paths: a count that begins higher is full at the next sample.
//!
//! The countdown of a class is in the word of its magazine (owner only); the setting is shared.
use super::CacheSet;
use crate::magazine::{Magazine, Mode, Start};
use crate::sampling::{OnSample, Sample};

impl<X, M> CacheSet<X, M> {
    /// Has about one allocation in `mean` bytes reported (Go's default is 512 KiB; 0 turns sampling
    /// off). Each class of each cache begins, or ends, with its next miss: within 32,768 allocations.
    ///
    /// An allocation of a slot of `bytes` is reported with probability 1 − e^(−bytes / mean), whatever
    /// came before it. A hit costs the same whether sampling is on or off.
    pub fn set_sampling(&self, mean: usize, on_sample: OnSample) {
        self.sampling.set(mean, on_sample);
    }

    /// Reports an allocation that no cache sees, such as a large one, with the probability of its
    /// size.
    pub fn sample_uncached(&self, pointer: *mut u8, bytes: usize) {
        let mean = self.sampling.mean();
        if mean != 0 && self.sampling.seed().hits(bytes, mean) {
            self.sampling.report(Sample { pointer, bytes });
        }
    }

    /// Where the count of the magazine goes on after a miss that serves `allocs` allocations (0 or 1)
    /// of `slot_bytes`, and whether that one is a sample.
    pub(super) fn next_start(
        &self,
        magazine: &mut Magazine,
        allocs: u32,
        slot_bytes: usize,
    ) -> (Start, bool) {
        let mean = self.sampling.mean();
        if mean == 0 {
            return (Start::OFF, false);
        }
        let is_sample = match (magazine.mode(), magazine.count_after(allocs)) {
            // The countdown goes on; what this miss serves is one of those that it passes over.
            (mode @ (Mode::Near | Mode::Far), Some(count)) => {
                return (Start { count, mode }, false);
            }
            (Mode::Near, None) => true,
            (Mode::Far, None) => false,
            // Nothing was drawn for this allocation yet.
            (Mode::Off, _) => {
                let random = magazine.random(|| self.sampling.seed());
                allocs > 0 && random.hits(slot_bytes, mean)
            }
        };
        let random = magazine.random(|| self.sampling.seed());
        let start = match random.start(slot_bytes, mean) {
            Some(count) => Start {
                count,
                mode: Mode::Near,
            },
            None => Start::FAR,
        };
        (start, is_sample)
    }

    /// Tells the profiler. The last thing that a miss does: the function may come back for memory.
    pub(super) fn report(&self, pointer: *mut u8, bytes: usize) {
        self.sampling.report(Sample { pointer, bytes });
    }
}
