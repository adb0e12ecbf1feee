//! Large stacks: reuse, guards, what is given back, and the system saying no.
use super::*;
use crate::testing::OS_PAGE;
use crate::testing::{KIB, free, pool};
use crate::{PoolStats, Retention};
use std::vec::Vec;

#[test]
fn a_large_stack_is_reused_by_its_own_size_only() {
    let pool = pool(4);
    let stack = pool.alloc(KIB(32)).unwrap();
    free(&pool, stack).unwrap();
    let other = pool.alloc(KIB(64)).unwrap();
    assert_ne!(other.low(), stack.low());
    assert_eq!(pool.stats().large, [1, 0]);
    assert_eq!(pool.alloc(KIB(32)), Ok(stack));
    let guarded = pool.alloc_guarded(KIB(32)).unwrap();
    free(&pool, guarded).unwrap();
    free(&pool, stack).unwrap();
    assert_eq!(pool.alloc_guarded(KIB(32)), Ok(guarded));
    assert_eq!(pool.alloc(KIB(32)), Ok(stack));
    pool.check_invariants();
}

#[test]
fn a_guarded_stack_has_its_guard_below_and_all_its_bytes() {
    let pool = pool(4);
    for kib in [4, 8, 16, 32, 64] {
        let stack = pool.alloc_guarded(KIB(kib)).unwrap();
        assert_eq!(stack.guard().get(), OS_PAGE);
        assert!(stack.bytes() >= KIB(kib));
        assert_eq!(
            stack.bottom().addr().get(),
            stack.low().addr().get() + OS_PAGE
        );
        let bytes = stack.guard().get() + stack.bytes().get();
        assert_eq!(bytes % 8192, 0, "whole pages");
        assert_eq!(stack.top().addr().get(), stack.low().addr().get() + bytes);
        assert_eq!(pool.source().guards(), (1, 0));
        free(&pool, stack).unwrap();
        assert_eq!(
            pool.source().guards(),
            (1, 0),
            "a free stack keeps its guard"
        );
        pool.free_stack_spans().unwrap();
        assert_eq!(pool.source().guards(), (0, 0), "the heap gets none");
    }
}

#[test]
fn a_system_without_guard_installation_protects() {
    let pool = pool(4);
    pool.source().no_install(false);
    let stacks: Vec<_> = (0..2)
        .map(|_| pool.alloc_guarded(KIB(4)).unwrap())
        .collect();
    assert_eq!(pool.source().guards(), (0, 2));
    let stats = pool.stats();
    assert_eq!((stats.guards, stats.protected), (2, 2));
    for stack in stacks {
        free(&pool, stack).unwrap();
    }
    pool.free_stack_spans().unwrap();
    assert_eq!(pool.source().guards(), (0, 0));
}

#[test]
fn the_mapping_limit_is_an_error_that_says_so() {
    let pool = pool(4);
    pool.source().no_install(false);
    let stack = pool.alloc_guarded(KIB(4)).unwrap();
    pool.source().no_install(true);
    let error = pool.alloc_guarded(KIB(4)).unwrap_err();
    assert!(matches!(
        error,
        AllocError::Guard(GuardError::MappingLimit { guards: 1, .. })
    ));
    assert!(std::format!("{error}").contains("vm.max_map_count"));
    assert_eq!(pool.source().held().0, 1, "the span went back");
    assert_eq!(pool.stats().held.get(), 8192);
    free(&pool, stack).unwrap();
}

#[test]
fn what_is_hot_is_bounded_and_the_oldest_cools() {
    let pool = pool(4);
    pool.set_retention(Retention {
        hot: KIB(64),
        resident: KIB(8),
        ..Retention::DEFAULT
    });
    let stacks: Vec<_> = (0..3).map(|_| pool.alloc(KIB(32)).unwrap()).collect();
    for stack in &stacks[..2] {
        free(&pool, *stack).unwrap();
    }
    assert_eq!(pool.source().discarded(), 0);
    free(&pool, stacks[2]).unwrap();
    assert_eq!(pool.source().discarded(), 24 << 10, "all but 8 KiB of one");
    for expected in [2, 1, 0] {
        assert_eq!(
            pool.alloc(KIB(32)),
            Ok(stacks[expected]),
            "the hottest first"
        );
    }
    pool.check_invariants();
}

