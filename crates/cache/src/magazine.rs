//! [`Magazine`]: one class of a cache in the hands of its owner, for the slow paths.
//!
//! Whoever holds one owns the cache; statistics may read along, which is why counts that belong
//! together change under the cache's version (a sequence lock with one writer).
#![expect(
    unsafe_code,
    reason = "reads and writes the owner's fields of a cache through a raw pointer"
)]
use crate::Cache;
use crate::limits::{ARRAY_ALIGN, BINS, CACHE_BYTES};
use crate::sampling::Random;
use crate::word::{COUNT_MAX, Word};
use core::mem::offset_of;
use core::ptr::{self, NonNull};
use core::slice;
use sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// One bin of a cache that this thread owns.
///
/// # Invariants
///
/// * M1: the calling thread owns `cache`, which is not the shared one, for as long as this value
///   lives, and uses no other magazine of the same bin meanwhile.
/// * M2: `bin` is below `BINS`.
pub(crate) struct Magazine {
    cache: NonNull<Cache>,
    bin: usize,
}

/// What changes together when a magazine has been refilled, flushed, or looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Change {
    /// Slots that it holds now.
    pub(crate) len: usize,
    /// Allocations that were served besides those that the word has counted.
    pub(crate) allocs: u64,
    /// Slots that were refilled.
    pub(crate) refilled: usize,
    /// Slots that were flushed.
    pub(crate) flushed: usize,
}

/// What the count in a word is for, besides counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mode {
    /// Nothing is sampled; as zeroed memory has it.
    Off = 0,
    /// The next sample is further away than the count reaches.
    Far = 1,
    /// The allocation that finds the count full is a sample.
    Near = 2,
}

/// Where a count begins or goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) count: u16,
    pub(crate) mode: Mode,
}

impl Start {
    pub(crate) const OFF: Self = Self {
        count: 0,
        mode: Mode::Off,
    };
    pub(crate) const FAR: Self = Self {
        count: 0,
        mode: Mode::Far,
    };
}

impl Magazine {
    /// The magazine of a bin; `None` for the shared cache, and for a bin that a cache does not have.
    ///
    /// # Safety
    ///
    /// The calling thread owns the cache while the magazine lives, or it is the shared one, and no
    /// other magazine of this bin is alive.
    pub(crate) unsafe fn of(cache: NonNull<Cache>, bin: usize) -> Option<Self> {
        // SAFETY: a live cache (C4), whose flag never changes.
        let is_shared = unsafe { (*cache.as_ptr()).is_shared };
        (!is_shared && bin < BINS).then_some(Self { cache, bin })
    }

    pub(crate) fn word(&self) -> Word {
        // SAFETY: M1 and M2.
        let word = unsafe { Cache::word(self.cache, self.bin) };
        Word(word.load(Ordering::Relaxed))
    }

    pub(crate) fn len(&self) -> usize {
        self.word().len()
    }

    pub(crate) fn capacity(&self) -> usize {
        usize::from(self.get::<u16>(offset_of!(Cache, capacities)))
    }

    /// Allocations from the cache since the last change.
    pub(crate) fn pops(&self) -> usize {
        let start = self.get::<u16>(offset_of!(Cache, starts));
        self.word().count() as usize - usize::from(start)
    }

    /// Frees into the cache since the last change.
    pub(crate) fn pushes(&self) -> usize {
        let mark = usize::from(self.get::<u16>(offset_of!(Cache, marks)));
        self.len() + self.pops() - mark
    }

    pub(crate) fn mode(&self) -> Mode {
        self.get(offset_of!(Cache, modes))
    }

    /// The count after `allocs` more; `None` if it is full then.
    pub(crate) fn count_after(&self, allocs: u32) -> Option<u16> {
        let count = self.word().count() + allocs;
        u16::try_from(count).ok().filter(|_| count <= COUNT_MAX)
    }

    /// The cache's generator of random numbers; `seed` makes it.
    pub(crate) fn random(&mut self, seed: impl FnOnce() -> Random) -> &mut Random {
        // SAFETY: a field of a live cache that its owner alone uses (M1).
        let random = unsafe { &mut (*self.cache.as_ptr()).random };
        if random.0 == 0 {
            *random = seed();
        }
        random
    }

