//! The scavenger: what goes, when, from where, and what the accounts say.
use super::choose;
use crate::heap::tests::{TestHeap, free, heap, heap_with, merge, touch};
use crate::{Heap, HeapConfig, Large, OnPressure, Pressure};
use arena::{Addr, AddressSpace, ByteCount, PAGE_BYTES};
use core::ops::Range;
use core::ptr::NonNull;
use core::time::Duration;
use std::sync::OnceLock;
use std::vec::Vec;
use sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

const MIB: usize = 1 << 20;

fn large<A: AddressSpace>(heap: &Heap<A>, bytes: usize) -> Large {
    let large = heap.alloc_large(bytes, 1).unwrap();
    touch(large.pointer, large.bytes);
    large
}

#[test]
fn everything_free_goes_on_demand_and_comes_back_when_needed() {
    let heap = heap();
    let live: Vec<Large> = (0..6).map(|_| large(&heap, MIB / 2)).collect();
    for (number, object) in live.iter().enumerate() {
        if number % 2 == 0 {
            free(&heap, object.pointer).unwrap();
        }
    }
    let ready = || heap.space().memory().usage().ready.get();
    let before = ready();
    assert_eq!(heap.release_memory().get(), 3 * MIB / 2);
    assert_eq!(before - ready(), 3 * MIB / 2);
    let stats = heap.stats();
    assert_eq!(stats.free().get(), 0);
    assert_eq!(stats.scavenged, 3 * MIB as u64 / 2);
    assert_eq!(
        heap.release_memory().get(),
        0,
        "nothing is given back twice"
    );
    heap.check_invariants();
    let again = large(&heap, MIB / 2);
    assert_eq!(before - ready(), MIB, "what is used again is Ready again");
    free(&heap, again.pointer).unwrap();
    for object in live.iter().skip(1).step_by(2) {
        free(&heap, object.pointer).unwrap();
    }
    heap.check_invariants();
    assert_eq!(
        heap.stats().free().get(),
        2 * MIB,
        "the parts that hold memory"
    );
    assert_eq!(heap.release_memory().get(), 2 * MIB);
    heap.check_invariants();
}

#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn what_linux_took_back_reads_as_zero() {
    let heap = heap();
    let first = large(&heap, MIB);
    free(&heap, first.pointer).unwrap();
    heap.release_memory();
    let again = heap.alloc_large(MIB, 1).unwrap();
    assert_eq!(again.pointer, first.pointer);
    assert!(again.is_zero);
    // SAFETY: allocated above.
    let content = unsafe { core::slice::from_raw_parts(again.pointer.as_ptr(), again.bytes) };
    assert!(content.iter().all(|byte| *byte == 0));
}

#[test]
fn steps_give_back_what_was_not_needed_for_the_decay_time() {
    let heap = heap_with(HeapConfig {
        retained_percent: 0,
        ..HeapConfig::default()
    });
    let object = large(&heap, 2 * MIB);
    assert_eq!(heap.scavenge_step(0).get(), 0);
    free(&heap, object.pointer).unwrap();
    let mut given = 0;
    for now in (10..1000).step_by(10) {
        let step = heap.scavenge_step(now).get();
        assert!(step == 0 || now >= 700, "{now} ms: too early");
        given += step;
    }
    assert_eq!(given, 2 * MIB);
    assert_eq!(heap.stats().free().get(), 0);
    heap.check_invariants();
}

#[test]
fn what_is_used_again_and_again_stays() {
    let heap = heap();
    heap.scavenge_step(0);
    for now in (50..5000).step_by(50) {
        let object = large(&heap, MIB);
        free(&heap, object.pointer).unwrap();
        assert_eq!(heap.scavenge_step(now).get(), 0, "{now} ms");
    }
    assert_eq!(heap.stats().free().get(), MIB);
}

