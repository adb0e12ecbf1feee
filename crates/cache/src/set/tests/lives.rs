//! Birth, death, reuse, and the child of a fork.
#![expect(unsafe_code, reason = "tests own the caches that they give back")]
use super::{alloc, class_of, free, give_back, set, stats};
use crate::Cache;
use core::ptr::NonNull;
use std::vec::Vec;

#[test]
fn a_warm_cache_is_used_again_with_its_slots() {
    let set = set();
    let cache = set.acquire().expect("memory");
    let class = class_of(64);
    let slot = alloc(&set, cache, class);
    free(&set, cache, class, slot).expect("owned");
    give_back(&set, cache);
    assert_eq!(stats(&set).dead_caches, 1);
    let again = set.acquire().expect("memory");
    assert_eq!(again, cache);
    assert_eq!(alloc(&set, again, class), slot);
    assert_eq!((stats(&set).caches, stats(&set).dead_caches), (1, 0));
}

#[test]
fn caches_above_the_warm_limit_are_flushed_to_the_last_slot() {
    let set = set();
    set.set_warm_limit(2);
    let caches: Vec<_> = (0..5).map(|_| set.acquire().expect("memory")).collect();
    for cache in &caches {
        for bytes in [8, 64, 4096] {
            let slot = alloc(&set, *cache, class_of(bytes));
            free(&set, *cache, class_of(bytes), slot).expect("owned");
        }
    }
    for cache in caches {
        give_back(&set, cache);
    }
    let after = stats(&set);
    assert_eq!(after.dead_caches, 5);
    assert_eq!(
        set.exchange().out(),
        2 * (8 + 8 + 4),
        "two warm caches hold their slots"
    );
    set.flush_dead().expect("right pointers");
    assert_eq!(set.exchange().out(), 0);
    let flushed = stats(&set);
    assert_eq!(
        (flushed.mallocs, flushed.frees),
        (after.mallocs, after.frees)
    );
    assert_eq!(flushed.cached.iter().sum::<u64>(), 0);
}

#[test]
fn a_short_life_after_a_busy_one_takes_little() {
    let set = set();
    set.set_warm_limit(0);
    let class = class_of(64);
    let busy = set.acquire().expect("memory");
    let count = if cfg!(miri) { 100 } else { 3000 };
    let slots: Vec<_> = (0..count).map(|_| alloc(&set, busy, class)).collect();
    for slot in slots {
        free(&set, busy, class, slot).expect("owned");
    }
    give_back(&set, busy);
    let given = set.metadata.given();
    for _ in 0..3 {
        let short = set.acquire().expect("memory");
        assert_eq!(short, busy);
        alloc(&set, short, class);
        assert_eq!(set.exchange().with(|slots| slots.last), 8);
        give_back(&set, short);
    }
    // Another cache grows on what the busy one had.
    let other = set.acquire().expect("memory");
    for _ in 0..count {
        alloc(&set, other, class);
    }
    assert_eq!(set.metadata.given(), given);
}

#[test]
fn totals_of_dead_caches_are_kept() {
    let set = set();
    set.set_warm_limit(0);
    let class = class_of(64);
    let mut slots = Vec::new();
    for _ in 0..10 {
        let cache = set.acquire().expect("memory");
        slots.push(alloc(&set, cache, class));
        give_back(&set, cache);
    }
    let figures = stats(&set);
    assert_eq!(
        (
            figures.caches,
            figures.mallocs[class.bin()],
            figures.frees[class.bin()]
        ),
        (1, 10, 0)
    );
    for slot in slots {
        free(&set, Cache::empty(), class, slot).expect("owned");
    }
    assert_eq!(stats(&set).frees[class.bin()], 10);
    assert_eq!(set.exchange().out(), 0);
}

#[test]
fn a_thread_that_allocated_once_holds_two_os_pages() {
    let set = set();
    let cache = set.acquire().expect("memory");
    alloc(&set, cache, class_of(64));
    assert_eq!(set.metadata.given(), 8192);
    assert_eq!(cache.addr().get() % 4096, 0);
}

#[test]
fn the_child_of_a_fork_adopts_the_caches_of_other_threads() {
    let set = set();
    set.set_warm_limit(0);
    let class = class_of(64);
    let [own, other, dead] = [(); 3].map(|()| set.acquire().expect("memory"));
    for cache in [own, other, dead] {
        let slot = alloc(&set, cache, class);
        free(&set, cache, class, slot).expect("owned");
    }
    give_back(&set, dead);
    set.lock_for_fork();
    assert!(set.inner.try_lock().is_none());
    // As in a child: this is the only thread, and `own` is its cache.
    // SAFETY: the lock was taken above, and no other thread knows of the set.
    unsafe { set.reset_in_child(own) };
    assert_eq!(stats(&set).dead_caches, 2);
    set.flush_dead().expect("right pointers");
    assert_eq!(set.exchange().out(), 8, "what the own cache holds");
    let reused: Vec<NonNull<Cache>> = (0..2).map(|_| set.acquire().expect("memory")).collect();
    assert!(reused.contains(&other) && reused.contains(&dead));
    assert_eq!(stats(&set).caches, 3);
}

#[test]
fn the_parent_of_a_fork_goes_on() {
    let set = set();
    set.lock_for_fork();
    // SAFETY: taken in the line above.
    unsafe { set.unlock_after_fork() };
    assert!(set.acquire().is_some());
}
