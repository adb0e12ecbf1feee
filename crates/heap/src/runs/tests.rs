//! The structure of runs: Go's own counter-example, what a step costs, and the driver.
use super::{BinnedRuns, ListedRuns, RunError, RunStore, RunTree};
use crate::SpanRef;
use crate::ops::{RunsSeen, Spans, noise, page_runs};
use arena::PAGE_BYTES;
use core::ptr::{self, NonNull};

/// Makes a header that of `pages` pages at page `first`.
fn set(span: SpanRef, first: usize, pages: usize) {
    let address = ptr::without_provenance_mut(first * PAGE_BYTES);
    span.set_run(NonNull::new(address).unwrap(), pages);
}

#[test]
fn the_fit_that_gos_treap_misses_is_found() {
    // Keys 100, 5 and 50, the last hanging right of the second: Go 1.10 takes 100 for a request of
    // 10, since it looks at the left child alone.
    let spans = Spans::new(3);
    let mut tree = RunTree::new();
    for (number, (span, pages)) in spans.refs().into_iter().zip([100, 5, 50]).enumerate() {
        set(span, 1000 * (number + 1), pages);
        tree.insert(span).unwrap();
    }
    assert_eq!(tree.best_fit(10).map(|run| run.pages()), Some(50));
    assert_eq!(tree.best_fit(51).map(|run| run.pages()), Some(100));
    assert_eq!(tree.best_fit(101), None);
}

#[test]
fn of_equal_runs_the_lowest_is_taken() {
    let spans = Spans::new(9);
    let mut store = ListedRuns::new();
    for (number, span) in spans.refs().into_iter().enumerate() {
        set(span, 1000 * (number * 5 % 9 + 1), 300);
        store.insert(span).unwrap();
    }
    for number in 1..=9 {
        let run = store.take(200).unwrap();
        assert_eq!(run.addr().page().get(), 1000 * number);
    }
    assert!(store.take(1).is_none());
}

#[test]
fn misuse_is_refused() {
    let spans = Spans::new(3);
    let refs = spans.refs();
    let (mut store, mut other) = (ListedRuns::new(), ListedRuns::new());
    assert!(matches!(store.insert(refs[0]), Err(RunError::Empty { .. })));
    set(refs[0], 1, 500);
    set(refs[1], 1000, 500);
    assert!(matches!(
        store.remove(refs[0]),
        Err(RunError::NotInTree { .. })
    ));
    store.insert(refs[0]).unwrap();
    other.insert(refs[1]).unwrap();
    assert!(matches!(
        store.insert(refs[0]),
        Err(RunError::StillLinked { .. })
    ));
    assert!(matches!(
        other.insert(refs[0]),
        Err(RunError::StillLinked { .. })
    ));
    assert!(matches!(
        store.remove(refs[1]),
        Err(RunError::NotInTree { .. })
    ));
    store.check_invariants();
    other.check_invariants();
    assert_eq!((store.tree().len(), other.tree().len()), (1, 1));
}

/// Tree nodes that a request, a removal and an insertion visit on average, with this many runs.
fn cost(runs: usize) -> u64 {
    let rounds = 1000;
    let spans = Spans::new(runs);
    let mut store = ListedRuns::new();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 40).unwrap()
    };
    for (number, span) in spans.refs().into_iter().enumerate() {
        // In the order of the tree, which is quick to build and no less balanced.
        set(span, (number + 1) << 16, 128 + number * 4096 / runs);
        store.insert(span).unwrap();
    }
    store.check_invariants();
    let before = store.tree().visited();
    for _ in 0..rounds {
        let run = store.take(128 + next() % 4000).unwrap();
        store.insert(run).unwrap();
    }
    (store.tree().visited() - before) / rounds
}

#[test]
fn a_thousand_times_as_many_runs_cost_two_and_a_half_times_as_much_at_most() {
    let (small, large) = if cfg!(miri) {
        (10, 100)
    } else {
        (1_000, 1_000_000)
    };
    let (few, many) = (cost(small), cost(large));
    assert!(
        2 * many <= 5 * few,
        "{few} nodes with {small} runs, {many} with {large}"
    );
    assert!(few >= 3, "a tree was visited");
}

#[test]
fn short_runs_cost_no_tree_node_whatever_is_free() {
    let spans = Spans::new(1000);
    let mut store = ListedRuns::new();
    for (number, span) in spans.refs().into_iter().enumerate() {
        let pages = if number < 500 {
            1 + number % 127
        } else {
            200 + number
        };
        set(span, (number + 1) << 16, pages);
        store.insert(span).unwrap();
    }
    let before = store.tree().visited();
    for pages in 1..127 {
        let run = store.take(pages).unwrap();
        store.insert(run).unwrap();
    }
    assert_eq!(store.tree().visited(), before);
}

#[test]
fn the_driver_passes_every_branch() {
    let ops = if cfg!(miri) { 300 } else { 100_000 };
    let seen = page_runs(&noise(5, 4 * ops));
    let RunsSeen {
        from_lists,
        small_from_tree,
        from_tree,
        ties,
        none,
        removed,
        misuses,
        most_in_tree,
    } = seen;
    let counts = [small_from_tree, from_tree, ties, none];
    let all = counts.into_iter().chain(from_lists).chain(removed);
    let least = all.chain(misuses).min();
    assert!(least > Some(ops / 10_000), "{seen:?}");
    assert!(most_in_tree > 3, "{seen:?}");
}

/// What an insertion into bins of these lengths, and requests, give.
#[test]
fn bins_give_the_last_run_of_about_the_length() {
    let spans = Spans::new(6);
    let mut store = BinnedRuns::new();
    for (number, (span, pages)) in spans
        .refs()
        .into_iter()
        .zip([63, 64, 71, 72, 500, 511])
        .enumerate()
    {
        set(span, (number + 1) << 16, pages);
        store.insert(span).unwrap();
    }
    store.check_invariants();
    let fit = |pages| store.best_fit(pages).map(|run| run.pages());
    assert_eq!(fit(1), Some(63));
    assert_eq!(fit(63), Some(63));
    assert_eq!(fit(64), Some(71), "64 to 71 share a bin, and 71 came last");
    assert_eq!(fit(72), Some(72));
    assert_eq!(fit(73), Some(511), "the next bin that has any");
    assert_eq!(fit(511), Some(511), "the own bin is looked at first");
    assert_eq!(fit(512), None);
}

#[test]
fn bins_find_whatever_is_long_enough() {
    let spans = Spans::new(40);
    let mut store = BinnedRuns::new();
    for (number, span) in spans.refs().into_iter().enumerate() {
        let pages = if number == 0 { 1100 } else { 1024 + number };
        set(span, (number + 1) << 16, pages);
        store.insert(span).unwrap();
    }
    let longest = store.take(1090).unwrap();
    assert_eq!(longest.pages(), 1100, "at the end of the only bin");
    assert!(store.take(1090).is_none());
    for _ in 1..40 {
        let run = store.take(1).unwrap();
        assert!(matches!(store.remove(run), Err(RunError::List(_))), "once");
    }
    assert!(store.take(1).is_none());
    store.check_invariants();
}
