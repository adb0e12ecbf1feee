//! What happens to the stacks that nobody uses: decay, release, warming up, figures.
#![expect(unsafe_code, reason = "touches memory of stacks that nobody uses")]
use super::StackPool;
use crate::order::Order;
use crate::shape::{Class, Shape};
use crate::whole::Occupied;
use crate::{AllocError, FreeError, Guarding, Region, Retention, StackSource};
use arena::ByteCount;

const BOTH: [Guarding; 2] = [Guarding::Plain, Guarding::Guarded];

/// The figures of a pool at one moment; exact while nobody else uses it.
///
/// `held` is what the heap counts as stacks. `held - free` is in use or in caches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Bytes of all spans that the pool has from the heap.
    pub held: ByteCount,
    /// The limit of `held`.
    pub limit: ByteCount,
    /// Bytes of the stacks that lie in the pool.
    pub free: ByteCount,
    /// Spans that are cut into small stacks.
    pub cut_spans: usize,
    /// Those of them that are wholly free.
    pub empty_spans: usize,
    /// Free small stacks, per order.
    pub small: [usize; 4],
    /// Free large stacks, plain and guarded.
    pub large: [usize; 2],
    /// Guard pages in place.
    pub guards: usize,
    /// Those of them that split a mapping.
    pub protected: usize,
}

impl<S: StackSource> StackPool<S> {
    /// Changes what the pool keeps, from the next stack on that comes back.
    pub fn set_retention(&self, retention: Retention) {
        self.settings.set(retention);
    }

    /// What the pool keeps.
    pub fn retention(&self) -> Retention {
        self.settings.get()
    }

    /// From now on no more than `bytes` bytes of spans are held; what is held already stays.
    pub fn set_limit(&self, bytes: ByteCount) {
        self.budget.set_limit(bytes);
    }

    /// Makes guards by protection only, as on a system that can't install them.
    pub fn protect_only(&self) {
        self.guards.protect_only();
    }
}

impl<S: StackSource> StackPool<S> {
    /// Every span without a stack in use or in a cache goes back to the heap (Go `freeStackSpans`).
    /// How many bytes that was.
    ///
    /// # Errors
    ///
    /// [`FreeError::List`]: memory of ours was overwritten.
    pub fn free_stack_spans(&self) -> Result<ByteCount, FreeError> {
        let mut released = 0;
        for order in Order::all() {
            released += self.release_cut(order, 0, usize::MAX)?.get();
        }
        for guarding in BOTH {
            for bucket in self.occupied(guarding) {
                let shape = Shape::of_bucket(guarding, bucket);
                released += self.release_large(shape, usize::MAX)?.get();
            }
        }
        Ok(ByteCount::new(released))
    }

    /// Ends a period: of what lay here unused since the last call, half goes back to the heap and the
    /// rest is cooled, but what [`StackPool::warm`] asked for stays. How many bytes went.
    ///
    /// With a call a second, a pool that is no longer used is empty after log2 of its stacks seconds;
    /// one that is used keeps as many stacks as its highest demand of the last seconds needed.
    ///
    /// # Errors
    ///
    /// As [`StackPool::free_stack_spans`].
    pub fn decay(&self) -> Result<ByteCount, FreeError> {
        let mut released = 0;
        for order in Order::all() {
            let unused = self.orders[order.get()].lock().end_period();
            released += self.release_cut(order, 0, unused)?.get();
        }
        for guarding in BOTH {
            for bucket in self.occupied(guarding) {
                let shape = Shape::of_bucket(guarding, bucket);
                let surplus = self.buckets(guarding).lock().end_period(bucket);
                released += self.release_large(shape, surplus.give_back)?.get();
                self.cool_hot(shape, surplus.cool)?;
            }
        }
        Ok(ByteCount::new(released))
    }

    fn occupied(&self, guarding: Guarding) -> Occupied {
        self.buckets(guarding).lock().occupied()
    }

