//! Ten thousand threads at once, each of which has allocated once: what their caches take.
use crate::shadow::Block;
use crate::{child, pthread, resident_bytes};
use core::hint::black_box;
use std::sync::{Arc, Barrier};

const THREADS: usize = 10_000;
/// What one thread's cache may take, its first slots included.
const EACH: usize = 16 << 10;
/// A thread's stack: an allocation takes less than 8 KiB of it, also without optimisation.
const STACK: usize = 64 << 10;
const TOUCHED: usize = 24 << 10;
/// What a thread takes in all, its stacks here and in the kernel included.
const MEMORY: usize = THREADS * (TOUCHED + EACH + (32 << 10));

#[test]
fn ten_thousand_threads_take_little_each() {
    let text = child::succeeds("crowd::child", "crowd");
    let said = text.lines().find(|line| line.contains("crowd: "));
    assert!(said.is_some(), "{text}");
}

#[test]
fn child() {
    if child::case().is_none() {
        return;
    }
    if available_bytes() < 2 * MEMORY {
        say(&format!(
            "crowd: skipped, {} MB are free",
            available_bytes() >> 20
        ));
        return;
    }
    let Some(first) = crowd() else {
        say("crowd: skipped, the system has no room for so many threads");
        return;
    };
    say(&format!(
        "crowd: {first} bytes for each of {THREADS} threads"
    ));
    assert!(first <= EACH, "{first} bytes a thread");
    let second = crowd().unwrap();
    // Caches are used again; their first slots, eight of 112 bytes, may lie on other pages.
    assert!(second <= 2048, "{second} bytes a thread more");
    let metadata = gomalloc::stats().metadata_bytes;
    assert!(
        metadata <= (THREADS * EACH) as u64,
        "{metadata} bytes of records"
    );
}

/// Makes the threads, has them all allocate once, and ends them. Answers with the resident bytes
/// that the allocations added for each of them.
fn crowd() -> Option<usize> {
    let barrier = Arc::new(Barrier::new(THREADS + 1));
    let mut threads = Vec::new();
    for _ in 0..THREADS {
        let barrier = Arc::clone(&barrier);
        let work = move || {
            touch_stack();
            barrier.wait();
            barrier.wait();
            let block = Block::alloc(100, 8);
            barrier.wait();
            barrier.wait();
            assert!(block.is_some());
        };
        // Those that are there wait for ever if one cannot be made; the process ends then.
        threads.push(pthread::spawn_with_stack(work, STACK)?);
    }
    barrier.wait();
    let before = resident_bytes();
    barrier.wait();
    barrier.wait();
    let after = resident_bytes();
    barrier.wait();
    for thread in threads {
        assert!(thread.join());
    }
    Some(after.saturating_sub(before) / THREADS)
}

/// Has the stack that an allocation will use in memory, so that only the allocator's own counts.
#[inline(never)]
fn touch_stack() {
    black_box([1_u8; TOUCHED]);
}

fn available_bytes() -> usize {
    let Ok(text) = std::fs::read_to_string("/proc/meminfo") else {
        return usize::MAX;
    };
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<usize>().ok());
    kib.map_or(usize::MAX, |kib| kib << 10)
}

#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn say(line: &str) {
    println!("{line}");
}
