//! Models of [`RawLock`] on the futex stand-in: exclusion, publication and no lost wake-up.
use super::RawLock;
use crate::cell::UnsafeCell;
use crate::model::{Arc, Builder, thread};

struct Shared {
    lock: RawLock,
    value: UnsafeCell<u32>,
}

fn explore(threads: usize, rounds: u32) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        let shared = Arc::new(Shared {
            lock: RawLock::new(),
            value: UnsafeCell::new(0),
        });
        let add = move |shared: &Shared| {
            for _ in 0..rounds {
                shared.lock.lock();
                add_one(&shared.value);
                shared.lock.unlock();
            }
        };
        let others: std::vec::Vec<_> = (1..threads)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || add(&shared))
            })
            .collect();
        add(&shared);
        for other in others {
            other.join().expect("every sleeper is woken");
        }
        shared.lock.lock();
        let total = read(&shared.value);
        shared.lock.unlock();
        assert_eq!(
            total,
            rounds * u32::try_from(threads).expect("a few"),
            "what one holder wrote, the next holder sees: no addition is lost"
        );
    });
}

#[expect(unsafe_code, reason = "the model writes the protected value")]
fn add_one(value: &UnsafeCell<u32>) {
    // SAFETY: the caller holds the lock; loom fails the model if two holders meet here.
    value.with_mut(|value| unsafe { *value += 1 });
}

#[expect(unsafe_code, reason = "the model reads the protected value")]
fn read(value: &UnsafeCell<u32>) -> u32 {
    // SAFETY: the caller holds the lock; loom fails the model if a writer meets us here.
    value.with(|value| unsafe { *value })
}

#[test]
fn two_threads_exclude_each_other_and_wake_each_other() {
    explore(2, 2);
}

#[test]
fn three_threads_lose_no_wake_up() {
    explore(3, 1);
}
