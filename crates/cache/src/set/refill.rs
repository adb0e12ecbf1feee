//! The slow path of an allocation: a refill, or a full count.
//!
//! Called by the owner of a cache. The set's lock is taken only to get a larger array.
#![expect(unsafe_code, reason = "works on the magazines of the caller's cache")]
use super::CacheSet;
use crate::Cache;
use crate::class::{array_slots, first_capacity, largest_capacity};
use crate::magazine::{Change, Magazine};
use central::Exchange;
use core::ptr::{self, NonNull};
use heap::MetadataSource;
use sizeclass::SpanClass;

impl<X: Exchange, M: MetadataSource> CacheSet<X, M> {
    /// Allocates after [`Cache::pop`] missed: refills the magazine, or begins a new count. Null: out
    /// of memory, or no such class.
    ///
    /// # Safety
    ///
    /// The calling thread owns the cache, which is of this set, or it is the shared empty one.
    #[cold]
    #[inline(never)]
    pub unsafe fn alloc_slow(&self, cache: NonNull<Cache>, class: SpanClass) -> *mut u8 {
        // SAFETY: the caller's promise; this is the only magazine of the call.
        let Some(mut magazine) = (unsafe { Magazine::of(cache, class.bin()) }) else {
            return self.alloc_uncached(class);
        };
        let slot_bytes = self.exchange.table().slot_bytes(class.size_class());
        let len = magazine.len();
        if len == 0 {
            return self.refill(&mut magazine, class, slot_bytes);
        }
        // The count was full.
        // SAFETY: `len` is at most the capacity, and not 0.
        let slot = unsafe { magazine.places(len - 1, len) }[0];
        let change = Change {
            len: len - 1,
            allocs: 1,
            ..Change::default()
        };
        self.finish(&mut magazine, change, slot, slot_bytes)
    }

    /// Refills an empty magazine and allocates one of its slots.
    fn refill(&self, magazine: &mut Magazine, class: SpanClass, slot_bytes: usize) -> *mut u8 {
        if slot_bytes == 0 {
            return ptr::null_mut();
        }
        // Only taken from since the last miss: whatever comes now will be taken as well.
        let only_pops = magazine.pushes() == 0;
        // A batch was used up, or there never was one; after a flush the old capacity will do.
        if magazine.pops() > 0 || magazine.capacity() == 0 {
            self.grow(magazine, slot_bytes);
        }
        let capacity = magazine.capacity();
        if capacity == 0 {
            return self.alloc_uncached(class);
        }
        // Room for as many frees as slots, unless there are no frees.
        let want = if only_pops { capacity } else { capacity / 2 };
        // SAFETY: `want` is at most the capacity, which is not 0.
        let out = unsafe { magazine.places(0, want) };
        let got = self.exchange.refill(class, out).min(want);
        if got == 0 {
            return ptr::null_mut();
        }
        // Slots come in ascending order and are popped from the end: the program gets them in
        // ascending order, as the memory below likes it.
        let out = &mut out[..got];
        out.reverse();
        let slot = out[got - 1];
        // Published last: the array holds what the length says at every moment.
        let change = Change {
            len: got - 1,
            allocs: 1,
            refilled: got,
            ..Change::default()
        };
        self.finish(magazine, change, slot, slot_bytes)
    }

    /// Notes the allocation of `slot`, and reports it if it is a sample.
    fn finish(
        &self,
        magazine: &mut Magazine,
        change: Change,
        slot: *mut u8,
        slot_bytes: usize,
    ) -> *mut u8 {
        let (start, is_sample) = self.next_start(magazine, 1, slot_bytes);
        magazine.change(change, start);
        if is_sample {
            self.report(slot, slot_bytes);
        }
        slot
    }

    /// Doubles the capacity, or gives the magazine its first one, as far as the class allows and
    /// memory for a larger array is found. Says whether there is more room now.
    pub(super) fn grow(&self, magazine: &mut Magazine, slot_bytes: usize) -> bool {
        let before = magazine.capacity();
        let capacity = if before == 0 {
            first_capacity(slot_bytes)
        } else if before < largest_capacity(slot_bytes) {
            2 * before
        } else {
            return false;
        };
        let old = NonNull::new(magazine.array());
        let slots = array_slots(capacity);
        if old.is_some() && array_slots(before) == slots {
            // SAFETY: the array has room for `slots` pointers.
            unsafe { magazine.set_capacity(capacity) };
            return true;
        }
        let Some(array) = self.take_array(magazine, slots) else {
            return false;
        };
        // SAFETY: an array of `slots` pointers that nobody else has.
        unsafe { magazine.set_array(array, capacity) };
        if let Some(old) = old {
            // SAFETY: the magazine has left it; its length was this.
            unsafe { self.inner.lock().arrays.give(old, array_slots(before)) };
        }
        true
    }

    /// An array from the cache's own reserve, else from the set.
    fn take_array(&self, magazine: &mut Magazine, slots: usize) -> Option<NonNull<*mut u8>> {
        magazine
            .take_reserve(slots * size_of::<*mut u8>())
            .or_else(|| self.inner.lock().arrays.take(slots, &self.metadata))
    }
}
