//! A thread's front: what it holds, and when it lets go.
use crate::testing::{KIB, Shelf};
use crate::{AllocError, Stacks, StacksConfig};
use arena::ByteCount;
use std::vec::Vec;

fn stacks(spans: usize) -> Stacks<Shelf> {
    Stacks::over(Shelf::new(spans), StacksConfig::default()).unwrap()
}

#[test]
fn the_last_stack_freed_is_the_first_given() {
    let local = stacks(8).local();
    let (one, two) = (
        local.guarded(KIB(16)).unwrap(),
        local.guarded(KIB(16)).unwrap(),
    );
    let (first, second) = (one.region(), two.region());
    drop(one);
    drop(two);
    assert_eq!(local.guarded(KIB(16)).unwrap().region(), second);
    let two = local.guarded(KIB(16)).unwrap();
    assert_eq!(two.region(), second);
    assert_eq!(local.guarded(KIB(16)).unwrap().region(), first);
}

#[test]
fn stacks_outlive_their_front_and_the_pool() {
    let pool = stacks(usize::MAX);
    let local = pool.local();
    let held: Vec<_> = (0..50)
        .map(|round| local.guarded(KIB(4 << (round % 7))).unwrap())
        .collect();
    let plain = local.plain(KIB(2)).unwrap();
    drop(local);
    assert_eq!(
        pool.stats().in_use.get() + pool.stats().cached.get(),
        pool.stats().held.get()
    );
    drop(held);
    drop(pool);
    // SAFETY: our stack.
    unsafe { plain.bottom().write_bytes(1, plain.size().get()) };
}

#[test]
fn a_flushed_front_holds_nothing() {
    let pool = stacks(usize::MAX);
    let local = pool.local();
    let held: Vec<_> = (0..40).map(|_| local.plain(KIB(2)).unwrap()).collect();
    let whole: Vec<_> = (0..40).map(|_| local.guarded(KIB(4)).unwrap()).collect();
    drop((held, whole));
    assert!(pool.stats().in_use > ByteCount::ZERO, "what lies at hand");
    local.flush();
    assert_eq!(pool.stats().in_use, ByteCount::ZERO);
    pool.release();
    assert_eq!(pool.heap().held(), (0, 0));
}

#[test]
fn errors_pass_through_and_lose_nothing() {
    let pool = stacks(1);
    let local = local_with_one(&pool);
    assert!(matches!(
        local.guarded(KIB(4)),
        Err(AllocError::OutOfMemory(_))
    ));
    assert!(matches!(
        local.guarded(KIB(128)),
        Err(AllocError::OutOfMemory(_))
    ));
    assert!(local.guarded(ByteCount::new(usize::MAX)).is_err());
    drop(local);
    assert_eq!(pool.stats().in_use, ByteCount::ZERO);
}

/// A front that has the heap's only span.
fn local_with_one(pool: &Stacks<Shelf>) -> crate::ThreadStacks<Shelf> {
    let local = pool.local();
    drop(local.plain(KIB(2)).unwrap());
    local
}
