//! Tiny combining: several pointer-free objects of less than 16 bytes in one slot of 16.
//!
//! A [`Tiny`] is one thread's, or one processor's, like the cache beside it; a [`TinySet`] is shared
//! by all and holds, out of band, how many objects of a block are alive. After Go 1.19's `mallocgc`
//! (tiny allocator), `mcache.tiny` and `tinyoffset`. Go has no free: its collector keeps a block while
//! anything in it is reachable; here each block counts, and whoever frees the last object of it gives
//! the slot back, on any thread.
//!
//! For callers that can say that an object holds no pointers: a runtime's own objects. `GlobalAlloc`
//! and C's functions can't say that, and never come here.
//!
//! # What is seen of a wrong free
//!
//! A pointer into no block, and a free more than there are objects. Two frees of one object while
//! another one of its block is alive are not seen: the block has one count, not one an object.
#![expect(
    unsafe_code,
    reason = "hands out parts of slots, on the callers' promises"
)]
use crate::{Cache, CacheSet};
use central::{Exchange, FlushError, FlushErrorKind};
use core::ptr::{self, NonNull};
use count::Released;
use directory::Directory;
use heap::MetadataSource;
use sizeclass::{TINY_SIZE, TINY_SPAN_CLASS};

mod count;
mod directory;

/// One owner's current block.
///
/// # Invariants
///
/// * T1: `block` is null, or a slot of [`TINY_SPAN_CLASS`] of which this owner holds one share.
/// * T2: everything of the block before `offset` was handed out, or passed over for alignment.
#[derive(Debug)]
pub struct Tiny {
    block: *mut u8,
    offset: usize,
    combined: u64,
}

// SAFETY: the block belongs to the owner, who may be any one thread at a time.
unsafe impl Send for Tiny {}

impl Tiny {
    /// Without a block.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            block: ptr::null_mut(),
            offset: 0,
            combined: 0,
        }
    }

    /// Objects that took no block of their own (Go: `tinyAllocs`).
    #[must_use]
    pub const fn combined(&self) -> u64 {
        self.combined
    }

    /// Room for `size` bytes in the current block, by Go's rules.
    fn fit(&mut self, size: usize) -> Option<NonNull<u8>> {
        let block = NonNull::new(self.block)?;
        let start = self.offset.next_multiple_of(tiny_align(size));
        if start + size > TINY_SIZE {
            return None;
        }
        self.offset = start + size;
        self.combined += 1;
        // SAFETY: `start` is inside the block (T1), which has TINY_SIZE bytes.
        Some(unsafe { block.add(start) })
    }
}

impl Default for Tiny {
    fn default() -> Self {
        Self::new()
    }
}

/// The alignment that Go gives a tiny object: what its size is a multiple of, up to 8; 12 bytes get 8
/// on 32-bit machines (Go 1.16), where they may hold a 64-bit number.
///
/// ```
/// assert_eq!([1, 2, 4, 6, 8].map(gomalloc_cache::tiny_align), [1, 2, 4, 2, 8]);
/// ```
#[must_use]
pub const fn tiny_align(size: usize) -> usize {
    if size.is_multiple_of(8) || (size_of::<usize>() == 4 && size == 12) {
        8
    } else if size.is_multiple_of(4) {
        4
    } else if size.is_multiple_of(2) {
        2
    } else {
        1
    }
}

/// The counts of all blocks, shared by all owners of one allocator.
///
/// Its memory comes from a [`MetadataSource`] and stays: half a kilobyte for each page that ever held
/// tiny objects, and some pages of directory.
#[derive(Debug)]
pub struct TinySet<N> {
    directory: Directory,
    metadata: N,
}

impl<N> TinySet<N> {
    /// A set without counts.
    #[cfg(not(gomalloc_loom))]
    #[must_use]
    pub const fn new(metadata: N) -> Self {
        Self {
            directory: Directory::new(),
            metadata,
        }
    }

    /// As in the real build, but not `const`: loom's constructors are not.
    #[cfg(gomalloc_loom)]
    #[must_use]
    pub fn new(metadata: N) -> Self {
        Self {
            directory: Directory::new(),
            metadata,
        }
    }
}

impl<N: MetadataSource> TinySet<N> {
    /// A pointer-free object of 1 to 15 bytes, aligned as [`tiny_align`] says. A fresh block is
    /// zeroed. Null: out of memory, or another size.
    ///
    /// # Safety
    ///
    /// The calling thread owns `cache`, which is of `caches`, and `tiny`, which was used with this set
    /// and these caches only.
    pub unsafe fn alloc<X: Exchange, M: MetadataSource>(
        &self,
        caches: &CacheSet<X, M>,
        cache: NonNull<Cache>,
        tiny: &mut Tiny,
        size: usize,
    ) -> *mut u8 {
        if size == 0 || TINY_SIZE <= size {
            return ptr::null_mut();
        }
        if let Some(object) = tiny.fit(size) {
            if let Some(count) = self.directory.find(tiny.block.addr()) {
                count.add();
            }
            return object.as_ptr();
        }
        // SAFETY: the caller's promise.
        unsafe { self.alloc_block(caches, cache, tiny, size) }
    }

