//! [`Mutex`]: guarded access, and the rank check that debug builds make.
use super::Mutex;
use crate::Rank;

#[test]
fn a_guard_gives_the_lock_back() {
    let mutex = Mutex::new(Rank::Heap, 1);
    *mutex.lock() += 1;
    let guard = mutex.try_lock().expect("the first guard is gone");
    assert!(mutex.try_lock().is_none());
    assert_eq!(*guard, 2);
}

#[test]
fn raw_calls_and_guards_exclude_each_other() {
    let mutex = Mutex::new(Rank::Arena, ());
    mutex.lock_raw();
    assert!(mutex.try_lock().is_none());
    raw(&mutex);
    assert!(mutex.try_lock().is_some());
}

#[expect(unsafe_code, reason = "the raw calls are what is tested")]
fn raw(mutex: &Mutex<()>) {
    // SAFETY: the caller took the lock through `lock_raw`.
    unsafe { mutex.unlock_raw() };
    mutex.lock_raw();
    // SAFETY: this is the only thread that knows of the mutex, and it holds the lock.
    unsafe { mutex.reset_raw() };
}

#[cfg(all(debug_assertions, feature = "std"))]
#[test]
#[should_panic(expected = "lock rank Central taken")]
fn a_lower_rank_after_a_higher_one_is_refused() {
    let heap = Mutex::new(Rank::Heap, ());
    let central = Mutex::new(Rank::Central, ());
    let _outer = heap.lock();
    let _inner = central.lock();
}

#[cfg(all(debug_assertions, feature = "std"))]
#[test]
fn rising_ranks_are_fine_again_and_again() {
    let central = Mutex::new(Rank::Central, ());
    let heap = Mutex::new(Rank::Heap, ());
    for _ in 0..2 {
        let _outer = central.lock();
        let _inner = heap.lock();
    }
}
