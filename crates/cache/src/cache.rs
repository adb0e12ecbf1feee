//! [`Cache`]: the magazines of one thread, and the two hit paths.
//!
//! Owned by one thread at a time; statistics read the atomic fields from any thread (table in the
//! crate documentation). The arrays are dense, one element a bin, so that the word, the pointer and
//! the capacity of a class are each one addition away from the cache's address.
#![expect(
    unsafe_code,
    reason = "a cache is reached through a raw pointer: its owner changes plain fields that others never look at"
)]
use crate::limits::{BINS, CACHE_BYTES};
use crate::magazine::Mode;
use crate::sampling::Random;
use crate::word::Word;
use core::fmt;
use core::hint;
use core::mem::offset_of;
use core::ptr::{self, NonNull};
use sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

/// The magazines of one thread, one a span class.
///
/// Made by a [`CacheSet`](crate::CacheSet) and reached through a `NonNull<Cache>`, never by `&mut`.
///
/// # Invariants
///
/// * C1: the array of a bin is null or holds at least as many pointers as the bin's capacity, and
///   the word's length is at most the capacity.
/// * C2: the first `len` pointers of a bin's array are slots of the bin's class that belong to the
///   cache; what lies above is not looked at.
/// * C3: allocations of a bin = `counted` + the count in its word; slots of a bin that were freed
///   into the cache = length + allocations + `moved`, all modulo 2⁶⁴.
/// * C4: caches are made by a set and live as long as the set's metadata, or are the shared empty
///   one; only their owner calls what takes a cache, and nobody is the owner of the empty one.
#[repr(C)]
pub struct Cache {
    words: [AtomicU32; BINS],
    pub(crate) slots: [*mut *mut u8; BINS],
    pub(crate) capacities: [u16; BINS],
    /// Length at the last miss.
    pub(crate) marks: [u16; BINS],
    /// Count in the word at the last miss.
    pub(crate) starts: [u16; BINS],
    /// What the count is for.
    pub(crate) modes: [Mode; BINS],
    /// Allocations that the word does not count.
    pub(crate) counted: [AtomicU64; BINS],
    /// Slots flushed less slots refilled.
    pub(crate) moved: [AtomicU64; BINS],
    /// State of the cache's generator of random numbers; 0 before the first one is wanted.
    pub(crate) random: Random,
    /// Odd while `counted`, `moved` and a word change together.
    pub(crate) version: AtomicU32,
    /// The shared empty cache: belongs to nobody and is never written.
    pub(crate) is_shared: bool,
    /// On a stack of dead caches; under the set's lock.
    pub(crate) is_dead: bool,
    /// Bytes of the cache's memory that are in use, itself included; the rest is its reserve.
    pub(crate) used_bytes: u16,
    /// Towards the caches made before this one; constant once it is registered.
    pub(crate) older: AtomicPtr<Cache>,
    /// Under this one on a stack of dead caches; under the set's lock.
    pub(crate) below: *mut Cache,
}

/// Where the reserve begins: on the cache line after the cache.
const FIRST_USED: u16 = {
    let bytes = size_of::<Cache>().next_multiple_of(64);
    assert!(
        bytes < CACHE_BYTES,
        "a new cache has a reserve for its first arrays"
    );
    assert!(align_of::<Cache>() <= 64 && CACHE_BYTES <= u16::MAX as usize);
    #[expect(clippy::cast_possible_truncation, reason = "asserted above")]
    let bytes = bytes as u16;
    bytes
};

// SAFETY: the raw pointers are the owner's, who may be any one thread; others read atomics only.
unsafe impl Send for Cache {}
// SAFETY: as above; a shared reference gives access to nothing but atomics.
unsafe impl Sync for Cache {}

impl Cache {
    /// A cache without arrays: every pop and every push is a miss.
    #[cfg(not(gomalloc_loom))]
    pub(crate) const fn new(is_shared: bool) -> Self {
        Self {
            words: [const { AtomicU32::new(0) }; BINS],
            slots: [ptr::null_mut(); BINS],
            capacities: [0; BINS],
            marks: [0; BINS],
            starts: [0; BINS],
            modes: [Mode::Off; BINS],
            counted: [const { AtomicU64::new(0) }; BINS],
            moved: [const { AtomicU64::new(0) }; BINS],
            random: Random(0),
            version: AtomicU32::new(0),
            is_shared,
            is_dead: false,
            used_bytes: FIRST_USED,
            older: AtomicPtr::new(ptr::null_mut()),
            below: ptr::null_mut(),
        }
    }