    /// The array; null before the first one.
    pub(crate) fn array(&self) -> *mut *mut u8 {
        self.get(offset_of!(Cache, slots))
    }

    /// Exchanges the array for a larger one, which gets the slots that are held.
    ///
    /// # Safety
    ///
    /// `array` has room for `capacity` pointers and is the cache's from now on; `capacity` is at
    /// least the length and fits 15 bits.
    pub(crate) unsafe fn set_array(&mut self, array: NonNull<*mut u8>, capacity: usize) {
        let len = self.len();
        if len > 0 {
            // SAFETY: C1 of the old array; the new one is larger and another.
            unsafe { array.as_ptr().copy_from_nonoverlapping(self.array(), len) };
        }
        self.set(offset_of!(Cache, slots), array.as_ptr());
        // Release: the child of a fork must not find the new capacity with the old array.
        fence(Ordering::Release);
        // SAFETY: the array is the one just set.
        unsafe { self.set_capacity(capacity) };
    }

    /// Takes the array of an empty magazine away, which has no capacity then.
    pub(crate) fn take_array(&mut self) -> Option<NonNull<*mut u8>> {
        debug_assert_eq!(self.len(), 0);
        let array = NonNull::new(self.array());
        self.set(offset_of!(Cache, slots), ptr::null_mut::<*mut u8>());
        self.set(offset_of!(Cache, capacities), 0_u16);
        array
    }

    /// Lets the magazine use more of its array.
    ///
    /// # Safety
    ///
    /// The array has room for `capacity` pointers, which is at least the length and fits 15 bits.
    pub(crate) unsafe fn set_capacity(&mut self, capacity: usize) {
        #[expect(clippy::cast_possible_truncation, reason = "at most 15 bits")]
        self.set(offset_of!(Cache, capacities), capacity as u16);
    }

    /// The places `from..to` of the array. What lies below the length are slots (C2).
    ///
    /// # Safety
    ///
    /// `from` is at most `to`, `to` at most the capacity, and the capacity is not 0.
    pub(crate) unsafe fn places(&mut self, from: usize, to: usize) -> &mut [*mut u8] {
        // SAFETY: inside the array by C1.
        let first = unsafe { self.array().add(from) };
        // SAFETY: C1; arrays are zeroed or have been written, and `&mut self` is the only access.
        unsafe { slice::from_raw_parts_mut(first, to - from) }
    }

    /// Notes what was done, and lets the count go on at `start`: the next `COUNT_MAX - start.count`
    /// allocations stay on the fast path if the slots last.
    pub(crate) fn change(&mut self, change: Change, start: Start) {
        let Change { len, allocs, .. } = change;
        let Start { count, mode } = start;
        let allocs = allocs
            .wrapping_add(u64::from(self.word().count()))
            .wrapping_sub(u64::from(count));
        let moved = (change.flushed as u64).wrapping_sub(change.refilled as u64);
        self.begin();
        self.add(offset_of!(Cache, counted), allocs);
        self.add(offset_of!(Cache, moved), moved);
        self.set_word(Word::new(len, u32::from(count)));
        #[expect(clippy::cast_possible_truncation, reason = "at most 15 bits")]
        self.set(offset_of!(Cache, marks), len as u16);
        self.set(offset_of!(Cache, starts), count);
        self.set(offset_of!(Cache, modes), mode);
        self.end();
    }

    /// Moves the `count` oldest slots behind the others, at most as many as there are.
    ///
    /// The magazine is empty to everybody else meanwhile: the child of a fork gets a copy of it as it
    /// is at some moment, and half-moved slots would be in two places.
    pub(crate) fn rotate(&mut self, count: usize) {
        let before = self.word();
        if count == before.len() {
            return;
        }
        self.begin();
        self.set_word(Word::new(0, before.count()));
        // Release: the slots are moved after the length was hidden, also in the copy of a child.
        fence(Ordering::Release);
        // SAFETY: the length is at most the capacity, which is not 0: something is held.
        unsafe { self.places(0, before.len()) }.rotate_left(count);
        // Release: and before it is shown again.
        fence(Ordering::Release);
        self.set_word(before);
        self.end();
    }

