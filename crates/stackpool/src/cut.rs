//! The pool of one order: spans of 32 KiB, cut into stacks of one size.
//!
//! One per order, each under a lock of its own, which is held while the heap is asked for a span
//! (ranks: stack pool, then heap). After Go 1.14 `stackpoolalloc` and `stackpoolfree`; Go gives a
//! span back with its last stack unless the collector is marking, here some are kept.
#![expect(unsafe_code, reason = "the address of a stack in its span")]
use crate::order::Order;
use crate::slots::{Kind, Slots};
use crate::{AllocError, FreeError};
use arena::Addr;
use core::ptr::NonNull;
use heap::{ListError, ListId, SpanList, SpanRef};

/// The stacks of one order that lie in no cache and in nobody's hands.
///
/// # Invariants
///
/// * I1: `spans` holds exactly the spans of this order with a free stack; the `empty` ones that are
///   wholly free are the last of the list.
/// * I2: `free` is the number of set bits of their `FREE` words.
/// * I3: `held` counts the spans of this order, listed or not; `low` is the smallest value that
///   `empty` had since the last decay.
#[derive(Debug)]
pub(crate) struct Cut {
    order: Order,
    spans: SpanList,
    held: usize,
    free: usize,
    empty: usize,
    low: usize,
    /// Wholly free spans that decay leaves here, by request.
    floor: usize,
}

impl Cut {
    pub(crate) const fn new(order: Order, list: ListId) -> Self {
        Self {
            order,
            spans: SpanList::new(list),
            held: 0,
            free: 0,
            empty: 0,
            low: 0,
            floor: 0,
        }
    }

    const fn kind(&self) -> Kind {
        Kind::Cut(self.order)
    }

    /// Takes a stack, cutting the span that `fresh` brings if there is none.
    pub(crate) fn take(
        &mut self,
        fresh: impl FnOnce() -> Result<SpanRef, AllocError>,
    ) -> Result<NonNull<u8>, AllocError> {
        let span = match self.spans.first() {
            Some(span) => span,
            None => self.add(fresh()?)?,
        };
        let slots = Slots::of(&span);
        let was_empty = slots.is_wholly_free(self.kind());
        // I1: a listed span has a free stack.
        let slot = slots
            .take()
            .ok_or(AllocError::OutOfMemory(self.order.bytes()))?;
        if slots.free() == 0 {
            self.spans.remove(span)?;
        }
        self.free -= 1;
        if was_empty {
            self.empty -= 1;
            self.low = self.low.min(self.empty);
        }
        // SAFETY: the slot lies in the span, whose memory is one allocation.
        Ok(unsafe { span.base().add(slot * self.order.bytes().get()) })
    }

    /// Lists a fresh span.
    pub(crate) fn add(&mut self, span: SpanRef) -> Result<SpanRef, ListError> {
        self.spans.insert_back(span)?;
        let slots = Slots::of(&span);
        slots.adopt(self.kind());
        self.held += 1;
        self.free += slots.free();
        self.empty += 1;
        Ok(span)
    }

    /// Puts the stack in slot `slot` of `span` back. The span is one of this order's.
    pub(crate) fn put(&mut self, span: SpanRef, slot: usize) -> Result<(), FreeError> {
        let slots = Slots::of(&span);
        let before = slots.free();
        if !slots.put(slot) {
            let offset = slot * self.order.bytes().get();
            return Err(FreeError::Twice(Addr::new(span.addr().get() + offset)));
        }
        self.free += 1;
        if slots.is_wholly_free(self.kind()) {
            if before > 0 {
                self.spans.remove(span)?;
            }
            self.spans.insert_back(span)?;
            self.empty += 1;
        } else if before == 0 {
            self.spans.insert(span)?;
        }
        Ok(())
    }

    /// Takes a wholly free span out, for the heap, if more than `kept` are there.
    pub(crate) fn pop_empty(&mut self, kept: usize) -> Result<Option<SpanRef>, ListError> {
        if self.empty <= kept {
            return Ok(None);
        }
        let Some(span) = self.spans.last() else {
            return Ok(None);
        };
        self.spans.remove(span)?;
        let slots = Slots::of(&span);
        self.held -= 1;
        self.free -= slots.free();
        self.empty -= 1;
        self.low = self.low.min(self.empty);
        slots.disown();
        Ok(Some(span))
    }

    /// How many spans decay has to give back: half of those that nobody needed since it was here
    /// last, but never the floor. Begins the next period.
    pub(crate) fn end_period(&mut self) -> usize {
        let unused = self.low.saturating_sub(self.floor).div_ceil(2);
        self.low = self.empty;
        unused
    }

    /// The wholly free spans that decay leaves here from now on.
    pub(crate) fn set_floor(&mut self, floor: usize) {
        self.floor = floor;
    }

    /// Spans of this order, listed or not.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Stacks that lie here.
    pub(crate) fn free(&self) -> usize {
        self.free
    }

    /// Wholly free spans.
    pub(crate) fn empty(&self) -> usize {
        self.empty
    }

    /// I1 and I2, and what the header words say.
    #[cfg(any(test, feature = "ops"))]
    pub(crate) fn check_invariants(&self) {
        let (mut free, mut empty) = (0, 0);
        for span in &self.spans {
            let slots = Slots::of(&span);
            assert_eq!(slots.kind(), Some(self.kind()), "a span of this order");
            assert!(slots.free() > 0, "a listed span has a free stack");
            let is_empty = slots.is_wholly_free(self.kind());
            assert!(is_empty || empty == 0, "wholly free spans are the last");
            empty += usize::from(is_empty);
            free += slots.free();
        }
        assert_eq!(
            (free, empty),
            (self.free, self.empty),
            "counts of order {:?}",
            self.order
        );
        assert!(self.low <= self.empty && self.spans.len() <= self.held);
    }
}