    /// As in the real build, but not `const`: loom's constructors are not.
    #[cfg(gomalloc_loom)]
    pub(crate) fn new(is_shared: bool) -> Self {
        Self {
            words: core::array::from_fn(|_| AtomicU32::new(0)),
            slots: [ptr::null_mut(); BINS],
            capacities: [0; BINS],
            marks: [0; BINS],
            starts: [0; BINS],
            modes: [Mode::Off; BINS],
            counted: core::array::from_fn(|_| AtomicU64::new(0)),
            moved: core::array::from_fn(|_| AtomicU64::new(0)),
            random: Random(0),
            version: AtomicU32::new(0),
            is_shared,
            is_dead: false,
            used_bytes: FIRST_USED,
            older: AtomicPtr::new(ptr::null_mut()),
            below: ptr::null_mut(),
        }
    }

    /// Takes a slot of the class with this [bin](sizeclass::SpanClass::bin), the one that was freed
    /// last. Null is a miss, for [`CacheSet::alloc_slow`](crate::CacheSet::alloc_slow).
    ///
    /// Budget: 8 instructions with the cache's pointer in a register and a constant bin, one branch.
    ///
    /// # Safety
    ///
    /// The calling thread owns the cache, or it is the shared empty one; `bin` is below
    /// [`BINS`](sizeclass::BINS).
    #[inline(always)]
    pub unsafe fn pop(this: NonNull<Self>, bin: usize) -> *mut u8 {
        // SAFETY: the bin is in range by the caller's promise.
        let word = unsafe { Self::word(this, bin) };
        // Relaxed, here and below: only the owner writes words, others merely count.
        let Some(next) = Word(word.load(Ordering::Relaxed)).pop() else {
            return ptr::null_mut();
        };
        word.store(next.0, Ordering::Relaxed);
        // SAFETY: as above.
        let array = unsafe { Self::field::<*mut *mut u8>(this, offset_of!(Self, slots), bin) };
        // SAFETY: the calling thread owns the field, or nobody writes it.
        let slots = unsafe { array.read() };
        // SAFETY: the new length is below the old one, so C1 puts it inside the array.
        let top = unsafe { slots.add(next.len()) };
        // SAFETY: as above, and C2.
        let slot = unsafe { top.read() };
        // SAFETY: C2: slots are not null. It spares the caller's test for a miss on a hit.
        unsafe { hint::assert_unchecked(!slot.is_null()) };
        slot
    }

    /// Gives a slot of the class with this bin to the cache. `false` is a miss, for
    /// [`CacheSet::free_slow`](crate::CacheSet::free_slow); the slot has not been taken then.
    ///
    /// Budget: 8 instructions with the cache's pointer in a register and a constant bin, one branch.
    ///
    /// # Safety
    ///
    /// The calling thread owns the cache, or it is the shared empty one; `bin` is below
    /// [`BINS`](sizeclass::BINS); `slot` is a slot of that class which the caller owns and gives up.
    #[inline(always)]
    pub unsafe fn push(this: NonNull<Self>, bin: usize, slot: *mut u8) -> bool {
        // SAFETY: the bin is in range by the caller's promise.
        let word = unsafe { Self::word(this, bin) };
        let before = Word(word.load(Ordering::Relaxed));
        // SAFETY: as above.
        let capacity = unsafe { Self::field::<u16>(this, offset_of!(Self, capacities), bin) };
        // SAFETY: the calling thread owns the field, or nobody writes it.
        let capacity = unsafe { capacity.read() };
        // 16 bits against 16 in memory: one instruction.
        if before.len16() >= capacity {
            return false;
        }
        // SAFETY: as above.
        let array = unsafe { Self::field::<*mut *mut u8>(this, offset_of!(Self, slots), bin) };
        // SAFETY: the calling thread owns the field; the shared cache has returned above.
        let slots = unsafe { array.read() };
        // SAFETY: the length is below the capacity, so C1 puts it inside the array.
        let top = unsafe { slots.add(before.len()) };
        // SAFETY: as above, and the array is the owner's.
        unsafe { top.write(slot) };
        word.store(before.push().0, Ordering::Relaxed);
        true
    }

    /// Element `bin` of the array at this offset in the cache.
    ///
    /// # Safety
    ///
    /// `offset` is that of an array of `BINS` values of type `T`, and `bin` is below `BINS`.
    #[inline(always)]
    pub(crate) unsafe fn field<T>(this: NonNull<Self>, offset: usize, bin: usize) -> NonNull<T> {
        debug_assert!(bin < BINS);
        // SAFETY: inside the cache by the caller's promise.
        unsafe { this.byte_add(offset + bin * size_of::<T>()) }.cast()
    }

    /// # Safety
    ///
    /// `this` is a live cache and `bin` is below `BINS`.
    #[inline(always)]
    pub(crate) unsafe fn word<'a>(this: NonNull<Self>, bin: usize) -> &'a AtomicU32 {
        // SAFETY: the words are such an array.
        let word = unsafe { Self::field::<AtomicU32>(this, offset_of!(Self, words), bin) };
        // SAFETY: an atomic of a live cache, which everybody may refer to (C4).
        unsafe { word.as_ref() }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("is_shared", &self.is_shared)
            .finish_non_exhaustive()
    }
}
