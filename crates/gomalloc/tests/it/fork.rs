//! `fork` while other threads are in the middle of allocating and freeing.
//!
//! The child has one thread, and the memory of all of them as it was at that moment: it must find no
//! lock held and no slot in two places.
use crate::busy::Busy;
use crate::shadow::Block;
use crate::{child, pthread};
use std::sync::{Arc, Barrier};

/// Runs `work` in a child of this thread; answers with what it exited with, or its signal negated.
pub(crate) fn fork(work: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child leaves by `_exit`. What it does before that is what the allocator is tested
    // for; the C library makes its own state whole in the child.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork: {}", std::io::Error::last_os_error());
    if child == 0 {
        child::set_alarm(60);
        let outcome = std::panic::catch_unwind(core::panic::AssertUnwindSafe(work));
        // SAFETY: ends the process.
        unsafe { libc::_exit(outcome.unwrap_or(99)) };
    }
    let mut status = 0;
    // SAFETY: the child is this process's, and there is room for its status.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child);
    if libc::WIFEXITED(status) {
        libc::WEXITSTATUS(status)
    } else {
        -libc::WTERMSIG(status)
    }
}

/// Takes every slot that the caches of the threads that are gone may still hold, on as many threads
/// at a time as there were; a slot that is in two of them is found by its pattern.
fn empty_the_caches(threads: usize, depth: usize) -> i32 {
    let barrier = Arc::new(Barrier::new(threads));
    let threads: Vec<_> = (0..threads)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            pthread::spawn(move || {
                let mut blocks = Vec::new();
                barrier.wait();
                for (size, count) in [(8, 1100), (64, 1100), (512, 140), (5000, 20), (100_000, 1)] {
                    blocks.extend((0..1 + count * depth / 100).map(|_| Block::alloc(size, 8)));
                }
                barrier.wait();
                assert!(blocks.iter().all(Option::is_some));
            })
        })
        .collect();
    let mut fine = true;
    for thread in threads {
        fine &= thread.is_some_and(pthread::Thread::join);
    }
    gomalloc::flush_thread_cache();
    i32::from(!fine)
}

#[test]
fn children_allocate_free_and_make_threads() {
    child::succeeds("fork::child", "short");
}

#[test]
fn a_child_that_goes_on_for_long_forks_again() {
    child::succeeds("fork::child", "long");
}

#[test]
fn a_thread_without_a_cache_may_fork() {
    child::succeeds("fork::child", "bare");
}

#[test]
fn child() {
    match child::case().as_deref() {
        None => {}
        Some("short") => short(),
        Some("long") => long(),
        Some("bare") => bare(),
        Some(other) => panic!("no case {other}"),
    }
}

fn short() {
    let busy = Busy::start();
    let forks = child::scaled(1000, 10_000);
    for number in 0..forks {
        // Most children do little, so that there can be many of them.
        let depth = if number % 8 == 0 { 100 } else { 1 };
        let status = fork(|| empty_the_caches(1 + depth / 25, depth));
        assert_eq!(status, 0, "child {number} of {forks}");
    }
    busy.end();
    assert_eq!(empty_the_caches(4, 100), 0, "the parent is as it was");
}

fn long() {
    let busy = Busy::start();
    for _ in 0..child::scaled(3, 30) {
        let status = fork(|| {
            // Not the parent's threads: those are not here.
            let busy = Busy::start();
            for _ in 0..20 {
                assert_eq!(fork(|| empty_the_caches(2, 20)), 0, "a child's child");
                std::thread::sleep(core::time::Duration::from_millis(5));
            }
            busy.end();
            gomalloc::release_memory();
            let stats = gomalloc::stats();
            assert!(stats.mallocs >= stats.frees && stats.mapped_bytes >= stats.live_bytes);
            empty_the_caches(4, 100)
        });
        assert_eq!(status, 0);
    }
    busy.end();
}

/// A thread forks that has freed a block, but never allocated any: it has no cache of its own.
fn bare() {
    let busy = Busy::start();
    for _ in 0..20 {
        let thread = pthread::spawn(|| {
            let status = fork(|| empty_the_caches(4, 100));
            assert_eq!(status, 0);
        });
        assert!(thread.unwrap().join());
    }
    busy.end();
}
