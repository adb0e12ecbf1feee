//! Large stacks, in and out: made, guarded, cooled, and given back.
//!
//! No lock is held while the heap or the system is called: a stack that is in no list belongs to
//! whoever took it out.
#![expect(
    unsafe_code,
    reason = "guards and gives back memory of stacks that nobody uses"
)]
use super::StackPool;
use crate::magazine::MOST;
use crate::shape::{Plan, Shape};
use crate::slots::{Kind, Slots};
use crate::whole::Buckets;
use crate::{AllocError, FreeError, GuardError, Guarding, Region, StackSource};
use arena::{Addr, ByteCount, GuardMethod};
use core::ptr::NonNull;
use heap::SpanRef;
use sync::{CachePadded, Mutex};

impl<S: StackSource> StackPool<S> {
    pub(super) fn buckets(&self, guarding: Guarding) -> &CachePadded<Mutex<Buckets>> {
        match guarding {
            Guarding::Plain => &self.large[0],
            Guarding::Guarded => &self.large[1],
        }
    }

    /// A free stack of this shape, or a new one.
    pub(super) fn take_large(&self, shape: Shape) -> Result<NonNull<u8>, AllocError> {
        let free = self
            .buckets(shape.guarding)
            .lock()
            .pop(shape.bucket(), shape.bytes().get())?;
        let span = match free {
            Some(span) => span,
            None => self.make(shape, self.plan(shape)?)?,
        };
        Ok(span.base())
    }

    /// Stacks into the front of `out`: the free ones under one acquisition of the lock, or one new
    /// one.
    pub(super) fn take_large_batch(
        &self,
        shape: Shape,
        out: &mut [NonNull<u8>],
    ) -> Result<usize, AllocError> {
        let mut buckets = self.buckets(shape.guarding).lock();
        let mut taken = 0;
        for place in out.iter_mut() {
            match buckets.pop(shape.bucket(), shape.bytes().get())? {
                Some(span) => *place = span.base(),
                None => break,
            }
            taken += 1;
        }
        drop(buckets);
        match out.first_mut() {
            Some(place) if taken == 0 => {
                *place = self.make(shape, self.plan(shape)?)?.base();
                Ok(1)
            }
            _ => Ok(taken),
        }
    }

    /// Stacks that nobody uses go into their bucket, under one acquisition of the lock; those for which
    /// it has no room go to the heap, those for which it has no heat are cooled. The first error, if
    /// there is one; what it befell is lost, the rest is back.
    pub(super) fn put_large_batch(
        &self,
        shape: Shape,
        stacks: &[NonNull<u8>],
    ) -> Result<(), FreeError> {
        let mut result = Ok(());
        for chunk in stacks.chunks(MOST) {
            result = result.and(self.put_large_chunk(shape, chunk));
        }
        result
    }

    fn put_large_chunk(&self, shape: Shape, stacks: &[NonNull<u8>]) -> Result<(), FreeError> {
        let settings = self.settings.get();
        let (bucket, bytes) = (shape.bucket(), shape.bytes().get());
        let mut result = Ok(());
        let mut spans = [const { None }; MOST];
        for (place, &low) in spans.iter_mut().zip(stacks) {
            *place = self.find(low).map(|found| found.span);
            if place.is_none() {
                result = Err(FreeError::NotAStack(Addr::of(low.as_ptr())));
            }
        }
        let mut cool = [const { None }; MOST];
        let mut buckets = self.buckets(shape.guarding).lock();
        for (place, oldest) in spans.iter_mut().zip(&mut cool) {
            if buckets.len(bucket) >= settings.stacks {
                break;
            }
            let Some(span) = place.take() else { continue };
            match buckets.push(bucket, bytes, span, settings.hot.get()) {
                Ok(hottest) => *oldest = hottest,
                Err(error) => result = result.and(Err(error.into())),
            }
        }
        drop(buckets);
        for span in spans.into_iter().flatten() {
            result = result.and(self.unmake(span, shape).map(|_| ()));
        }
        for span in cool.into_iter().flatten() {
            result = result.and(self.cool(span, shape));
        }
        result
    }

    pub(super) fn plan(&self, shape: Shape) -> Result<Plan, AllocError> {
        let plan = shape.plan(self.source.os_page());
        plan.ok_or(AllocError::OutOfMemory(shape.bytes()))
    }

