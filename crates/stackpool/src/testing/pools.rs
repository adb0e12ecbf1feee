//! Pools over the stand-in, as the tests want them.
#![expect(unsafe_code, reason = "frees stacks of tests")]
use super::Shelf;
use crate::{FreeError, PoolConfig, Region, StackPool, StackSource};

/// A pool that is ready, over a heap of some spans.
pub(crate) fn pool(spans: usize) -> StackPool<Shelf> {
    let pool = StackPool::new(Shelf::new(spans));
    pool.init(PoolConfig::default()).unwrap();
    pool
}

/// Gives a stack back that the test got.
pub(crate) fn free<S: StackSource>(pool: &StackPool<S>, stack: Region) -> Result<(), FreeError> {
    // SAFETY: tests use no memory of stacks that they free.
    unsafe { pool.free(stack) }
}
