//! Small stacks against what Go does with them.
use super::*;
use crate::testing::{KIB, free, pool};
use crate::{LocalStacks, Retention, STACK_CACHE};
use std::vec::Vec;

#[test]
fn the_highest_address_goes_first() {
    for order in Order::all() {
        let pool = pool(1);
        let slots = STACK_CACHE.get() / order.bytes().get();
        let stacks: Vec<_> = (0..slots)
            .map(|_| pool.alloc(order.bytes()).unwrap())
            .collect();
        let base = stacks[slots - 1].low().addr().get();
        for (index, stack) in stacks.iter().enumerate() {
            let expected = base + (slots - 1 - index) * order.bytes().get();
            assert_eq!(stack.low().addr().get(), expected, "{order:?}");
        }
        pool.check_invariants();
    }
}

#[test]
fn a_refill_takes_half_a_cache() {
    for (order, stacks) in Order::all().zip([8, 4, 2, 1]) {
        let pool = pool(1);
        let mut cache = LocalStacks::new(&pool);
        cache.alloc(order.bytes()).unwrap();
        assert_eq!(cache.stats().small[order.get()], stacks - 1);
        assert_eq!(pool.stats().small[order.get()], 2 * stacks - stacks);
    }
}

#[test]
fn a_full_cache_gives_half_back_first() {
    for (order, stacks) in Order::all().zip([16, 8, 4, 2]) {
        let pool = pool(2);
        let mut cache = LocalStacks::new(&pool);
        let all: Vec<_> = (0..stacks + 1)
            .map(|_| cache.alloc(order.bytes()).unwrap())
            .collect();
        cache.clear().unwrap();
        for (index, stack) in all.into_iter().enumerate() {
            // SAFETY: nobody uses the stack.
            unsafe { cache.free(stack) }.unwrap();
            let bytes = cache.stats().bytes.get();
            if index < stacks {
                assert_eq!(bytes, (index + 1) * order.bytes().get());
            } else {
                assert_eq!(bytes, STACK_CACHE.get() / 2 + order.bytes().get());
            }
        }
        drop(cache);
        pool.check_invariants();
        assert_eq!(pool.stats().free, pool.stats().held);
    }
}

#[test]
fn a_span_goes_back_only_when_nothing_keeps_it() {
    let pool = pool(4);
    // Go while its collector marks: nothing goes back.
    pool.set_retention(Retention::EVERYTHING);
    let stacks: Vec<_> = (0..33).map(|_| pool.alloc(KIB(2)).unwrap()).collect();
    for stack in stacks {
        free(&pool, stack).unwrap();
    }
    assert_eq!(pool.stats().empty_spans, 3);
    assert_eq!(pool.source().held().0, 3);
    // The end of marking.
    pool.set_retention(Retention::NOTHING);
    assert_eq!(pool.free_stack_spans(), Ok(KIB(96)));
    assert_eq!(pool.source().held().0, 0);
    // The collector is off: the last stack takes its span along.
    let stack = pool.alloc(KIB(2)).unwrap();
    assert_eq!(pool.source().held().0, 1);
    free(&pool, stack).unwrap();
    assert_eq!(pool.source().held().0, 0);
    pool.check_invariants();
}

#[test]
fn a_border_crossed_back_and_forth_costs_no_call() {
    let pool = pool(4);
    let held: Vec<_> = (0..16).map(|_| pool.alloc(KIB(2)).unwrap()).collect();
    let stack = pool.alloc(KIB(2)).unwrap();
    free(&pool, stack).unwrap();
    let calls = pool.source().calls();
    for _ in 0..100 {
        let stack = pool.alloc(KIB(2)).unwrap();
        free(&pool, stack).unwrap();
    }
    assert_eq!(pool.source().calls(), calls);
    for stack in held {
        free(&pool, stack).unwrap();
    }
}

#[test]
fn used_spans_are_filled_before_empty_ones() {
    let pool = pool(3);
    let mut stacks: Vec<_> = (0..48).map(|_| pool.alloc(KIB(2)).unwrap()).collect();
    let base = |stack: crate::Region| pool.find(stack.low()).unwrap().span.addr();
    let full = stacks.split_off(47);
    for stack in stacks {
        free(&pool, stack).unwrap();
    }
    assert_eq!(pool.stats().empty_spans, 2);
    for _ in 0..15 {
        let stack = pool.alloc(KIB(2)).unwrap();
        assert_eq!(base(stack), base(full[0]), "the span in use first");
    }
    assert_eq!(pool.stats().empty_spans, 2);
    pool.check_invariants();
}
