//! [`Central`] over the stand-in heap: contents of batches, errors, kept spans, exhaustion, threads.
use super::{Central, ClassStats};
use crate::fake::FakeHeap;
use crate::{Exchange, FlushErrorKind};
use core::ptr;
use sizeclass::{PAGE_BYTES, Scan, SpanClass, Table};
use std::vec::Vec;
use sync::atomic::Ordering;

mod ops;
mod threads;

/// The pointer-free span class for a size.
fn class_of(bytes: usize) -> SpanClass {
    let class = Table::DEFAULT.class_of(bytes).expect("a small size");
    SpanClass::new(class, Scan::No)
}

/// Like [`class_of`], for objects with pointers.
fn scanned_class_of(bytes: usize) -> SpanClass {
    let class = Table::DEFAULT.class_of(bytes).expect("a small size");
    SpanClass::new(class, Scan::Yes)
}

fn take(central: &Central<FakeHeap>, class: SpanClass, count: usize) -> Vec<*mut u8> {
    let mut slots = std::vec![ptr::null_mut(); count];
    let count = central.refill(class, &mut slots);
    slots.truncate(count);
    slots
}

/// Gives slots back that the test says it owns, or something wrong on purpose: the stand-in's
/// memory is never dereferenced, so a wrong pointer can only be reported.
fn give(
    central: &Central<FakeHeap>,
    class: SpanClass,
    mut slots: Vec<*mut u8>,
) -> Result<(), crate::FlushError> {
    // SAFETY: no test uses a slot after it has given it.
    unsafe { central.flush(class, &mut slots) }
}

fn kind(result: Result<(), crate::FlushError>, pointer: *mut u8) -> FlushErrorKind {
    let error = result.expect_err("the pointer is wrong");
    assert_eq!(error.pointer, pointer.addr(), "the error names the pointer");
    error.kind
}

#[test]
fn a_batch_is_ascending_and_spans_follow_each_other() {
    let central = Central::new(FakeHeap::new(4));
    let class = class_of(1024);
    let slots = take(&central, class, 20);
    assert_eq!(slots.len(), 20, "8 slots a page: three spans");
    assert!(
        slots
            .windows(2)
            .all(|pair| pair[1].addr() == pair[0].addr() + 1024)
    );
    let rest = take(&central, class, 4);
    assert_eq!(
        rest[0].addr(),
        slots[19].addr() + 1024,
        "the rest of the third span comes next"
    );
    assert_eq!(central.source().acquired.load(Ordering::Relaxed), 3);
    give(&central, class, slots).expect("owned");
    give(&central, class, rest).expect("owned");
    central.source().check_at_rest();
}

#[test]
fn an_empty_refill_and_an_empty_flush_do_nothing() {
    let central = Central::new(FakeHeap::new(1));
    let class = class_of(64);
    assert_eq!(central.refill(class, &mut []), 0);
    assert_eq!(give(&central, class, Vec::new()), Ok(()));
    assert_eq!(central.stats(class), ClassStats::default());
}

#[test]
fn a_span_with_two_words_of_bits_is_one_group() {
    let central = Central::new(FakeHeap::new(1));
    let class = class_of(64);
    let mut slots = take(&central, class, 128);
    slots.reverse();
    give(&central, class, slots).expect("owned");
    let stats = central.stats(class);
    assert_eq!((stats.spans, stats.partial, stats.kept), (1, 0, 1));
    assert_eq!(take(&central, class, 128).len(), 128);
    assert_eq!(central.stats(class).kept, 0);
}

#[test]
fn freed_slots_are_handed_out_before_fresh_spans() {
    let central = Central::new(FakeHeap::new(4));
    let class = class_of(2048);
    let mut slots = take(&central, class, 8);
    let back = std::vec![slots.remove(5), slots.remove(1)];
    give(&central, class, back.clone()).expect("owned");
    assert_eq!(central.stats(class).partial, 2);
    let again = take(&central, class, 2);
    assert_eq!(again, back, "first listed, first taken");
    assert_eq!(central.source().acquired.load(Ordering::Relaxed), 2);
}

#[test]
fn kept_spans_are_bounded_and_released() {
    let central = Central::new_keeping(FakeHeap::new(8), 2 * PAGE_BYTES);
    let class = class_of(8192);
    let slots = take(&central, class, 5);
    give(&central, class, slots).expect("owned");
    assert_eq!(central.stats(class).kept, 2);
    assert_eq!(central.source().out.load(Ordering::Relaxed), 2);
    let one = take(&central, class, 1);
    assert_eq!(
        central.source().acquired.load(Ordering::Relaxed),
        5,
        "a kept span before growth"
    );
    assert_eq!(central.release_kept(), 1);
    assert_eq!(
        central.stats(class),
        ClassStats {
            spans: 1,
            partial: 0,
            kept: 0
        }
    );
    give(&central, class, one).expect("owned");
    assert_eq!(central.release_kept(), 1);
    assert_eq!(central.source().out.load(Ordering::Relaxed), 0);
}

