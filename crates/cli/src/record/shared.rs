//! The mapped page of a record: shared with the process that writes it, protected by its sequence counter.
#![expect(
    unsafe_code,
    reason = "another process writes this memory: it is read through atomics"
)]

use core::sync::atomic::{AtomicU64, Ordering, fence};
use std::fs::File;
use std::{io, thread};

use memmap2::{MmapOptions, MmapRaw};

use super::{BYTES, SEQUENCE, WORDS};

/// Tries before a page whose sequence counter stays odd is taken as it is. A refresh takes microseconds;
/// a counter that is still odd after this many yields belongs to a process that was killed in the middle.
const TRIES: u32 = 1000;

/// A record's page in memory.
///
/// # Invariants
/// I1: `map` covers at least [`BYTES`] bytes, mapped for reading and writing, for the life of the value.
#[derive(Debug)]
pub(super) struct Page {
    map: MmapRaw,
}

/// A copy of all words, in the machine's byte order.
pub(super) struct Copy {
    pub(super) words: [u64; WORDS],
    /// No writer was at work while it was taken.
    pub(super) consistent: bool,
}

impl Page {
    pub(super) fn map(file: &File) -> io::Result<Self> {
        Ok(Page {
            map: MmapOptions::new().len(BYTES).map_raw(file)?,
        })
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        assert!(index < WORDS, "a record has {WORDS} words");
        let words: *mut u64 = self.map.as_mut_ptr().cast();
        // SAFETY: `index` < `WORDS`, so the word lies inside the mapping (I1).
        let word = unsafe { words.add(index) };
        // SAFETY: (1) a mapping begins at an OS page, so every eighth byte is aligned for a u64;
        // (2) it is readable and writable as long as `self` lives (I1); (3) the other process writes it
        // with atomic stores of the same size only, and this process never writes.
        unsafe { AtomicU64::from_ptr(word) }
    }

    /// Copies the page, again while a writer is at work.
    pub(super) fn copy(&self) -> Copy {
        for _ in 0..TRIES {
            let copy = self.copy_once();
            if copy.consistent {
                return copy;
            }
            thread::yield_now();
        }
        self.copy_once()
    }

    fn copy_once(&self) -> Copy {
        // Acquire: the words below are not older than what this value of the counter published.
        let before = u64::from_le(self.word(SEQUENCE).load(Ordering::Acquire));
        let words =
            core::array::from_fn(|index| u64::from_le(self.word(index).load(Ordering::Relaxed)));
        // Acquire fence: a word that comes from a later refresh makes that refresh's odd counter visible to
        // the load after it; pairs with the writer's Release fence after its odd store.
        fence(Ordering::Acquire);
        let after = u64::from_le(self.word(SEQUENCE).load(Ordering::Relaxed));
        Copy {
            words,
            consistent: before == after && before.is_multiple_of(2),
        }
    }
}