    /// A new stack from the heap, with its guard.
    pub(super) fn make(&self, shape: Shape, plan: Plan) -> Result<SpanRef, AllocError> {
        let bytes = plan.extent.bytes();
        self.budget.acquire(bytes)?;
        let Some(span) = self.source.alloc_span(plan.pages, plan.align) else {
            self.budget.give_back(bytes);
            return Err(AllocError::OutOfMemory(shape.bytes()));
        };
        let span = self.reference(span);
        let guard = match shape.guarding {
            Guarding::Plain => Ok(None),
            Guarding::Guarded => self.guard(span, plan.extent.guard).map(Some),
        };
        match guard {
            Ok(guard) => {
                let bucket = shape.bucket();
                Slots::of(&span).adopt(Kind::Whole { bucket, guard });
                Ok(span)
            }
            Err(error) => {
                self.give_back_span(span);
                self.budget.give_back(bytes);
                Err(error.into())
            }
        }
    }

    fn guard(&self, span: SpanRef, bytes: ByteCount) -> Result<GuardMethod, GuardError> {
        // SAFETY: the span has just come from the heap, its base is aligned to a system page, and its
        // first one is not used for anything else.
        unsafe { self.guards.guard(&self.source, span.base(), bytes) }
    }

    /// Gives the memory of a stack that is in no list back to the system, except for its top, and
    /// puts it among the cold ones.
    pub(super) fn cool(&self, span: SpanRef, shape: Shape) -> Result<(), FreeError> {
        if let Some(extent) = shape.extent(self.source.os_page()) {
            self.discard(extent.region(span.base()), self.settings.get().resident);
        }
        let mut buckets = self.buckets(shape.guarding).lock();
        Ok(buckets.push_cold(shape.bucket(), span)?)
    }

    /// Gives the memory of a stack that nobody uses back to the system, except for `kept` bytes at its
    /// top. `true` if what was given back reads as zero.
    fn discard(&self, region: Region, kept: ByteCount) -> bool {
        let (from, bytes) = self.below(region, kept);
        if bytes.is_zero() {
            return true;
        }
        // SAFETY: whole system pages between the bottom and the top of a stack that nobody uses.
        unsafe { self.source.discard(from, bytes) }
    }

    /// The whole system pages of a stack below its `kept` highest bytes.
    fn below(&self, region: Region, kept: ByteCount) -> (NonNull<u8>, ByteCount) {
        let page = self.source.os_page().get();
        let bottom = region.bottom();
        let skipped = bottom.addr().get().wrapping_neg() & (page - 1);
        let below = region.bytes().get().saturating_sub(kept.get());
        let bytes = below.saturating_sub(skipped) & !(page - 1);
        // SAFETY: an offset below the length of the stack, if there is such a page at all.
        let from = unsafe { bottom.add(if bytes == 0 { 0 } else { skipped }) };
        (from, ByteCount::new(bytes))
    }

    /// Makes every byte of a stack zero: by giving back what lies below its top, and by writing.
    ///
    /// # Safety
    ///
    /// The caller has the stack and nobody uses its memory.
    #[cfg_attr(
        not(feature = "std"),
        expect(dead_code, reason = "of use to owned stacks only")
    )]
    pub(crate) unsafe fn clear(&self, region: Region) {
        let (from, bytes) = self.below(region, self.settings.get().resident);
        let is_zero = self.discard(region, self.settings.get().resident);
        let (head, tail) = if is_zero && !bytes.is_zero() {
            let head = from.addr().get() - region.bottom().addr().get();
            (head, region.bytes().get() - head - bytes.get())
        } else {
            (region.bytes().get(), 0)
        };
        // SAFETY: the caller's stack, from its bottom to the first page that was given back, or whole.
        unsafe { region.bottom().write_bytes(0, head) };
        // SAFETY: `tail` is at most the length of the stack.
        let rest = unsafe { region.top().sub(tail) };
        // SAFETY: the caller's stack, from the last page that was given back to its top.
        unsafe { rest.write_bytes(0, tail) };
    }

    /// Gives a stack that is in no list back to the heap, without its guard. How many bytes that was:
    /// none if the system does not let the guard go; the stack is among the cold ones then.
    pub(super) fn unmake(&self, span: SpanRef, shape: Shape) -> Result<ByteCount, FreeError> {
        let slots = Slots::of(&span);
        let extent = shape.extent(self.source.os_page());
        if let Some(Kind::Whole {
            guard: Some(method),
            ..
        }) = slots.kind()
            && let Some(extent) = extent
            && self.unguard(span.base(), extent.guard, method).is_err()
        {
            let mut buckets = self.buckets(shape.guarding).lock();
            buckets.push_cold(shape.bucket(), span)?;
            return Ok(ByteCount::ZERO);
        }
        slots.disown();
        let bytes = ByteCount::new(span.bytes());
        self.give_back_span(span);
        self.budget.give_back(bytes);
        Ok(bytes)
    }

    fn unguard(
        &self,
        base: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), GuardError> {
        // SAFETY: `guard` made this guard by this method, as the header says.
        unsafe { self.guards.unguard(&self.source, base, bytes, method) }
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
