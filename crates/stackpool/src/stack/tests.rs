//! Stacks that own themselves.
use super::*;
use crate::testing::{KIB, Shelf};
use crate::{Stacks, StacksConfig};
use std::vec::Vec;

fn stacks(spans: usize) -> Stacks<Shelf> {
    Stacks::over(Shelf::new(spans), StacksConfig::default()).unwrap()
}

#[test]
fn a_stack_is_where_it_says_and_as_large() {
    let stacks = stacks(8);
    let stack = stacks.guarded(ByteCount::new(5000)).unwrap();
    assert!(stack.size() >= KIB(8), "rounded up to a power of two");
    assert_eq!(stack.guard().end, stack.bottom());
    assert_eq!(stack.guard().start, stack.region().low());
    let plain = stacks.plain(ByteCount::new(1)).unwrap();
    assert_eq!(plain.size(), crate::FIXED_STACK);
    assert!(plain.guard().is_empty());
    assert_eq!(stacks.stats().live, 2);
}

#[test]
fn a_cleared_stack_is_zero_from_bottom_to_top() {
    let sizes: &[usize] = if cfg!(miri) { &[4] } else { &[4, 16, 64] };
    for &kib in sizes {
        let stacks = stacks(1);
        let mut stack = stacks.guarded(KIB(kib)).unwrap();
        let bytes = stack.size().get();
        for fails in [None, Some(0)] {
            // SAFETY: our stack.
            unsafe { stack.bottom().write_bytes(0xa5, bytes) };
            stacks.heap().fail_at(fails);
            stack.clear();
            // SAFETY: our stack, all of it written above.
            let content = unsafe { core::slice::from_raw_parts(stack.bottom().as_ptr(), bytes) };
            assert!(content.iter().all(|byte| *byte == 0), "{kib} KiB");
        }
        stacks.heap().fail_at(None);
    }
}

#[test]
fn a_stack_outlives_every_handle() {
    let handle = stacks(4);
    let other = handle.clone();
    let mut held: Vec<_> = (0..3).map(|_| handle.guarded(KIB(4)).unwrap()).collect();
    drop(handle);
    assert_eq!(other.stats().live, 3);
    drop(held.pop());
    drop(other);
    for stack in &held {
        // SAFETY: our stack.
        unsafe { stack.bottom().write_bytes(1, stack.size().get()) };
    }
    drop(held);
}

#[test]
fn stacks_may_be_dropped_by_another_thread_after_the_pool() {
    let rounds = if cfg!(miri) { 3 } else { 200 };
    for _ in 0..rounds {
        let handle = stacks(usize::MAX);
        let held: Vec<_> = (0..4).map(|_| handle.plain(KIB(2)).unwrap()).collect();
        let threads: Vec<_> = held
            .into_iter()
            .map(|stack| std::thread::spawn(move || drop(stack)))
            .collect();
        drop(handle);
        for thread in threads {
            thread.join().unwrap();
        }
    }
}
