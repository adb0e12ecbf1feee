//! The statistics record's layout, version 1: one page of numbers that the `gomalloc` command reads.
//!
//! Written by one thread at a time (see [`super`]), read by another process at any moment: a
//! seqlock, every field of it atomic. All integers are little-endian.
#![expect(unsafe_code, reason = "a view of mapped memory")]

use facade::Stats;
use facade::sync::atomic::{AtomicU64, Ordering, fence};

/// Bytes of a record.
pub(super) const BYTES: usize = 4096;

/// Size classes that a record has room for.
const CLASSES: usize = 68;

/// `GOMALLOC`, as the bytes lie in memory.
const MAGIC: u64 = u64::from_ne_bytes(*b"GOMALLOC");

/// The record as 512 words; the constants below are indices of them (offset / 8).
#[repr(transparent)]
pub(super) struct Record([AtomicU64; BYTES / 8]);

const VERSION_AND_LENGTH: usize = 1;
const SEQUENCE: usize = 2;
const PIDS: usize = 3;
const NAME: usize = 4;
const STARTED: usize = 6;
const UPDATED: usize = 7;
const FINISHED: usize = 8;
/// The first of the figures, in the order of [`figures`].
const FIGURES: usize = 9;
/// Three words a class: size, mallocs, frees.
const BY_SIZE: usize = 256 / 8;
/// mallocs, frees, large_mallocs, large_frees.
const INHERITED: usize = 2048 / 8;
/// Two words a class: mallocs, frees.
const INHERITED_BY_SIZE: usize = 2080 / 8;

const _: () = assert!(BY_SIZE + 3 * CLASSES == 1888 / 8);
const _: () = assert!(INHERITED_BY_SIZE + 2 * CLASSES == 3168 / 8);
const _: () = assert!(size_of::<Record>() == BYTES);

/// Who writes the record.
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) parent: u32,
    pub(super) name: [u8; 16],
    pub(super) started_ns: u64,
}

impl Record {
    /// The record that lies at `mapping`.
    ///
    /// # Safety
    /// [`BYTES`] readable and writable bytes, aligned to 8, mapped for as long as the process lives.
    pub(super) unsafe fn at<'a>(mapping: *mut u8) -> &'a Record {
        // SAFETY: the caller's duty; every bit pattern is an atomic word.
        unsafe { &*mapping.cast::<Record>() }
    }

    /// Fills an empty record; only then it has its magic number, and readers take it for one.
    pub(super) fn create(&self, process: &Process, stats: &Stats, inherits: bool) {
        let (name, rest) = process.name.split_at(8);
        self.put_bytes(NAME, name);
        self.put_bytes(NAME + 1, rest);
        self.put_pair(VERSION_AND_LENGTH, 1, 4096);
        self.put_pair(PIDS, process.pid, process.parent);
        self.put(STARTED, process.started_ns);
        if inherits {
            self.put_inherited(stats);
        }
        self.put_all(stats, process.started_ns);
        // Release: whoever sees the magic number sees the rest (pairs with the reader's Acquire).
        self.word(0, |word| word.store(MAGIC, Ordering::Release));
    }

    /// Replaces every figure. One writer at a time.
    pub(super) fn refresh(&self, stats: &Stats, now_ns: u64, finished: bool) {
        let mut sequence = 0;
        self.word(SEQUENCE, |word| {
            sequence = u64::from_le(word.load(Ordering::Relaxed));
        });
        self.put(SEQUENCE, sequence.wrapping_add(1));
        // Release: no figure below becomes visible before the odd sequence.
        fence(Ordering::Release);
        self.put_all(stats, now_ns);
        self.put(FINISHED, u64::from(finished));
        // Release: every figure above is visible before the even sequence.
        self.word(SEQUENCE, |word| {
            word.store(sequence.wrapping_add(2).to_le(), Ordering::Release);
        });
    }

    fn put_all(&self, stats: &Stats, now_ns: u64) {
        self.put(UPDATED, now_ns);
        for (at, number) in (FIGURES..).zip(figures(stats)) {
            self.put(at, number);
        }
        for (number, class) in classes(stats) {
            let at = BY_SIZE + 3 * number;
            self.put(at, u64::from(class.size));
            self.put(at + 1, class.mallocs);
            self.put(at + 2, class.frees);
        }
    }

    fn put_inherited(&self, stats: &Stats) {
        let numbers = [
            stats.mallocs,
            stats.frees,
            stats.large_mallocs,
            stats.large_frees,
        ];
        for (at, number) in (INHERITED..).zip(numbers) {
            self.put(at, number);
        }
        for (number, class) in classes(stats) {
            let at = INHERITED_BY_SIZE + 2 * number;
            self.put(at, class.mallocs);
            self.put(at + 1, class.frees);
        }
    }

    fn put(&self, at: usize, number: u64) {
        self.word(at, |word| word.store(number.to_le(), Ordering::Relaxed));
    }

    fn put_pair(&self, at: usize, first: u32, second: u32) {
        self.put(at, u64::from(first) | u64::from(second) << 32);
    }

    fn put_bytes(&self, at: usize, bytes: &[u8]) {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.put(at, u64::from_le_bytes(word));
    }

    fn word(&self, at: usize, act: impl FnOnce(&AtomicU64)) {
        if let Some(word) = self.0.get(at) {
            act(word);
        }
    }
}

/// The small size classes with their numbers. Number 0, the large blocks, has figures of its own.
fn classes(stats: &Stats) -> impl Iterator<Item = (usize, &facade::BySize)> {
    stats.by_size.iter().enumerate().take(CLASSES).skip(1)
}

/// The figures in the record's order.
fn figures(stats: &Stats) -> [u64; 10] {
    [
        stats.mallocs,
        stats.frees,
        stats.live_bytes,
        stats.peak_bytes,
        stats.mapped_bytes,
        stats.released_bytes,
        stats.large_mallocs,
        stats.large_frees,
        stats.cache_bytes,
        stats.metadata_bytes,
    ]
}
