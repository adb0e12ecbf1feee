//! Allocation before `main` has begun and after it has returned.
//!
//! The linker's arrays of functions belong to this binary: what stands in them runs in each of its
//! processes, and does something only where a test asks for it.
use crate::shadow::Block;
use crate::{child, pthread};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

#[used]
#[unsafe(link_section = ".fini_array")]
static AFTER_MAIN: extern "C" fn() = after_main;

/// What was allocated before `main`.
static EARLY: AtomicPtr<Vec<Block>> = AtomicPtr::new(null_mut());
/// Whether the allocator had not started yet when the first of these functions ran.
static WAS_FIRST: AtomicBool = AtomicBool::new(false);
/// A key that is older than the allocator's own, plus one.
static EARLY_KEY: AtomicUsize = AtomicUsize::new(0);
/// Whether to do anything after `main`.
static IS_LAST_WANTED: AtomicBool = AtomicBool::new(false);

/// A pthread key that was made before the allocator made its own.
pub(crate) fn early_key() -> libc::pthread_key_t {
    assert!(WAS_FIRST.load(Ordering::Relaxed), "the key came too late");
    (EARLY_KEY.load(Ordering::Relaxed) - 1).try_into().unwrap()
}

extern "C" fn before_main() {
    let nothing = gomalloc::stats();
    let is_first = nothing.mallocs == 0 && nothing.metadata_bytes == 0;
    WAS_FIRST.store(is_first, Ordering::Relaxed);
    let mut key = 0;
    // SAFETY: there is room for the key.
    let made = unsafe { libc::pthread_key_create(&raw mut key, Some(crate::exits::destroy)) };
    if made == 0 {
        EARLY_KEY.store(key as usize + 1, Ordering::Relaxed);
    }
    let blocks = Box::new(some_blocks());
    EARLY.store(Box::into_raw(blocks), Ordering::Release);
    let thread = pthread::spawn(|| drop(some_blocks()));
    assert!(thread.is_some_and(pthread::Thread::join));
}

/// One block by each way into the allocator; not much, since some tests of this binary tell what
/// their processes have in memory.
fn some_blocks() -> Vec<Block> {
    let mut grown = Block::alloc(20, 8);
    for size in [30, 3000, 70_000, 50] {
        assert!(grown.as_mut().is_some_and(|block| block.resize(size)));
    }
    let blocks = [
        Block::alloc(1, 1),
        Block::zeroed(100, 8),
        Block::alloc(100, 4096),
        Block::alloc(40_000, 8),
        Block::zeroed(50_000, 1 << 14),
        grown,
    ];
    let count = blocks.len();
    let blocks: Vec<Block> = blocks.into_iter().flatten().collect();
    assert_eq!(blocks.len(), count, "there is memory");
    blocks
}

#[test]
fn blocks_from_before_main_are_whole_and_can_be_freed() {
    assert!(WAS_FIRST.load(Ordering::Relaxed));
    let early = EARLY.swap(null_mut(), Ordering::Acquire);
    assert!(!early.is_null());
    // SAFETY: a box that was leaked before `main`, taken once.
    let early = unsafe { Box::from_raw(early) };
    early.iter().for_each(Block::check);
}

#[test]
fn the_allocator_serves_until_the_process_is_gone() {
    let text = child::succeeds("early_late::child", "end");
    let said: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once("served: ").map(|(_, by)| by))
        .collect();
    assert_eq!(
        said,
        ["second atexit", "first atexit", "fini_array"],
        "{text}"
    );
}

#[test]
fn child() {
    if child::case().is_none() {
        return;
    }
    IS_LAST_WANTED.store(true, Ordering::Relaxed);
    for handler in [first_at_exit, second_at_exit] {
        // SAFETY: the handlers take nothing, and live as long as the program.
        assert_eq!(unsafe { libc::atexit(handler) }, 0);
    }
    // Still at work while the process ends.
    std::thread::spawn(|| {
        loop {
            drop(some_blocks());
        }
    });
}

extern "C" fn first_at_exit() {
    serve("served: first atexit\n");
}

extern "C" fn second_at_exit() {
    serve("served: second atexit\n");
}

extern "C" fn after_main() {
    if IS_LAST_WANTED.load(Ordering::Relaxed) {
        serve("served: fini_array\n");
    }
}

/// Allocates and frees, in this thread and another one, and says so with nothing of std's.
fn serve(line: &str) {
    let thread = pthread::spawn(|| drop(some_blocks()));
    drop(some_blocks());
    assert!(thread.is_some_and(pthread::Thread::join));
    gomalloc::flush_thread_cache();
    // SAFETY: the line is there, and has that length.
    let written = unsafe { libc::write(1, line.as_ptr().cast(), line.len()) };
    assert_eq!(written, line.len().cast_signed());
}