    /// Gives the oldest free stacks of a shape back, at most `most`, and of those that are here now
    /// each once: a stack whose guard can't be taken away comes back to the list.
    fn release_large(&self, shape: Shape, most: usize) -> Result<ByteCount, FreeError> {
        let (bucket, bytes) = (shape.bucket(), shape.bytes().get());
        let most = most.min(self.buckets(shape.guarding).lock().len(bucket));
        let mut released = 0;
        for _ in 0..most {
            let oldest = self
                .buckets(shape.guarding)
                .lock()
                .pop_oldest(bucket, bytes)?;
            let Some(span) = oldest else { break };
            released += self.unmake(span, shape)?.get();
        }
        Ok(ByteCount::new(released))
    }

    fn cool_hot(&self, shape: Shape, most: usize) -> Result<(), FreeError> {
        let (bucket, bytes) = (shape.bucket(), shape.bytes().get());
        for _ in 0..most {
            let oldest = self.buckets(shape.guarding).lock().pop_hot(bucket, bytes)?;
            let Some(span) = oldest else { break };
            self.cool(span, shape)?;
        }
        Ok(())
    }

    /// Has `stacks` free stacks of this size ready, their tops resident, and keeps as many through
    /// every decay from now on; 0 lets go.
    ///
    /// # Errors
    ///
    /// [`AllocError`]; what was made until then is in the pool.
    pub fn warm(
        &self,
        guarding: Guarding,
        bytes: ByteCount,
        stacks: usize,
    ) -> Result<(), AllocError> {
        match self.class(Shape::exact(guarding, bytes)?)? {
            Class::Small(order) => self.warm_small(order, stacks),
            Class::Whole(shape) => self.warm_large(shape, stacks),
        }
    }

    fn warm_small(&self, order: Order, stacks: usize) -> Result<(), AllocError> {
        let bytes = self.cache()?;
        let slots = bytes.get() / order.bytes().get();
        self.orders[order.get()]
            .lock()
            .set_floor(stacks.div_ceil(slots));
        while self.orders[order.get()].lock().free() < stacks {
            let span = self.acquire_cut(order)?;
            self.touch(Region::new(span.base(), ByteCount::ZERO, bytes), bytes);
            self.orders[order.get()].lock().add(span)?;
        }
        Ok(())
    }

    fn warm_large(&self, shape: Shape, stacks: usize) -> Result<(), AllocError> {
        let bucket = shape.bucket();
        let plan = self.plan(shape)?;
        let buckets = self.buckets(shape.guarding);
        buckets.lock().set_floor(bucket, stacks);
        while buckets.lock().len(bucket) < stacks {
            let span = self.make(shape, plan)?;
            self.touch(
                plan.extent.region(span.base()),
                self.settings.get().resident,
            );
            buckets.lock().push_cold(bucket, span)?;
        }
        Ok(())
    }

    /// Makes the `top` highest bytes of a stack resident by writing to each page.
    fn touch(&self, region: Region, top: ByteCount) {
        let page = self.source.os_page().get();
        let bytes = region.bytes().get();
        let mut offset = bytes.saturating_sub(top.get());
        while offset < bytes {
            // SAFETY: the offset lies in a stack of the pool, which nobody else has.
            let byte = unsafe { region.bottom().add(offset) };
            // SAFETY: as above; a volatile write is not optimised away.
            unsafe { byte.as_ptr().write_volatile(0) };
            offset = offset.saturating_add(page);
        }
    }

    /// The figures. Takes each lock in turn, for some loads each.
    pub fn stats(&self) -> PoolStats {
        let (guards, protected) = self.guards.counts();
        let mut stats = PoolStats {
            held: self.budget.held(),
            limit: self.budget.limit(),
            guards,
            protected,
            ..PoolStats::default()
        };
        let mut free = 0;
        for order in Order::all() {
            let cut = self.orders[order.get()].lock();
            stats.cut_spans += cut.held();
            stats.empty_spans += cut.empty();
            stats.small[order.get()] = cut.free();
            free += cut.free() * order.bytes().get();
        }
        for (index, guarding) in BOTH.into_iter().enumerate() {
            let buckets = self.buckets(guarding).lock();
            for bucket in buckets.occupied() {
                let stacks = buckets.len(bucket);
                let shape = Shape::of_bucket(guarding, bucket);
                stats.large[index] += stacks;
                free += stacks * self.bytes_held(shape).get();
            }
        }
        stats.free = ByteCount::new(free);
        stats
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