#[test]
fn what_waits_in_one_class_serves_another_before_memory_runs_out() {
    let central = Central::new(FakeHeap::new(2));
    let small = class_of(64);
    let slots = take(&central, small, 256);
    give(&central, small, slots).expect("owned");
    assert_eq!(central.stats(small).kept, 2, "both pages wait");
    assert_eq!(take(&central, class_of(4096), 3).len(), 3);
    assert_eq!(central.stats(small), ClassStats::default());
}

#[test]
fn out_of_memory_gives_what_there_is_and_then_nothing() {
    let central = Central::new(FakeHeap::new(1));
    let class = class_of(4096);
    let slots = take(&central, class, 5);
    assert_eq!(slots.len(), 2);
    assert_eq!(take(&central, class, 1).len(), 0);
    give(&central, class, slots).expect("owned");
    assert_eq!(
        take(&central, class, 5).len(),
        2,
        "nothing was lost by failing"
    );
}

#[test]
fn scan_and_noscan_do_not_share_spans() {
    let central = Central::new(FakeHeap::new(2));
    let noscan = take(&central, class_of(64), 1);
    let scan = take(&central, scanned_class_of(64), 1);
    assert!(noscan[0].addr().abs_diff(scan[0].addr()) >= PAGE_BYTES);
}

#[test]
fn wrong_pointers_are_named_and_the_others_still_freed() {
    let central = Central::new(FakeHeap::new(8));
    let class = class_of(48);
    let slots = take(&central, class, 4);
    let other = take(&central, class_of(1024), 1)[0];

    let mut outside = 0_u8;
    let outside: *mut u8 = &raw mut outside;
    assert_eq!(
        kind(give(&central, class, std::vec![outside]), outside),
        FlushErrorKind::Foreign
    );

    let inside = slots[1].wrapping_add(8);
    let mixed = std::vec![slots[0], inside, slots[1]];
    assert_eq!(
        kind(give(&central, class, mixed), inside),
        FlushErrorKind::Interior
    );
    let refilled = take(&central, class, 170);
    assert!(
        refilled[..2] == slots[..2],
        "the right ones of the batch are free"
    );

    // 170 slots of 48 bytes leave 32 bytes at the end of a page: a stray pointer there.
    let tail = slots[0].wrapping_add(170 * 48);
    assert_eq!(
        kind(give(&central, class, std::vec![tail]), tail),
        FlushErrorKind::NotASlot
    );

    let expected = FlushErrorKind::WrongClass {
        expected: class,
        found: class_of(1024),
    };
    assert_eq!(
        kind(give(&central, class, std::vec![other]), other),
        expected
    );
}

#[test]
fn double_frees_are_named_in_a_batch_and_across_batches() {
    let central = Central::new(FakeHeap::new(2));
    let class = class_of(64);
    let slots = take(&central, class, 100);
    let twice = std::vec![slots[3], slots[4], slots[3], slots[5]];
    assert_eq!(
        kind(give(&central, class, twice), slots[3]),
        FlushErrorKind::DoubleFree
    );
    let again = std::vec![slots[70], slots[4]];
    assert_eq!(
        kind(give(&central, class, again), slots[4]),
        FlushErrorKind::DoubleFree
    );
    central.source().check_at_rest();
    let free: Vec<_> = take(&central, class, 32);
    let expected = [slots[3], slots[4], slots[5], slots[70]];
    assert_eq!(free[..4], expected, "each was freed once");
}

#[test]
fn a_free_after_the_span_went_back_is_foreign() {
    let central = Central::new_keeping(FakeHeap::new(1), 0);
    let class = class_of(4096);
    let slots = take(&central, class, 2);
    give(&central, class, slots.clone()).expect("owned");
    assert_eq!(
        kind(give(&central, class, slots.clone()), slots[0]),
        FlushErrorKind::Foreign
    );
}

#[test]
fn the_fork_calls_take_and_free_every_lock() {
    let central = Central::new(FakeHeap::new(1));
    for in_child in [false, true] {
        central.lock_for_fork();
        assert!(
            central
                .bins
                .iter()
                .all(|bin| bin.lists.try_lock().is_none())
        );
        if in_child {
            // SAFETY: this thread holds the locks, and no other knows of the exchange.
            unsafe { central.reset_in_child() };
        } else {
            // SAFETY: this thread holds the locks.
            unsafe { central.unlock_after_fork() };
        }
        assert!(
            central
                .bins
                .iter()
                .all(|bin| bin.lists.try_lock().is_some())
        );
    }
}

#[test]
fn an_error_says_what_and_where() {
    let error = crate::FlushError {
        pointer: 0xc000_1230,
        kind: FlushErrorKind::WrongClass {
            expected: class_of(48),
            found: class_of(64),
        },
    };
    assert_eq!(
        std::format!("{error}"),
        "free of 0xc0001230: size class 5 expected, 6 found"
    );
}
