//! What the shards and the pool behind them do together.
use crate::testing::{KIB, Shelf};
use crate::{AllocError, Guarding, Retention, Stacks, StacksConfig};
use arena::ByteCount;
use std::vec::Vec;

fn over(spans: usize, change: impl FnOnce(&mut StacksConfig)) -> Stacks<Shelf> {
    let mut config = StacksConfig {
        shards: 2,
        decay: None,
        ..StacksConfig::default()
    };
    change(&mut config);
    Stacks::over(Shelf::new(spans), config).unwrap()
}

#[test]
fn the_figures_add_up_at_every_step() {
    let stacks = over(64, |_| {});
    let mut plain = Vec::new();
    let mut guarded = Vec::new();
    let rounds: usize = if cfg!(miri) { 12 } else { 100 };
    for round in 0..rounds {
        if round % 3 == 0 {
            guarded.push(stacks.guarded(KIB(4 << (round % 7))).unwrap());
        } else {
            plain.push(stacks.plain(KIB(2 << (round % 6))).unwrap());
        }
        if round % 4 == 3 {
            plain.swap_remove(round % plain.len());
        }
        let stats = stacks.stats();
        assert_eq!(stats.live, plain.len() + guarded.len());
        assert_eq!(stats.in_use.get() + stats.cached.get(), stats.held.get());
        assert_eq!(stats.held.get(), stacks.heap().held().1, "the heap agrees");
        let plain: usize = plain.iter().map(|stack| stack.size().get()).sum();
        let guarded: usize = guarded
            .iter()
            .map(|stack| stack.size().get() + crate::testing::OS_PAGE)
            .sum();
        assert_eq!(stats.in_use.get(), plain + guarded);
    }
    drop((plain, guarded));
    let held = stacks.stats().held;
    assert_eq!(stacks.release(), held, "all of it is free now");
    assert_eq!(stacks.heap().held(), (0, 0));
}

#[test]
fn a_stack_at_hand_costs_no_call() {
    let stacks = over(4, |_| {});
    drop(stacks.guarded(KIB(64)).unwrap());
    let calls = stacks.heap().calls();
    let pairs = if cfg!(miri) { 50 } else { 1000 };
    for _ in 0..pairs {
        drop(stacks.guarded(KIB(64)).unwrap());
    }
    assert_eq!(stacks.heap().calls(), calls);
    let stats = stacks.stats();
    assert_eq!((stats.hits, stats.misses), (pairs, 1));
}

#[test]
fn the_limit_is_reached_only_when_nothing_is_left_anywhere() {
    let stacks = over(64, |config| config.limit = KIB(128));
    // All of it as guarded stacks of 4 KiB, each with its guard two heap pages... and free again.
    let small: Vec<_> = (0..16).map(|_| stacks.guarded(KIB(4)).unwrap()).collect();
    assert!(matches!(
        stacks.guarded(KIB(4)),
        Err(AllocError::Limit { .. })
    ));
    drop(small);
    // Now as something else: what is cached does not count against it.
    let large = stacks.plain(KIB(128)).unwrap();
    assert!(matches!(
        stacks.plain(KIB(2)),
        Err(AllocError::Limit { .. })
    ));
    drop(large);
    stacks.plain(KIB(2)).unwrap();
}

#[test]
fn memory_that_other_shards_hold_is_found() {
    let stacks = over(2, |_| {});
    let here = stacks.guarded(KIB(4)).unwrap();
    let there = stacks.guarded(KIB(4)).unwrap();
    std::thread::spawn(move || drop((here, there)))
        .join()
        .unwrap();
    assert_eq!(stacks.heap().held().0, 2, "the heap has no third span");
    let one = stacks.guarded(KIB(64)).unwrap();
    let other = stacks.guarded(KIB(64)).unwrap();
    assert!(matches!(
        stacks.guarded(KIB(64)),
        Err(AllocError::OutOfMemory(_))
    ));
    drop((one, other));
}

#[test]
fn an_idle_pool_gives_all_of_it_back() {
    let stacks = over(256, |config| config.retention = Retention::EVERYTHING);
    let held: Vec<_> = (0..100).map(|_| stacks.guarded(KIB(16)).unwrap()).collect();
    let small: Vec<_> = (0..100).map(|_| stacks.plain(KIB(2)).unwrap()).collect();
    drop((held, small));
    assert_eq!(stacks.stats().in_use, ByteCount::ZERO);
    for _ in 0..12 {
        stacks.decay();
    }
    assert_eq!(stacks.heap().held(), (0, 0));
}

#[test]
fn warmed_stacks_are_served_without_a_call() {
    let stacks = over(64, |_| {});
    stacks.warm(Guarding::Guarded, KIB(16), 10).unwrap();
    let calls = stacks.heap().calls();
    let held: Vec<_> = (0..10).map(|_| stacks.guarded(KIB(16)).unwrap()).collect();
    assert_eq!(stacks.heap().calls(), calls);
    drop(held);
}

#[test]
fn threads_that_hand_stacks_on_lose_nothing() {
    let (threads, rounds) = if cfg!(miri) { (2, 20) } else { (4, 5000) };
    let stacks = over(usize::MAX, |config| config.shards = 4);
    let (sender, receiver) = std::sync::mpsc::sync_channel(64);
    let receiver = std::sync::Mutex::new(receiver);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (stacks, sender, receiver) = (stacks.clone(), sender.clone(), &receiver);
            scope.spawn(move || {
                for round in 0..rounds {
                    let guarded = stacks.guarded(KIB(4 << ((thread + round) % 4))).unwrap();
                    let plain = stacks.plain(KIB(2 << (round % 3))).unwrap();
                    for stack in [guarded.region(), plain.region()] {
                        // SAFETY: our stacks.
                        unsafe { stack.bottom().write_bytes(1, stack.bytes().get()) };
                    }
                    if sender.try_send((guarded, plain)).is_err() {
                        let received = receiver.lock().unwrap().try_recv();
                        drop(received);
                    }
                }
            });
        }
    });
    drop(receiver);
    let stats = stacks.stats();
    assert_eq!((stats.live, stats.in_use), (0, ByteCount::ZERO));
    stacks.release();
    assert_eq!(stacks.heap().held(), (0, 0));
}
