//! The store of slot arrays: powers of two, carved from batches of metadata, used again when a
//! magazine has outgrown them.
//!
//! Part of what the set's lock protects.
#![expect(
    unsafe_code,
    reason = "carves arrays out of batches and links unused ones through themselves"
)]
use crate::limits::{ARRAY_ALIGN, ARRAY_SLOTS_MIN, BATCH_BYTES, SLOTS_MAX};
use arena::Category;
use core::ptr::{self, NonNull};
use heap::MetadataSource;

/// Lengths that occur: 8, 16, … 1,024.
const ORDERS: usize = (SLOTS_MAX / ARRAY_SLOTS_MIN).ilog2() as usize + 1;

/// Unused arrays by length, and the rest of the last batch.
///
/// # Invariants
///
/// * A1: `unused[order]` is null or the first of a list of arrays of `8 << order` pointers that
///   nobody else knows; the first pointer of each is the next of the list.
/// * A2: `rest` points to `rest_bytes` bytes of metadata that nobody has been given.
#[derive(Debug)]
pub(super) struct Arrays {
    unused: [*mut *mut u8; ORDERS],
    rest: *mut u8,
    rest_bytes: usize,
}

// SAFETY: whatever it points to belongs to it alone.
unsafe impl Send for Arrays {}

impl Arrays {
    pub(super) const fn new() -> Self {
        Self {
            unused: [ptr::null_mut(); ORDERS],
            rest: ptr::null_mut(),
            rest_bytes: 0,
        }
    }

    /// An array of `slots` pointers, a power of two from 8 to 1,024. `None`: out of memory.
    pub(super) fn take<M: MetadataSource>(
        &mut self,
        slots: usize,
        metadata: &M,
    ) -> Option<NonNull<*mut u8>> {
        let unused = self.unused.get_mut(order(slots))?;
        if let Some(array) = NonNull::new(*unused) {
            // SAFETY: A1.
            *unused = unsafe { array.read() }.cast();
            return Some(array);
        }
        let bytes = slots * size_of::<*mut u8>();
        if self.rest_bytes < bytes {
            // What is left of the old batch, less than one array, is given up.
            let batch = metadata.alloc_metadata(BATCH_BYTES, ARRAY_ALIGN, Category::Cache)?;
            self.rest = batch.as_ptr();
            self.rest_bytes = BATCH_BYTES;
        }
        let array = NonNull::new(self.rest)?;
        self.rest_bytes -= bytes;
        // SAFETY: A2: `bytes` of `rest_bytes`.
        self.rest = unsafe { self.rest.add(bytes) };
        Some(array.cast())
    }

    /// Takes back an array of `slots` pointers.
    ///
    /// # Safety
    ///
    /// The array has that many pointers, and the caller gives it up.
    pub(super) unsafe fn give(&mut self, array: NonNull<*mut u8>, slots: usize) {
        let Some(unused) = self.unused.get_mut(order(slots)) else {
            return;
        };
        // SAFETY: the array is the store's now, and has at least 8 places.
        unsafe { array.write(unused.cast()) };
        *unused = array.as_ptr();
    }
}

fn order(slots: usize) -> usize {
    debug_assert!(slots.is_power_of_two() && (ARRAY_SLOTS_MIN..=SLOTS_MAX).contains(&slots));
    (slots / ARRAY_SLOTS_MIN).ilog2() as usize
}
