//! Threads: whose block it is, what a dead thread leaves, at bounded memory.
//!
//! The programs bound their own resident memory; the rounds below let a hundred times more through.

use crate::program::must_be_done;

#[test]
fn blocks_travel_between_threads() {
    must_be_done("threads.c", &["mixed", "150000"]);
}

#[test]
fn one_thread_allocates_and_another_frees() {
    must_be_done("threads.c", &["producer", "500000"]);
}

#[test]
fn threads_that_only_free() {
    must_be_done("threads.c", &["frees-only", "1000"]);
}

/// 10,000 threads end with live blocks.
#[test]
fn threads_end_with_live_blocks() {
    must_be_done("threads.c", &["births", "5000"]);
}

/// 10,000 threads end with full caches.
#[test]
fn threads_end_with_full_caches() {
    must_be_done("threads.c", &["strand", "10000"]);
}

/// Constructors, destructors, thread-local destructors, keys, cancelled threads.
#[test]
fn odd_moments() {
    let ended = crate::program::run(crate::program::preloaded(&crate::program::compile(
        "moments.c",
        &[],
    )));
    assert!(
        ended.status.success() && ended.errors.is_empty(),
        "{ended:#?}"
    );
    assert_eq!(ended.output, "done\nlate\n");
}