#[test]
fn with_nothing_hot_each_free_cools() {
    let pool = pool(1);
    pool.set_retention(Retention {
        hot: ByteCount::ZERO,
        resident: KIB(4),
        ..Retention::DEFAULT
    });
    for round in 1..4 {
        let stack = pool.alloc_guarded(KIB(16)).unwrap();
        // 16 KiB and a guard page are three heap pages: 20 KiB are usable.
        assert_eq!(stack.bytes(), KIB(20));
        free(&pool, stack).unwrap();
        assert_eq!(pool.source().discarded(), (round * 16) << 10);
    }
}

#[test]
fn a_full_bucket_gives_to_the_heap() {
    let pool = pool(4);
    pool.set_retention(Retention {
        stacks: 1,
        ..Retention::DEFAULT
    });
    let stacks: Vec<_> = (0..3)
        .map(|_| pool.alloc_guarded(KIB(8)).unwrap())
        .collect();
    for stack in stacks {
        free(&pool, stack).unwrap();
    }
    assert_eq!(pool.stats().large, [0, 1]);
    assert_eq!(pool.source().held().0, 1);
    assert_eq!(pool.source().guards(), (1, 0));
}

#[test]
fn a_guard_that_stays_keeps_its_stack_out_of_the_heap() {
    let pool = pool(4);
    let stack = pool.alloc_guarded(KIB(8)).unwrap();
    free(&pool, stack).unwrap();
    pool.source().fail_at(Some(0));
    assert_eq!(pool.free_stack_spans(), Ok(ByteCount::ZERO));
    assert_eq!(pool.stats().large, [0, 1]);
    pool.check_invariants();
    assert_eq!(pool.alloc_guarded(KIB(8)), Ok(stack));
    free(&pool, stack).unwrap();
    assert_eq!(pool.free_stack_spans(), Ok(KIB(16)));
    assert_eq!(pool.source().held(), (0, 0));
}

/// A life of a pool with every kind of call to heap and system in it. Errors are fine, losses are not.
fn life(pool: &StackPool<crate::testing::Shelf>) {
    let mut stacks = Vec::new();
    for kib in [2, 4, 16] {
        stacks.extend(pool.alloc(KIB(kib)));
    }
    for kib in [4, 16, 64] {
        stacks.extend(pool.alloc_guarded(KIB(kib)));
    }
    stacks.extend(pool.alloc(KIB(32)));
    let _ = pool.warm(Guarding::Guarded, KIB(4), 3);
    let _ = pool.warm(Guarding::Plain, KIB(8), 5);
    for stack in stacks {
        free(pool, stack).unwrap();
    }
    for _ in 0..3 {
        pool.decay().unwrap();
    }
}

#[test]
fn every_call_may_fail_and_nothing_is_lost() {
    let calm = pool(32);
    life(&calm);
    let calls = calm.source().calls();
    assert!(calls > 20, "the life makes {calls} calls");
    for install in [true, false] {
        // An interpreter takes a sample.
        let step = if cfg!(miri) { 9 } else { 1 };
        for call in (0..calls + 2).step_by(step) {
            let pool = pool(32);
            if !install {
                pool.source().no_install(false);
            }
            pool.source().fail_at(Some(call));
            life(&pool);
            pool.check_invariants();
            assert_eq!(
                pool.stats().held.get(),
                pool.source().held().1,
                "call {call}"
            );
            pool.source().fail_at(None);
            pool.free_stack_spans().unwrap();
            assert_eq!(pool.source().held(), (0, 0), "call {call}");
            assert_eq!(
                pool.stats(),
                PoolStats {
                    limit: ByteCount::new(usize::MAX),
                    ..PoolStats::default()
                },
                "call {call}"
            );
        }
    }
}
