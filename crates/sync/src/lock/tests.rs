//! [`RawLock`] on the real futex: exclusion between real threads, trying, resetting.
use super::RawLock;
use crate::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;

#[test]
fn four_threads_count_without_loss() {
    let rounds = if cfg!(miri) { 20_u64 } else { 50_000 };
    let shared = Arc::new((RawLock::new(), AtomicU64::new(0)));
    let threads: std::vec::Vec<_> = (0..4)
        .map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                for _ in 0..rounds {
                    shared.0.lock();
                    // Not one atomic step: only the lock keeps the additions apart.
                    let before = shared.1.load(Ordering::Relaxed);
                    shared.1.store(before + 1, Ordering::Relaxed);
                    shared.0.unlock();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(shared.1.load(Ordering::Relaxed), 4 * rounds);
}

#[test]
fn a_held_lock_cannot_be_tried_until_it_is_given_back_or_reset() {
    let lock = RawLock::new();
    assert!(lock.try_lock());
    assert!(!lock.try_lock());
    lock.unlock();
    assert!(lock.try_lock());
    lock.reset();
    assert!(lock.try_lock());
    lock.unlock();
}

#[test]
fn a_sleeper_is_woken() {
    let lock = Arc::new(RawLock::new());
    lock.lock();
    let sleeper = {
        let lock = Arc::clone(&lock);
        thread::spawn(move || {
            lock.lock();
            lock.unlock();
        })
    };
    // Long enough for the other thread to give up spinning and sleep.
    thread::sleep(core::time::Duration::from_millis(20));
    lock.unlock();
    sleeper.join().unwrap();
}
