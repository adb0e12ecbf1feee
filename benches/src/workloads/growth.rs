//! A buffer that doubles: what every growing vector and string does.

use crate::{Effort, Outcome};
use std::hint::black_box;

/// A buffer grows from `first` to `last` bytes; an operation is one step.
///
/// Four buffers grow in turn, so that none can simply extend to the end of the memory.
pub(super) fn run(effort: Effort, first: usize, last: usize, passes: u32) -> Outcome {
    let rounds = effort.objects(400);
    effort.measure(passes, || {
        let mut steps = 0;
        for _ in 0..rounds {
            let mut buffers: [Vec<u8>; 4] = std::array::from_fn(|_| Vec::with_capacity(first));
            let mut size = first;
            while size < last {
                size *= 2;
                for buffer in &mut buffers {
                    // Only the capacity grows, so that copying what was written is the
                    // allocator's business and filling is not measured.
                    buffer.reserve_exact(size);
                    black_box(buffer.as_mut_ptr());
                    steps += 1;
                }
            }
        }
        steps
    })
}
