//! Starting a program: the allocator's own start-up, its relocations, its first pages.
//!
//! An operation is one process, started from this program's own file with an argument that makes
//! it allocate a little and end.

use crate::{Block, Effort, Outcome};
use std::process::{Command, Stdio};

/// The argument that makes `workload` call [`little`] and end.
pub const LITTLE: &str = "--little";

/// What a small program allocates: a hundred objects of the common sizes.
pub fn little() {
    let blocks: Vec<Block> = (1..=100).map(|index| Block::new(16 * index)).collect();
    drop(blocks);
}

pub(super) fn run(effort: Effort) -> Outcome {
    let starts = effort.objects(200);
    let program = std::env::current_exe().expect("a running program has a file");
    effort.measure(1, || {
        for _ in 0..starts {
            let status = Command::new(&program)
                .arg(LITTLE)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .status()
                .expect("our own program can be started");
            assert!(status.success());
        }
        starts as u64
    })
}
