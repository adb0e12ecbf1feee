//! How fast stacks come and go, beside `corosensei`'s own, in one run.
//!
//! `cargo run --release --example measure --features corosensei`. Rounds of all contestants alternate;
//! printed is the median of the rounds. Each round writes to the top of each stack it gets.
#![expect(clippy::print_stdout, reason = "an example")]
use corosensei::stack::{DefaultStack, Stack as _};
use corosensei::{Coroutine, CoroutineResult};
use gomalloc_stackpool::{ByteCount, Stack, Stacks, StacksConfig};

use core::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 201;

/// Writes one word below the top, as the first call on a stack does.
#[expect(unsafe_code, reason = "touches the stack")]
fn touch(top: *mut u8) {
    let word = top.wrapping_sub(16).cast::<u64>();
    // SAFETY: inside a stack of at least 2 KiB that the caller has.
    unsafe { word.write_volatile(1) };
}

/// Nanoseconds per repetition.
fn time(repetitions: u32, mut body: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..repetitions {
        body();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(repetitions)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// One contestant: a name and what it does in a round, in nanoseconds per repetition.
type Contestant<'a> = (&'a str, Box<dyn FnMut() -> f64 + 'a>);

/// Alternates the contestants round by round and prints each one's median.
fn race(mut contestants: Vec<Contestant<'_>>) -> Vec<f64> {
    let mut times = vec![Vec::new(); contestants.len()];
    for _ in 0..ROUNDS {
        for (index, (_, round)) in contestants.iter_mut().enumerate() {
            times[index].push(round());
        }
    }
    let medians: Vec<f64> = times.into_iter().map(median).collect();
    for ((name, _), ns) in contestants.iter().zip(&medians) {
        println!("  {name:44} {ns:10.1} ns");
    }
    medians
}

fn pairs(stacks: &Stacks) {
    println!("allocate and free, touched:");
    for (name, kib) in [("16 KiB guarded", 16), ("64 KiB guarded", 64)] {
        let medians = race(vec![
            (
                name,
                Box::new(|| {
                    time(1_000, || {
                        let stack = stacks.guarded(ByteCount::kib(kib)).unwrap();
                        touch(stack.top().as_ptr());
                    })
                }),
            ),
            (
                "  corosensei::DefaultStack (guarded)",
                Box::new(|| {
                    time(20, || {
                        let stack = DefaultStack::new(kib << 10).unwrap();
                        touch(core::ptr::with_exposed_provenance_mut(stack.base().get()));
                    })
                }),
            ),
        ]);
        println!("  {:.0} times as fast", medians[1] / medians[0]);
    }
    let plain = |order: usize| -> Contestant<'_> {
        let names = ["2 KiB plain", "4 KiB plain", "8 KiB plain", "16 KiB plain"];
        (
            names[order],
            Box::new(move || {
                time(1_000, || {
                    let stack = stacks.plain(ByteCount::kib(2 << order)).unwrap();
                    touch(stack.top().as_ptr());
                })
            }),
        )
    };
    race((0..4).map(plain).collect());
}

fn spawn<S: corosensei::stack::Stack + 'static>(stack: S) -> Coroutine<(), (), u64, S> {
    Coroutine::with_stack(stack, |_, ()| black_box(1))
}

fn finish<S: corosensei::stack::Stack>(mut coroutine: Coroutine<(), (), u64, S>) -> S {
    assert!(matches!(coroutine.resume(()), CoroutineResult::Return(1)));
    coroutine.into_stack()
}

fn spawning(stacks: &Stacks) {
    println!("spawn and finish short coroutines, each:");
    let size = ByteCount::kib(16);
    let mut by_hand = Some(stacks.guarded(size).unwrap());
    let local = stacks.local();
    let mut window = Vec::with_capacity(1000);
    let mut local_window = Vec::with_capacity(1000);
    let mut window_by_hand = Vec::with_capacity(1000);
    let mut thousand: Vec<Stack> = (0..1000).map(|_| stacks.guarded(size).unwrap()).collect();
    let medians = race(vec![
        (
            "one stack, reused by hand",
            Box::new(|| {
                time(1_000, || {
                    by_hand = Some(finish(spawn(by_hand.take().unwrap())));
                })
            }),
        ),
        (
            "one after the other from the pool",
            Box::new(|| time(1_000, || drop(finish(spawn(stacks.guarded(size).unwrap()))))),
        ),
        (
            "one after the other from a thread's front",
            Box::new(|| time(1_000, || drop(finish(spawn(local.guarded(size).unwrap()))))),
        ),
        (
            "a thousand at a time, stacks reused by hand",
            Box::new(|| {
                time(2, || {
                    window_by_hand.extend(thousand.drain(..).map(spawn));
                    thousand.extend(window_by_hand.drain(..).map(finish));
                }) / 1000.0
            }),
        ),
        (
            "a thousand at a time from a thread's front",
            Box::new(|| {
                time(2, || {
                    local_window.extend((0..1000).map(|_| spawn(local.guarded(size).unwrap())));
                    local_window
                        .drain(..)
                        .for_each(|coroutine| drop(finish(coroutine)));
                }) / 1000.0
            }),
        ),
        (
            "a thousand at a time from the pool",
            Box::new(|| {
                time(2, || {
                    window.extend((0..1000).map(|_| spawn(stacks.guarded(size).unwrap())));
                    window
                        .drain(..)
                        .for_each(|coroutine| drop(finish(coroutine)));
                }) / 1000.0
            }),
        ),
    ]);
    let [hand, one, front, hand_many, front_many, many] = medians[..] else {
        unreachable!("six contestants")
    };
    println!(
        "  by hand, times: pool {:.2} and {:.2}, front {:.2} and {:.2}",
        one / hand,
        many / hand_many,
        front / hand,
        front_many / hand_many
    );
}

fn threads(stacks: &Stacks) {
    println!("16 KiB guarded, in batches of 64, each:");
    const BATCHES: u32 = 40;
    let fill = |batch: &mut Vec<Stack>| {
        batch.extend((0..64).map(|_| {
            let stack = stacks.guarded(ByteCount::kib(16)).unwrap();
            touch(stack.top().as_ptr());
            stack
        }));
    };
    let medians = race(vec![
        (
            "allocated and freed by one thread",
            Box::new(|| {
                let mut batch = Vec::with_capacity(64);
                time(BATCHES, || {
                    fill(&mut batch);
                    batch.clear();
                }) / 64.0
            }),
        ),
        (
            "allocated by one, freed by another",
            Box::new(|| {
                let (full, other) = std::sync::mpsc::sync_channel::<Vec<Stack>>(4);
                let (back, empty) = std::sync::mpsc::channel::<Vec<Stack>>();
                for _ in 0..4 {
                    back.send(Vec::with_capacity(64)).unwrap();
                }
                std::thread::scope(|scope| {
                    scope.spawn(move || {
                        for mut batch in other {
                            batch.clear();
                            let _ = back.send(batch);
                        }
                    });
                    let each = time(BATCHES, || {
                        let mut batch = empty.recv().unwrap();
                        fill(&mut batch);
                        full.send(batch).unwrap();
                    });
                    // The other thread ends with the channel.
                    drop(full);
                    each / 64.0
                })
            }),
        ),
    ]);
    println!("  {:.2} times as long", medians[1] / medians[0]);
}

fn main() {
    let stacks = Stacks::new(StacksConfig::default()).unwrap();
    pairs(&stacks);
    spawning(&stacks);
    threads(&stacks);
    println!("{:?}", stacks.stats());
}