    /// # Safety
    ///
    /// As [`TinySet::alloc`].
    #[cold]
    unsafe fn alloc_block<X: Exchange, M: MetadataSource>(
        &self,
        caches: &CacheSet<X, M>,
        cache: NonNull<Cache>,
        tiny: &mut Tiny,
        size: usize,
    ) -> *mut u8 {
        // SAFETY: the caller owns the cache.
        let mut block = unsafe { Cache::pop(cache, TINY_SPAN_CLASS.bin()) };
        if block.is_null() {
            // SAFETY: as above.
            block = unsafe { caches.alloc_slow(cache, TINY_SPAN_CLASS) };
        }
        if block.is_null() {
            return block;
        }
        let Some(count) = self.directory.find_or_make(&self.metadata, block.addr()) else {
            // SAFETY: the block is ours, fresh from this cache; a slot of its class is no wrong free.
            let _ = unsafe { give_back(caches, Some(cache), block) };
            return ptr::null_mut();
        };
        // SAFETY: a slot of this class has TINY_SIZE bytes, and this one is ours.
        unsafe { block.write_bytes(0, TINY_SIZE) };
        // Go compares with the old offset: of the two blocks the one with more room is kept.
        if !tiny.block.is_null() && tiny.offset <= size {
            count.open(1);
            return block;
        }
        // One share is the object's, one the owner's.
        count.open(2);
        // SAFETY: the caller's promise. A block that was the owner's is no wrong free.
        let _ = unsafe { self.retire(caches, Some(cache), tiny) };
        tiny.block = block;
        tiny.offset = size;
        block
    }

    /// The owner gives up its current block (Go's `releaseAll`): before it ends, or to have its memory
    /// back.
    ///
    /// # Errors
    ///
    /// As [`TinySet::free`], which only a wrong free before can cause.
    ///
    /// # Safety
    ///
    /// As [`TinySet::alloc`].
    pub unsafe fn retire<X: Exchange, M: MetadataSource>(
        &self,
        caches: &CacheSet<X, M>,
        cache: Option<NonNull<Cache>>,
        tiny: &mut Tiny,
    ) -> Result<(), FlushError> {
        let block = core::mem::replace(&mut tiny.block, ptr::null_mut());
        tiny.offset = 0;
        if block.is_null() {
            return Ok(());
        }
        // SAFETY: the owner's share (T1) is given up.
        unsafe { self.free(caches, cache, block) }
    }

    /// Frees an object of [`TinySet::alloc`], whichever owner's; by the cache of the calling thread, or
    /// past all caches.
    ///
    /// # Errors
    ///
    /// `pointer` lies in no block of this set, or in one whose objects are all free. What else can be
    /// wrong is found when the cache is flushed.
    ///
    /// # Safety
    ///
    /// The object is the caller's, who gives it up; the calling thread owns `cache`.
    pub unsafe fn free<X: Exchange, M: MetadataSource>(
        &self,
        caches: &CacheSet<X, M>,
        cache: Option<NonNull<Cache>>,
        pointer: *mut u8,
    ) -> Result<(), FlushError> {
        let wrong = |kind| FlushError {
            pointer: pointer.addr(),
            kind,
        };
        let block = pointer.map_addr(|addr| addr & !(TINY_SIZE - 1));
        let count = self.directory.find(block.addr());
        match count.ok_or(wrong(FlushErrorKind::Foreign))?.release() {
            Released::Shared => Ok(()),
            // SAFETY: all shares of the block are given up, the last one here.
            Released::Last => unsafe { give_back(caches, cache, block) },
            Released::NotShared => Err(wrong(FlushErrorKind::DoubleFree)),
        }
    }
}

/// The slot goes the way of any other slot.
///
/// # Safety
///
/// The caller owns the slot and the cache.
unsafe fn give_back<X: Exchange, M: MetadataSource>(
    caches: &CacheSet<X, M>,
    cache: Option<NonNull<Cache>>,
    block: *mut u8,
) -> Result<(), FlushError> {
    let Some(cache) = cache else {
        // SAFETY: the caller's promise.
        return unsafe { caches.free_uncached(TINY_SPAN_CLASS, block) };
    };
    // SAFETY: the caller's promise.
    if unsafe { Cache::push(cache, TINY_SPAN_CLASS.bin(), block) } {
        return Ok(());
    }
    // SAFETY: the caller's promise.
    unsafe { caches.free_slow(cache, TINY_SPAN_CLASS, block) }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