#[test]
fn a_share_of_what_is_in_use_is_retained() {
    let heap = heap_with(HeapConfig {
        retained_percent: 10,
        ..HeapConfig::default()
    });
    let live = large(&heap, 40 * MIB);
    let dead = large(&heap, 20 * MIB);
    free(&heap, dead.pointer).unwrap();
    heap.scavenge_step(0);
    for now in (100..5000).step_by(100) {
        heap.scavenge_step(now);
    }
    let kept = heap.stats().free().get();
    let tenth = 40 * MIB / 10;
    // Huge pages go as a whole, where the system has them.
    let huge = heap.space().memory().huge_page_size().get();
    let most = huge.max(2 * PAGE_BYTES);
    assert!(kept.abs_diff(tenth) <= most, "{kept} of {tenth}");
    free(&heap, live.pointer).unwrap();
}

#[test]
fn without_decay_a_step_takes_everything() {
    let heap = heap_with(HeapConfig {
        decay: Duration::ZERO,
        ..HeapConfig::default()
    });
    let object = large(&heap, MIB);
    free(&heap, object.pointer).unwrap();
    assert_eq!(heap.scavenge_step(0).get(), MIB);
}

#[test]
fn the_highest_addresses_go_first() {
    let heap = heap();
    let live: Vec<Large> = (0..4).map(|_| large(&heap, MIB / 2)).collect();
    for object in [&live[0], &live[2]] {
        free(&heap, object.pointer).unwrap();
    }
    assert_eq!(heap.scavenge(MIB / 4), MIB / 4);
    let mut released = Vec::new();
    heap.for_each_free_run(|run| released.push((run.addr(), run.released() * PAGE_BYTES)));
    let of = |object: &Large| {
        let at = Addr::of(object.pointer.as_ptr());
        released.iter().find(|run| run.0 == at).unwrap().1
    };
    assert_eq!((of(&live[0]), of(&live[2])), (0, MIB / 4));
    assert_eq!(heap.scavenge(MIB / 2), MIB / 2);
    heap.check_invariants();
}

#[test]
fn a_growing_run_keeps_what_really_is_released() {
    let heap = heap();
    let live: Vec<Large> = (0..3).map(|_| large(&heap, 4 * PAGE_BYTES)).collect();
    free(&heap, live[1].pointer).unwrap();
    heap.release_memory();
    free(&heap, live[0].pointer).unwrap();
    free(&heap, live[2].pointer).unwrap();
    merge(&heap);
    // Held, released, held; then one page of the released part is used again.
    let six = heap.alloc_large(5 * PAGE_BYTES, 1).unwrap();
    assert_eq!(six.pointer, live[0].pointer);
    assert!(!six.is_zero);
    heap.check_invariants();
    assert_eq!(heap.stats().free().get(), 4 * PAGE_BYTES);
    free(&heap, six.pointer).unwrap();
    assert_eq!(heap.release_memory().get(), 9 * PAGE_BYTES);
    heap.check_invariants();
}

/// What is chosen of `held`, with huge pages of 256 and these pages released.
fn chosen(held: Range<usize>, most: usize, released: &[usize]) -> Option<Range<usize>> {
    choose(held, most, 256, |pages| {
        released
            .iter()
            .any(|page| (pages.start.get()..pages.end.get()).contains(page))
    })
}

#[test]
fn a_huge_page_is_not_broken_for_little() {
    assert_eq!(chosen(256..512, 512, &[]), Some(256..512), "a whole one");
    assert_eq!(chosen(300..310, 512, &[]), None, "little of one");
    assert_eq!(chosen(300..364, 512, &[]), Some(300..364), "a quarter");
    assert_eq!(
        chosen(300..310, 512, &[400]),
        Some(300..310),
        "a broken one"
    );
    assert_eq!(chosen(250..522, 512, &[]), Some(256..512), "neither end");
    assert_eq!(
        chosen(250..1034, 512, &[]),
        Some(512..1024),
        "as much as may"
    );
    assert_eq!(
        chosen(250..1034, 512, &[1100]),
        Some(768..1034),
        "and a broken end"
    );
    assert_eq!(chosen(0..1024, 1, &[]), Some(768..1024), "one at least");
}

