//! A buffer that doubles: what every growing vector and string does.

use crate::{Effort, Outcome};
use std::hint::black_box;

/// Smallest and largest buffer in bytes.
const FIRST: usize = 16;
const LAST: usize = 1 << 20;

/// An operation is one step of growth; four buffers grow in turn, so that none can simply extend
/// to the end of the memory.
pub(super) fn run(effort: Effort) -> Outcome {
    let rounds = effort.objects(400);
    effort.measure(20, || {
        let mut steps = 0;
        for _ in 0..rounds {
            let mut buffers: [Vec<u8>; 4] = std::array::from_fn(|_| vec![1; FIRST]);
            let mut size = FIRST;
            while size < LAST {
                size *= 2;
                for buffer in &mut buffers {
                    // Only the capacity grows, so that copying what was written is the
                    // allocator's business and filling is not measured.
                    buffer.reserve_exact(size - buffer.len());
                    black_box(buffer.as_mut_ptr());
                    steps += 1;
                }
            }
        }
        steps
    })
}