    /// Brings the fields of a magazine together whose owner went away between [`Self::begin`] and
    /// [`Self::end`]. Whatever the word says is held, is held.
    pub(crate) fn mend(&mut self) {
        let word = self.word();
        let start = self.get::<u16>(offset_of!(Cache, starts));
        #[expect(clippy::cast_possible_truncation, reason = "at most 15 bits")]
        let start = start.min(word.count() as u16);
        self.set(offset_of!(Cache, starts), start);
        #[expect(clippy::cast_possible_truncation, reason = "at most 15 bits")]
        self.set(offset_of!(Cache, marks), word.len() as u16);
    }

    /// Statistics wait from here to [`Self::end`].
    fn begin(&mut self) {
        let version = self.version();
        let before = version.load(Ordering::Relaxed);
        version.store(before.wrapping_add(1), Ordering::Relaxed);
        // Release: a reader that sees one of the stores that follow sees the odd version, or a newer
        // one, at its second look; pairs with the Acquire fence in `stats`.
        fence(Ordering::Release);
    }

    fn end(&mut self) {
        let version = self.version();
        let before = version.load(Ordering::Relaxed);
        // Release: pairs with the first Acquire in `stats`.
        version.store(before.wrapping_add(1), Ordering::Release);
    }

    fn version(&self) -> &AtomicU32 {
        // SAFETY: the field of a live cache; atomic.
        unsafe { &(*self.cache.as_ptr()).version }
    }

    fn set_word(&mut self, word: Word) {
        // SAFETY: M1 and M2.
        let place = unsafe { Cache::word(self.cache, self.bin) };
        place.store(word.0, Ordering::Relaxed);
    }

    /// Adds a slot on top. The length is below the capacity.
    pub(crate) fn push(&mut self, slot: *mut u8) {
        let before = self.word();
        debug_assert!(before.len() < self.capacity());
        // SAFETY: inside the array by C1.
        let top = unsafe { self.array().add(before.len()) };
        // SAFETY: as above, and M1.
        unsafe { top.write(slot) };
        self.set_word(before.push());
    }

    /// `bytes` of the cache's reserve, if so many are left.
    pub(crate) fn take_reserve(&mut self, bytes: usize) -> Option<NonNull<*mut u8>> {
        let bytes = bytes.next_multiple_of(ARRAY_ALIGN);
        // SAFETY: a field of a live cache that its owner alone uses (M1).
        let used = unsafe { &mut (*self.cache.as_ptr()).used_bytes };
        let from = usize::from(*used);
        let to = from + bytes;
        if to > CACHE_BYTES {
            return None;
        }
        *used = u16::try_from(to).ok()?;
        // SAFETY: a cache is made of `CACHE_BYTES`, of which these have not been given away.
        Some(unsafe { self.cache.byte_add(from) }.cast())
    }

    /// Adds to a counter that only the owner writes.
    fn add(&mut self, offset: usize, more: u64) {
        // SAFETY: the callers name an array of counters; M2.
        let counter = unsafe { Cache::field::<AtomicU64>(self.cache, offset, self.bin) };
        // SAFETY: an atomic of a live cache.
        let counter = unsafe { counter.as_ref() };
        // Relaxed: ordered by the version.
        let before = counter.load(Ordering::Relaxed);
        counter.store(before.wrapping_add(more), Ordering::Relaxed);
    }

    fn get<T: Copy>(&self, offset: usize) -> T {
        // SAFETY: the callers name an array of this type; M2.
        let field = unsafe { Cache::field::<T>(self.cache, offset, self.bin) };
        // SAFETY: M1: a plain field is read and written by the owner alone.
        unsafe { field.read() }
    }

    fn set<T: Copy>(&mut self, offset: usize, value: T) {
        // SAFETY: the callers name an array of this type; M2.
        let field = unsafe { Cache::field::<T>(self.cache, offset, self.bin) };
        // SAFETY: M1.
        unsafe { field.write(value) };
    }
}
