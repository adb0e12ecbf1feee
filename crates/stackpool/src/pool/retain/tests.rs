//! Decay, floors and figures.
use crate::testing::{KIB, free, pool};
use crate::{Guarding, Retention};
use arena::ByteCount;
use std::vec::Vec;

#[test]
fn an_idle_pool_decays_to_nothing_by_halves() {
    let pool = pool(64);
    pool.set_retention(Retention::EVERYTHING);
    let stacks: Vec<_> = (0..32).map(|_| pool.alloc(KIB(32)).unwrap()).collect();
    for stack in stacks {
        free(&pool, stack).unwrap();
    }
    // The first period saw all of them in use.
    assert_eq!(pool.decay(), Ok(ByteCount::ZERO));
    for left in [16, 8, 4, 2, 1, 0, 0] {
        pool.decay().unwrap();
        assert_eq!(pool.stats().large, [left, 0]);
        pool.check_invariants();
    }
    assert_eq!(pool.source().held(), (0, 0));
}

#[test]
fn what_the_highest_demand_of_a_period_needed_stays() {
    let pool = pool(64);
    pool.set_retention(Retention::EVERYTHING);
    let peak = |count: usize| {
        let stacks: Vec<_> = (0..count).map(|_| pool.alloc(KIB(32)).unwrap()).collect();
        for stack in stacks {
            free(&pool, stack).unwrap();
        }
    };
    peak(20);
    for _ in 0..10 {
        pool.decay().unwrap();
        peak(8);
    }
    assert_eq!(
        pool.stats().large,
        [8, 0],
        "8 were needed at once in each period"
    );
}

#[test]
fn the_stacks_that_stay_are_cooled() {
    let pool = pool(8);
    pool.set_retention(Retention {
        resident: KIB(4),
        ..Retention::EVERYTHING
    });
    let stacks: Vec<_> = (0..4).map(|_| pool.alloc(KIB(32)).unwrap()).collect();
    for stack in stacks {
        free(&pool, stack).unwrap();
    }
    pool.decay().unwrap();
    assert_eq!(pool.source().discarded(), 0);
    pool.decay().unwrap();
    assert_eq!(pool.stats().large, [2, 0]);
    assert_eq!(pool.source().discarded(), 2 * (28 << 10));
}

#[test]
fn small_spans_decay_too() {
    let pool = pool(8);
    pool.set_retention(Retention::EVERYTHING);
    let stacks: Vec<_> = (0..64).map(|_| pool.alloc(KIB(2)).unwrap()).collect();
    for stack in stacks {
        free(&pool, stack).unwrap();
    }
    pool.decay().unwrap();
    for left in [2, 1, 0] {
        pool.decay().unwrap();
        assert_eq!(pool.stats().empty_spans, left);
    }
    pool.check_invariants();
}

#[test]
fn warmed_stacks_are_there_and_outlast_decay() {
    let pool = pool(64);
    pool.warm(Guarding::Guarded, KIB(16), 5).unwrap();
    pool.warm(Guarding::Plain, KIB(4), 9).unwrap();
    let calls = pool.source().calls();
    let stacks: Vec<_> = (0..5)
        .map(|_| pool.alloc_guarded(KIB(16)).unwrap())
        .collect();
    let small: Vec<_> = (0..9).map(|_| pool.alloc(KIB(4)).unwrap()).collect();
    assert_eq!(
        pool.source().calls(),
        calls,
        "nothing was asked of heap and system"
    );
    for stack in stacks.into_iter().chain(small) {
        free(&pool, stack).unwrap();
    }
    for _ in 0..20 {
        pool.decay().unwrap();
    }
    assert_eq!(pool.stats().large, [0, 5]);
    assert_eq!(pool.stats().small[1], 16, "two spans of eight");
    pool.warm(Guarding::Guarded, KIB(16), 0).unwrap();
    pool.warm(Guarding::Plain, KIB(4), 0).unwrap();
    for _ in 0..20 {
        pool.decay().unwrap();
    }
    assert_eq!(pool.source().held(), (0, 0));
}

#[test]
fn the_figures_add_up() {
    let pool = pool(16);
    let small = pool.alloc(KIB(2)).unwrap();
    let guarded = pool.alloc_guarded(KIB(16)).unwrap();
    let large = pool.alloc(KIB(64)).unwrap();
    let stats = pool.stats();
    assert_eq!(stats.held, KIB(32 + 24 + 64));
    assert_eq!(
        stats.held.get(),
        pool.source().held().1,
        "the heap says the same"
    );
    assert_eq!(stats.free, KIB(30));
    assert_eq!(
        (stats.cut_spans, stats.empty_spans, stats.guards),
        (1, 0, 1)
    );
    for stack in [small, guarded, large] {
        free(&pool, stack).unwrap();
    }
    let stats = pool.stats();
    assert_eq!(stats.free, stats.held);
    assert_eq!((stats.small[0], stats.large), (16, [1, 1]));
}
