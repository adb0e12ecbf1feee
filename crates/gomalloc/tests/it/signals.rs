//! Signals that arrive in the middle of an allocation or a free, and whose handlers do not return.
//!
//! A handler that leaves by `siglongjmp` abandons what it interrupted; so does one that stays and
//! goes on from where it is, which is what is done here: Rust has no function that returns twice. A
//! hit may be abandoned so. A miss may not: it may hold a lock.
use crate::busy;
use crate::child;
use crate::shadow::{Block, Random};
use core::alloc::{GlobalAlloc, Layout};
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use gomalloc::GoMalloc;

const A: GoMalloc = GoMalloc::new();
/// The class of the hits: a size that nothing else in the child has.
const LAYOUT: Layout = Layout::new::<[u64; 72]>();
/// What a child exits with when its handler ended it as planned.
const PLANNED: i32 = 7;

/// Whether the handler is to act.
static IS_ARMED: AtomicBool = AtomicBool::new(false);
/// Blocks of the class in use before the hits.
static IN_USE: AtomicU64 = AtomicU64::new(0);

#[test]
fn a_handler_may_end_the_process_anywhere() {
    child::succeeds("signals::child", "exit");
}

#[test]
fn a_hit_that_is_abandoned_costs_one_object_at_most() {
    child::succeeds("signals::child", "abandon");
}

#[test]
fn child() {
    let rounds = child::scaled(300, 10_000);
    match child::case().as_deref() {
        None => {}
        Some("exit") => interrupt(rounds, exit_at_once, &busy_for_ever),
        Some("abandon") => interrupt(rounds, go_on_elsewhere, &hit_for_ever),
        Some(other) => panic!("no case {other}"),
    }
}

/// Forks `rounds` times; the child does `work`, and is sent signals until its handler ends it.
fn interrupt(rounds: usize, handler: extern "C" fn(i32), work: &dyn Fn()) {
    // SAFETY: the handler takes a number, and lives as long as the program.
    let before = unsafe { libc::signal(libc::SIGUSR1, handler as *const () as libc::sighandler_t) };
    assert_ne!(before, libc::SIG_ERR);
    let mut random = Random::new(3);
    for round in 0..rounds {
        // SAFETY: this process has one more thread, the test harness's, which waits.
        let child = unsafe { libc::fork() };
        assert!(child >= 0);
        if child == 0 {
            child::set_alarm(60);
            work();
            unreachable!("work goes on for ever");
        }
        let status = loop {
            // Spread over the child's work, from its beginning to some milliseconds later.
            std::thread::sleep(core::time::Duration::from_micros(random.below(700) as u64));
            // SAFETY: our child, which has not been waited for.
            unsafe { libc::kill(child, libc::SIGUSR1) };
            let mut status = 0;
            // SAFETY: as above, and there is room for the status.
            if unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == child {
                break status;
            }
        };
        let planned = libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == PLANNED;
        assert!(planned, "round {round}: status {status:#x}");
    }
}

extern "C" fn exit_at_once(_: i32) {
    if IS_ARMED.load(Ordering::Relaxed) {
        // SAFETY: ends the process.
        unsafe { libc::_exit(PLANNED) };
    }
}

fn busy_for_ever() {
    IS_ARMED.store(true, Ordering::Relaxed);
    busy::mixed(&AtomicBool::new(false));
}

fn in_use() -> u64 {
    let stats = gomalloc::stats();
    let row = stats.by_size.iter().find(|row| row.size == 576);
    row.map_or(0, |row| row.mallocs - row.frees)
}

/// Hits and nothing but hits while the handler is armed.
fn hit_for_ever() {
    let mut blocks = [core::ptr::null_mut(); 4];
    loop {
        // A count of allocations that runs full is a miss: it begins anew with this.
        gomalloc::flush_thread_cache();
        warm();
        IN_USE.store(in_use(), Ordering::Relaxed);
        IS_ARMED.store(true, Ordering::Relaxed);
        for round in 0..10_000 {
            let held = 1 + round % blocks.len();
            for block in &mut blocks[..held] {
                // SAFETY: the layout is not empty.
                *block = unsafe { A.alloc(black_box(LAYOUT)) };
            }
            for block in &blocks[..held] {
                // SAFETY: allocated above.
                unsafe { A.dealloc(*block, black_box(LAYOUT)) };
            }
        }
        IS_ARMED.store(false, Ordering::Relaxed);
    }
}

/// Fills the magazine with more slots than the hits need.
fn warm() {
    let blocks: Vec<_> = (0..8).map(|_| Block::alloc(LAYOUT.size(), 8)).collect();
    assert!(blocks.iter().all(Option::is_some));
}

extern "C" fn go_on_elsewhere(_: i32) {
    if !IS_ARMED.swap(false, Ordering::Relaxed) {
        return;
    }
    // The hits below this frame are never gone on with; at most four of their blocks are in use.
    let before = IN_USE.load(Ordering::Relaxed);
    let lost = in_use() - before;
    assert!(lost <= 4 + 1, "{lost} blocks");
    let blocks: Vec<_> = (0..3000).map(|_| Block::alloc(LAYOUT.size(), 8)).collect();
    assert!(blocks.iter().all(Option::is_some));
    drop(blocks);
    // Whatever is in two places is found at the latest when it is given back twice.
    gomalloc::flush_thread_cache();
    assert_eq!(in_use(), before + lost, "nothing else was lost");
    // SAFETY: ends the process.
    unsafe { libc::_exit(PLANNED) };
}
