//! The slow path of a free, and flushing: slots go back to the exchange, the oldest first.
//!
//! Called by the owner of a cache, or by the set for a dead one.
#![expect(unsafe_code, reason = "works on the magazines of the caller's cache")]
use super::CacheSet;
use crate::Cache;
use crate::class::array_slots;
use crate::limits::{BINS, SLOTS_KEPT};
use crate::magazine::{Change, Magazine};
use central::{Exchange, FlushError};
use core::ptr::NonNull;
use heap::MetadataSource;
use sizeclass::SpanClass;

impl<X: Exchange, M: MetadataSource> CacheSet<X, M> {
    /// Frees after [`Cache::push`] missed: lets the magazine grow, or flushes the older half of it
    /// (all of it, if nothing was allocated since the last miss: a thread that only frees keeps
    /// little).
    ///
    /// # Errors
    ///
    /// The first wrong pointer among those that were flushed. `slot` itself has been taken.
    ///
    /// # Safety
    ///
    /// The calling thread owns the cache, which is of this set, or it is the shared empty one; `slot`
    /// is a slot of `class` from this set's exchange which the caller owns and gives up.
    #[cold]
    #[inline(never)]
    pub unsafe fn free_slow(
        &self,
        cache: NonNull<Cache>,
        class: SpanClass,
        slot: *mut u8,
    ) -> Result<(), FlushError> {
        // SAFETY: the caller's promise; this is the only magazine of the call.
        let Some(mut magazine) = (unsafe { Magazine::of(cache, class.bin()) }) else {
            // SAFETY: the caller's promise.
            return unsafe { self.free_uncached(class, slot) };
        };
        let slot_bytes = self.exchange.table().slot_bytes(class.size_class());
        let len = magazine.len();
        let mut result = Ok(());
        if len == magazine.capacity() && (slot_bytes == 0 || !self.grow(&mut magazine, slot_bytes))
        {
            if len == 0 {
                // No class of objects, or no memory for an array.
                // SAFETY: the caller's promise.
                return unsafe { self.free_uncached(class, slot) };
            }
            let count = if magazine.pops() == 0 {
                len
            } else {
                len.div_ceil(2)
            };
            result = self.flush_oldest(&mut magazine, class, count);
        }
        magazine.push(slot);
        result
    }
}

impl<X: Exchange, M> CacheSet<X, M> {
    /// Gives every slot of a cache back to the exchange, and large arrays to the other caches. The
    /// cache stays the caller's.
    ///
    /// # Errors
    ///
    /// As [`CacheSet::give_back`].
    ///
    /// # Safety
    ///
    /// The calling thread owns the cache, or it is the shared empty one.
    pub unsafe fn flush(&self, cache: NonNull<Cache>) -> Result<(), FlushError> {
        let mut result = Ok(());
        for bin in 0..BINS {
            // SAFETY: the caller's promise; one magazine at a time.
            let magazine = unsafe { Magazine::of(cache, bin) };
            if let (Some(mut magazine), Some(class)) = (magazine, SpanClass::from_bin(bin)) {
                let len = magazine.len();
                if len > 0 {
                    result = result.and(self.flush_oldest(&mut magazine, class, len));
                }
                self.shrink(&mut magazine);
            }
        }
        result
    }

    /// Gives the array of an empty magazine up, if it is large.
    fn shrink(&self, magazine: &mut Magazine) {
        let capacity = magazine.capacity();
        if capacity <= SLOTS_KEPT {
            return;
        }
        if let Some(array) = magazine.take_array() {
            // SAFETY: the magazine has let go of it, and it has this many slots.
            unsafe { self.inner.lock().arrays.give(array, array_slots(capacity)) };
        }
    }

    /// Gives the `count` oldest slots back, at least 1 and at most all.
    fn flush_oldest(
        &self,
        magazine: &mut Magazine,
        class: SpanClass,
        count: usize,
    ) -> Result<(), FlushError> {
        let len = magazine.len();
        let left = len - count;
        magazine.rotate(count);
        // The slots leave the magazine before the exchange sees them: nobody can find them in both.
        let change = Change {
            len: left,
            flushed: count,
            ..Change::default()
        };
        let slot_bytes = self.exchange.table().slot_bytes(class.size_class());
        let (start, _) = self.next_start(magazine, 0, slot_bytes);
        magazine.change(change, start);
        // SAFETY: the length was at most the capacity, which is not 0.
        let oldest = unsafe { magazine.places(left, len) };
        // SAFETY: slots of the class that belonged to the cache (C2) and have left it.
        unsafe { self.exchange.flush(class, oldest) }
    }
}
