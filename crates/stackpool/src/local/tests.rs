//! Caches over one pool: who holds what, and that nothing is lost between them.
use super::*;
use crate::Order;
use crate::testing::{KIB, pool};
use std::vec::Vec;

/// # Safety
///
/// Nobody uses the stack.
unsafe fn free<S: StackSource>(cache: &mut LocalStacks<'_, S>, stack: Region) {
    // SAFETY: the caller's duty is the call's.
    unsafe { cache.free(stack) }.unwrap();
}

#[test]
fn the_last_stack_freed_is_the_first_given() {
    let pool = pool(1);
    let mut cache = LocalStacks::new(&pool);
    let one = cache.alloc(KIB(2)).unwrap();
    let two = cache.alloc(KIB(2)).unwrap();
    // SAFETY: nobody uses the stacks.
    unsafe { free(&mut cache, one) };
    // SAFETY: as above.
    unsafe { free(&mut cache, two) };
    assert_eq!(cache.alloc(KIB(2)), Ok(two));
    assert_eq!(cache.alloc(KIB(2)), Ok(one));
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses), (3, 1));
}

#[test]
fn a_stack_may_come_back_through_another_cache() {
    let pool = pool(8);
    let mut here = LocalStacks::new(&pool);
    let mut there = LocalStacks::new(&pool);
    for _ in 0..10 {
        let stacks: Vec<_> = (0..40).map(|_| here.alloc(KIB(2)).unwrap()).collect();
        for stack in stacks {
            // SAFETY: nobody uses the stack.
            unsafe { free(&mut there, stack) };
        }
        assert!(there.stats().bytes <= KIB(32));
    }
    drop((here, there));
    pool.check_invariants();
    assert_eq!(pool.stats().free, pool.stats().held);
}

#[test]
fn large_stacks_pass_the_cache_by() {
    let pool = pool(2);
    let mut cache = LocalStacks::new(&pool);
    let large = cache.alloc(KIB(128)).unwrap();
    let guarded = pool.alloc_guarded(KIB(128)).unwrap();
    // SAFETY: nobody uses the stacks.
    unsafe { free(&mut cache, large) };
    // SAFETY: as above.
    unsafe { free(&mut cache, guarded) };
    assert_eq!(cache.stats().bytes, ByteCount::ZERO);
    assert_eq!(pool.stats().large, [1, 1]);
}

#[test]
fn a_dropped_cache_leaves_nothing_behind() {
    let pool = pool(4);
    for order in Order::all() {
        let mut cache = LocalStacks::new(&pool);
        let stack = cache.alloc(order.bytes()).unwrap();
        // SAFETY: nobody uses the stack.
        unsafe { free(&mut cache, stack) };
    }
    assert_eq!(pool.stats().free, pool.stats().held);
    pool.free_stack_spans().unwrap();
    assert_eq!(pool.source().held(), (0, 0));
}

#[test]
fn growers_in_many_threads_lose_nothing() {
    // Go's TestStackCache: goroutines that grow, stack by stack, at once.
    let rounds = if cfg!(miri) { 2 } else { 200 };
    let pool = pool(usize::MAX);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut cache = LocalStacks::new(&pool);
                for _ in 0..rounds {
                    let mut stack = cache.alloc(KIB(2)).unwrap();
                    for kib in [4, 8, 16, 32, 64] {
                        let larger = cache.alloc(KIB(kib)).unwrap();
                        // SAFETY: nobody uses the old stack.
                        unsafe { free(&mut cache, stack) };
                        stack = larger;
                    }
                    // SAFETY: nobody uses the stack.
                    unsafe { free(&mut cache, stack) };
                }
            });
        }
    });
    pool.check_invariants();
    assert_eq!(pool.stats().free, pool.stats().held);
    pool.free_stack_spans().unwrap();
    assert_eq!(pool.source().held(), (0, 0));
}