#[test]
fn without_huge_pages_the_highest_pages_go() {
    let whole = |_: &Range<arena::PageId>| false;
    assert_eq!(choose(10..20, 5, 0, whole), Some(15..20));
    assert_eq!(choose(10..20, 50, 0, whole), Some(10..20));
}

#[test]
fn a_soft_limit_gives_back_before_it_takes_more() {
    let heap = heap();
    let mut live: Vec<Large> = (0..8).map(|_| large(&heap, MIB / 4)).collect();
    let mut number = 0;
    live.retain(|object| {
        number += 1;
        number % 2 == 0 || free(&heap, object.pointer).is_err()
    });
    // 1 MiB is live and 1 MiB is free between, too short for what follows.
    let before = heap.space().memory().usage().ready.get();
    let limit = before + MIB / 2;
    heap.set_soft_limit(Some(ByteCount::new(limit)));
    for _ in 0..6 {
        let object = large(&heap, MIB);
        let ready = heap.space().memory().usage().ready.get();
        assert!(ready <= limit, "{ready} of {limit} bytes");
        free(&heap, object.pointer).unwrap();
    }
    assert_eq!(
        heap.stats().scavenged,
        MIB as u64 / 2,
        "no more than needed"
    );
    heap.set_soft_limit(None);
    let all = large(&heap, 4 * MIB);
    assert_eq!(heap.stats().scavenged, MIB as u64 / 2);
    free(&heap, all.pointer).unwrap();
    heap.check_invariants();
}

#[test]
fn live_data_may_pass_the_soft_limit_and_the_callback_is_not_called_for_each() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let heap = heap_with(HeapConfig {
        soft_limit: Some(ByteCount::new(MIB)),
        on_pressure: Some(OnPressure(&|pressure| {
            assert_eq!(pressure, Pressure::Soft);
            CALLS.fetch_add(1, Ordering::Relaxed);
        })),
        ..HeapConfig::default()
    });
    // 16 MiB in pieces of 16 KiB: a call for each 64th more, from 1 MiB (or what the tables take).
    let live: Vec<Large> = (0..1024).map(|_| large(&heap, MIB / 64)).collect();
    let calls = CALLS.load(Ordering::Relaxed);
    assert!((1..300).contains(&calls), "{calls} calls");
    for object in live {
        free(&heap, object.pointer).unwrap();
    }
    heap.check_invariants();
}

#[test]
fn what_the_callback_frees_is_used_before_an_allocation_fails() {
    static HEAP: OnceLock<TestHeap> = OnceLock::new();
    static KEPT: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let heap = HEAP.get_or_init(|| {
        heap_with(HeapConfig {
            on_pressure: Some(OnPressure(&|pressure| {
                assert_eq!(pressure, Pressure::Hard);
                CALLS.fetch_add(1, Ordering::Relaxed);
                let kept = KEPT.swap(core::ptr::null_mut(), Ordering::Relaxed);
                if let (Some(heap), Some(kept)) = (HEAP.get(), NonNull::new(kept)) {
                    free(heap, kept).unwrap();
                }
            })),
            ..HeapConfig::default()
        })
    });
    let mapped = heap.space().memory().usage().total().get();
    heap.set_hard_limit(Some(ByteCount::new(mapped + 8 * MIB)));
    let kept = large(heap, MIB).pointer;
    KEPT.store(kept.as_ptr(), Ordering::Relaxed);
    let mut live = Vec::new();
    while CALLS.load(Ordering::Relaxed) == 0 {
        live.push(large(heap, MIB).pointer);
    }
    assert_eq!(live.last(), Some(&kept), "the call made room");
    assert!(heap.alloc_large(MIB, 1).is_none());
    assert_eq!(CALLS.load(Ordering::Relaxed), 2, "once for each that fails");
    heap.check_invariants();
}
