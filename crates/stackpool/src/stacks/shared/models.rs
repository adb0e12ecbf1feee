//! Stacks that come back from another thread, and who frees the pool.
use crate::stacks::turn;
use crate::testing::Few;
use crate::{Stacks, StacksConfig};
use arena::ByteCount;
use sync::model::{model, thread};

const SIZE: ByteCount = ByteCount::kib(2);

/// A pool with two shards over one span. Its heap notices calls after its end, and calls that nothing
/// orders before it.
fn stacks() -> Stacks<Few> {
    turn::forget();
    let config = StacksConfig {
        shards: 2,
        decay: None,
        ..StacksConfig::default()
    };
    Stacks::over(Few::new(&[4]), config).expect("the default cache")
}

#[test]
fn a_stack_dropped_elsewhere_against_the_last_handle() {
    model(|| {
        let stacks = stacks();
        let stack = stacks.plain(SIZE).expect("a stack");
        // The theorem, with the heap's checks: the last of both frees the pool, after the other's last
        // touch. A pool that nobody frees is a leak that loom reports.
        let other = thread::spawn(move || drop(stack));
        drop(stacks);
        other.join().expect("the other thread is done");
    });
}

#[test]
fn two_stacks_dropped_elsewhere_after_the_last_handle() {
    model(|| {
        let stacks = stacks();
        let one = stacks.plain(SIZE).expect("a stack");
        let two = stacks.plain(SIZE).expect("a stack");
        drop(stacks);
        let other = thread::spawn(move || drop(one));
        drop(two);
        other.join().expect("the other thread is done");
    });
}

#[test]
fn a_stack_that_crosses_over_is_seen_by_the_figures() {
    model(|| {
        let stacks = stacks();
        let stack = stacks.plain(SIZE).expect("a stack");
        let other = thread::spawn(move || drop(stack));
        let here = stacks.plain(SIZE).expect("a stack");
        drop(here);
        other.join().expect("the other thread is done");
        let stats = stacks.stats();
        assert_eq!(
            (stats.live, stats.in_use),
            (0, ByteCount::ZERO),
            "what came back is counted, whichever shard it came through"
        );
        assert_eq!(stacks.release(), ByteCount::kib(32), "and is whole again");
    });
}
