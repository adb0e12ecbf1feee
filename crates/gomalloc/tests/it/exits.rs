//! Threads that end: destructors that allocate and free before and after the allocator's own, and
//! figures that are read meanwhile.
use crate::shadow::Block;
use crate::{child, early_late, pthread};
use core::cell::RefCell;
use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;

/// How often the C library calls the destructors of a thread whose values come back: POSIX's least,
/// and glibc's.
const ITERATIONS: usize = 4;

/// Destructor calls so far.
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// A thread's value of a key.
struct Value {
    key: libc::pthread_key_t,
    /// Allocated by the thread while it lived, or by its last destructor.
    blocks: Vec<Block>,
    lives: usize,
}

impl Value {
    fn set(self) {
        let key = self.key;
        let value = Box::into_raw(Box::new(self));
        // SAFETY: the key exists; its destructor takes such values.
        assert_eq!(unsafe { libc::pthread_setspecific(key, value.cast()) }, 0);
    }
}

/// The destructor of every key of these tests.
pub(crate) unsafe extern "C" fn destroy(value: *mut c_void) {
    // SAFETY: `Value::set` is what stores values under these keys.
    let mut value = unsafe { Box::from_raw(value.cast::<Value>()) };
    CALLS.fetch_add(1, Ordering::Relaxed);
    value.blocks = blocks();
    value.lives -= 1;
    if value.lives > 0 {
        value.set();
    }
}

/// More of one class than a magazine begins with, some others, and a large one.
fn blocks() -> Vec<Block> {
    let sizes = [24, 100, 100, 700, 5000, 70_000];
    let many = core::iter::repeat_n(48, 40);
    let blocks: Vec<Block> = sizes
        .into_iter()
        .chain(many)
        .filter_map(|size| Block::alloc(size, 8))
        .collect();
    assert_eq!(blocks.len(), sizes.len() + 40);
    blocks
}

/// Rust's own kind, which runs before all keys.
struct Last(Vec<Block>);

impl Drop for Last {
    fn drop(&mut self) {
        self.0 = blocks();
    }
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

#[test]
fn destructors_may_allocate_and_free_before_and_after_the_allocators_own() {
    child::succeeds("exits::child", "keys");
}

#[test]
fn child() {
    if child::case().is_none() {
        return;
    }
    let mut late = 0;
    // SAFETY: there is room for the key.
    let made = unsafe { libc::pthread_key_create(&raw mut late, Some(destroy)) };
    assert_eq!(made, 0);
    let keys = [early_late::early_key(), late];
    threads(keys);
    // From here on the process has all that it keeps: a second time leaves nothing behind.
    let before = in_use();
    threads(keys);
    let after = in_use();
    assert_eq!(after, before, "blocks in use by class, before and after");
}

/// Fifty threads, one after the other and some together, whose values live as long as they can.
fn threads(keys: [libc::pthread_key_t; 2]) {
    let calls = CALLS.load(Ordering::Relaxed);
    for _ in 0..10 {
        let together: Vec<_> = (0..5)
            .map(|_| {
                pthread::spawn(move || {
                    LAST.with(|last| *last.borrow_mut() = Some(Last(blocks())));
                    for key in keys {
                        let (blocks, lives) = (blocks(), ITERATIONS);
                        Value { key, blocks, lives }.set();
                    }
                })
            })
            .collect();
        for thread in together {
            assert!(thread.is_some_and(pthread::Thread::join));
        }
    }
    assert_eq!(
        CALLS.load(Ordering::Relaxed) - calls,
        50 * keys.len() * ITERATIONS
    );
}

/// By class; allocates nothing itself.
fn in_use() -> [u64; gomalloc::CLASSES] {
    gomalloc::stats().by_size.map(|row| row.mallocs - row.frees)
}

#[test]
fn threads_end_while_figures_are_read() {
    let done = Arc::new(AtomicBool::new(false));
    let reader = {
        let done = Arc::clone(&done);
        std::thread::spawn(move || {
            let mut before = gomalloc::stats();
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) {
                let now = gomalloc::stats();
                for (now, before) in now.by_size.iter().zip(&before.by_size) {
                    assert!(now.mallocs >= before.mallocs, "{before:?}, then {now:?}");
                    assert!(now.frees >= before.frees, "{before:?}, then {now:?}");
                    assert!(now.mallocs >= now.frees, "{now:?}");
                }
                before = now;
                reads += 1;
            }
            reads
        })
    };
    for _ in 0..child::scaled(300, 10_000) {
        let threads: Vec<_> = (0..4).map(|_| pthread::spawn(|| drop(blocks()))).collect();
        for thread in threads {
            assert!(thread.is_some_and(pthread::Thread::join));
        }
    }
    done.store(true, Ordering::Relaxed);
    assert!(reader.join().unwrap() > 0);
}
