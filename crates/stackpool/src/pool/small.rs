//! Small stacks, in and out: one at a time for callers without a cache, by the batch for caches.
use super::StackPool;
use crate::order::Order;
use crate::slots::Slots;
use crate::{AllocError, FreeError, StackSource};
use arena::{Addr, ByteCount, PAGE_BYTES};
use core::ptr::NonNull;
use heap::SpanRef;

impl<S: StackSource> StackPool<S> {
    /// One stack, under the order's lock.
    pub(super) fn take_small(&self, order: Order) -> Result<NonNull<u8>, AllocError> {
        let mut cut = self.orders[order.get()].lock();
        cut.take(|| self.acquire_cut(order))
    }

    /// Stacks into the front of `out`, under one acquisition of the lock (Go `stackcacherefill`). How
    /// many: fewer than there is room for if memory runs out, but not none.
    pub(super) fn take_small_batch(
        &self,
        order: Order,
        out: &mut [NonNull<u8>],
    ) -> Result<usize, AllocError> {
        let mut cut = self.orders[order.get()].lock();
        for (index, place) in out.iter_mut().enumerate() {
            match cut.take(|| self.acquire_cut(order)) {
                Ok(stack) => *place = stack,
                Err(error) if index == 0 => return Err(error),
                Err(_) => return Ok(index),
            }
        }
        Ok(out.len())
    }

    /// A fresh span for an order. Its lock may be held: pool, then heap (Go's order).
    pub(super) fn acquire_cut(&self, order: Order) -> Result<SpanRef, AllocError> {
        let bytes = self.cache()?;
        self.budget.acquire(bytes)?;
        let pages = bytes.pages_down();
        match self.source.alloc_span(pages, ByteCount::new(PAGE_BYTES)) {
            Some(span) => Ok(self.reference(span)),
            None => {
                self.budget.give_back(bytes);
                Err(AllocError::OutOfMemory(order.bytes()))
            }
        }
    }

    /// One stack back, under the order's lock.
    pub(super) fn put_small(
        &self,
        order: Order,
        span: SpanRef,
        slot: usize,
    ) -> Result<(), FreeError> {
        let mut cut = self.orders[order.get()].lock();
        cut.put(span, slot)?;
        let kept = self.settings.get().spans;
        while let Some(span) = cut.pop_empty(kept)? {
            self.give_back_cut(span);
        }
        Ok(())
    }

    /// Stacks of a cache back, under one acquisition of the lock (Go `stackcacherelease`). The first
    /// error, if there is one; what it befell is lost, the rest is back.
    pub(super) fn put_small_batch(
        &self,
        order: Order,
        stacks: &[NonNull<u8>],
    ) -> Result<(), FreeError> {
        let mut cut = self.orders[order.get()].lock();
        let mut result = Ok(());
        for &low in stacks {
            let put = match self.find(low) {
                Some(found) => cut.put(found.span, found.slot),
                None => Err(FreeError::NotAStack(Addr::of(low.as_ptr()))),
            };
            result = result.and(put);
        }
        let kept = self.settings.get().spans;
        while let Some(span) = cut.pop_empty(kept)? {
            self.give_back_cut(span);
        }
        result
    }

    /// Gives wholly free spans of an order back until `kept` are left, at most `most` of them. How
    /// many bytes that was.
    pub(super) fn release_cut(
        &self,
        order: Order,
        kept: usize,
        most: usize,
    ) -> Result<ByteCount, FreeError> {
        let mut cut = self.orders[order.get()].lock();
        let mut released = 0;
        for _ in 0..most {
            let Some(span) = cut.pop_empty(kept)? else {
                break;
            };
            released += span.bytes();
            self.give_back_cut(span);
        }
        Ok(ByteCount::new(released))
    }

    /// A span that `pop_empty` took out goes to the heap.
    fn give_back_cut(&self, span: SpanRef) {
        debug_assert_eq!(Slots::of(&span).kind(), None, "disowned by `pop_empty`");
        let bytes = ByteCount::new(span.bytes());
        self.give_back_span(span);
        self.budget.give_back(bytes);
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
