//! Threads: exits with live objects, frees elsewhere, threads that only free, all at bounded
//! resident memory.
use crate::{low, resident_bytes};
use core::cell::RefCell;
use std::sync::mpsc;
use std::thread;

const ROUNDS: usize = 10_000;
/// What the whole of such a test may add: some caches, some spans of every class that is used.
const BOUND: usize = 48 << 20;

/// About 6 KiB in blocks of several classes.
fn some_objects(seed: usize) -> Vec<Box<[u8]>> {
    [16, 40, 100, 500, 1200, 4000]
        .iter()
        .map(|&size| vec![low(seed); size].into_boxed_slice())
        .collect()
}

#[test]
fn threads_that_exit_with_live_objects_lose_nothing() {
    let before = resident_bytes();
    for round in 0..ROUNDS {
        let left = thread::spawn(move || some_objects(round)).join().unwrap();
        assert!(
            left.iter()
                .all(|object| object.iter().all(|&byte| byte == low(round)))
        );
    }
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < BOUND, "{grown} bytes after {ROUNDS} threads");
}

#[test]
fn objects_freed_by_another_thread_are_reused() {
    let before = resident_bytes();
    let (send, receive) = mpsc::sync_channel::<Vec<Box<[u8]>>>(64);
    let freeing = thread::spawn(move || {
        let mut bytes = 0_usize;
        for objects in receive {
            bytes += objects.iter().map(|object| object.len()).sum::<usize>();
        }
        bytes
    });
    for round in 0..10 * ROUNDS {
        send.send(some_objects(round)).unwrap();
    }
    drop(send);
    assert_eq!(
        freeing.join().unwrap(),
        10 * ROUNDS * (16 + 40 + 100 + 500 + 1200 + 4000)
    );
    let grown = resident_bytes().saturating_sub(before);
    assert!(
        grown < BOUND,
        "{grown} bytes after {} hand-overs",
        10 * ROUNDS
    );
}

#[test]
fn threads_that_only_free_strand_nothing() {
    let before = resident_bytes();
    for round in 0..ROUNDS {
        let objects = some_objects(round);
        thread::spawn(move || drop(objects)).join().unwrap();
    }
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < BOUND, "{grown} bytes after {ROUNDS} threads");
}

#[test]
fn destructors_of_thread_locals_may_allocate_and_free() {
    struct Last(Vec<String>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.push("written while the thread ends".repeat(20));
            assert_eq!(self.0.len(), 2);
        }
    }
    thread_local! {
        static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
    }
    for _ in 0..100 {
        thread::spawn(|| {
            LAST.with(|last| *last.borrow_mut() = Some(Last(vec![String::from("first")])));
        })
        .join()
        .unwrap();
    }
}

#[test]
fn many_threads_at_once_keep_their_objects_apart() {
    let threads: Vec<_> = (0..8)
        .map(|seed| {
            thread::spawn(move || {
                let mut live: Vec<Vec<u8>> = Vec::new();
                let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ seed;
                for _ in 0..60_000 {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(seed | 1);
                    let size = 1 + (state >> 33) as usize % 3000;
                    if live.len() < 500 {
                        live.push(vec![low(size); size]);
                    } else {
                        let at = (state >> 17) as usize % live.len();
                        let old = core::mem::replace(&mut live[at], vec![low(size); size]);
                        assert!(old.iter().all(|&byte| byte == low(old.len())));
                    }
                }
                live.iter()
                    .all(|block| block.iter().all(|&byte| byte == low(block.len())))
            })
        })
        .collect();
    for thread in threads {
        assert!(thread.join().unwrap());
    }
}
