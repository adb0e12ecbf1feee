//! A stand-in for the kernel's futex: check and sleep are one step under a modelled lock.
//!
//! Shared by the threads that contend for one lock. As in the kernel, a waker that changed the
//! word before it takes the inner lock is seen by the sleeper's check, or wakes the sleeper.
use crate::atomic::{AtomicU32, Ordering};

#[derive(Debug)]
pub(crate) struct Futex {
    word: AtomicU32,
    queue: loom::sync::Mutex<()>,
    sleepers: loom::sync::Condvar,
}

impl Futex {
    pub(crate) fn new(value: u32) -> Self {
        Self {
            word: AtomicU32::new(value),
            queue: loom::sync::Mutex::new(()),
            sleepers: loom::sync::Condvar::new(),
        }
    }

    pub(crate) fn word(&self) -> &AtomicU32 {
        &self.word
    }

    pub(crate) fn wait(&self, expected: u32) {
        let queue = self.queue.lock().expect("no thread panics inside");
        if self.word.load(Ordering::Relaxed) == expected {
            drop(self.sleepers.wait(queue));
        }
    }

    pub(crate) fn wake_one(&self) {
        let _queue = self.queue.lock().expect("no thread panics inside");
        self.sleepers.notify_one();
    }
}
