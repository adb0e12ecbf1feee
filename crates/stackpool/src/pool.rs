//! The pool: every stack that is in nobody's hands, and the way in and out.
//!
//! Shared by all threads. Each order has a lock of its own, the large stacks have one for the plain
//! and one for the guarded; what is left is atomics. The order of initialisation is Go's: the pool
//! can be made and [checked](StackPool::init) before the heap exists, and asks its source for the
//! first time when the first stack is wanted.
//!
//! After Go 1.14 `runtime/stack.go` (`stackinit`, `stackalloc`, `stackfree`).
#![expect(
    unsafe_code,
    reason = "takes memory back from callers who say that they own it"
)]
mod large;
mod retain;
mod small;

use crate::budget::Budget;
use crate::cut::Cut;
use crate::guard::Guards;
use crate::limits::{BUCKETS, modelled_const};
use crate::magazine::Local;
use crate::order::{Order, STACK_CACHE};
use crate::retention::Settings;
use crate::shape::{Class, Shape};
use crate::slots::{Kind, Slots};
use crate::whole::{self, Buckets};
use crate::{AllocError, FreeError, Guarding, InitError, Region, StackSource};
use arena::{Addr, ByteCount, PAGE_BYTES};
use core::fmt;
use core::ptr::NonNull;
use heap::{Span, SpanRef};
pub use retain::PoolStats;
use sync::atomic::{AtomicUsize, Ordering};
use sync::{CachePadded, Mutex, Rank};

/// A pool of stacks over the manual spans of a heap. What lies in it goes back to the heap when it is
/// dropped; stacks that are still in use stay the heap's loss.
///
/// | field | read and written by | under |
/// |---|---|---|
/// | `cache` | [`StackPool::init`] once, then read by all | Release, Acquire |
/// | `orders[k]` | whoever takes from or gives to order k | its lock |
/// | `large[g]` | whoever takes or gives large stacks | its lock |
/// | `guards`, `budget`, `settings` | anybody | atomics |
///
/// # Invariants
///
/// * I1: every span that the pool acquired and has not given back is cut or one stack as its header
///   says, and each of its stacks is in a list of the pool, in a cache, or a caller's.
/// * I2: `budget` holds the bytes of these spans.
pub struct StackPool<S: StackSource> {
    source: S,
    cache: AtomicUsize,
    orders: [CachePadded<Mutex<Cut>>; 4],
    large: [CachePadded<Mutex<Buckets>>; 2],
    guards: Guards,
    budget: Budget,
    settings: Settings,
}

impl<S: StackSource> StackPool<S> {
    modelled_const! {
        /// A pool that is not ready yet. Neither this nor [`StackPool::init`] asks the source for
        /// anything.
        pub const fn new(source: S) -> Self {
            Self {
                source,
                cache: AtomicUsize::new(0),
                orders: [order(0), order(1), order(2), order(3)],
                large: [large(PLAIN_LISTS), large(GUARDED_LISTS)],
                guards: Guards::new(),
                budget: Budget::new(),
                settings: Settings::new(),
            }
        }
    }

    /// Makes the pool ready (Go `stackinit`). Runs before the page-size checks and before the heap.
    ///
    /// # Errors
    ///
    /// [`InitError::CacheSize`] if a cache is not made of whole pages, [`InitError::CacheRange`] if
    /// it is too large or too small, [`InitError::Twice`].
    pub fn init(&self, config: PoolConfig) -> Result<(), InitError> {
        let cache = config.cache;
        if !cache.get().is_multiple_of(PAGE_BYTES) {
            return Err(InitError::CacheSize {
                cache,
                page: PAGE_BYTES,
            });
        }
        let least = ByteCount::new(PAGE_BYTES);
        if cache < least || cache > STACK_CACHE {
            return Err(InitError::CacheRange {
                cache,
                least,
                most: STACK_CACHE,
            });
        }
        // Release: pairs with the Acquire in `cache`.
        let swapped =
            self.cache
                .compare_exchange(0, cache.get(), Ordering::Release, Ordering::Relaxed);
        swapped.map(|_| ()).map_err(|_| InitError::Twice)
    }

    /// Where the spans come from.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// What a cache holds per order; `None` before [`StackPool::init`].
    pub(crate) fn cache(&self) -> Result<ByteCount, AllocError> {
        match self.cache.load(Ordering::Acquire) {
            0 => Err(AllocError::NotInitialized),
            bytes => Ok(ByteCount::new(bytes)),
        }
    }
}

/// List numbers: 1 to 4 are the orders', then come two a bucket.
const PLAIN_LISTS: u32 = 16;
const GUARDED_LISTS: u32 = 128;
const _: () = assert!(2 * BUCKETS <= (GUARDED_LISTS - PLAIN_LISTS) as usize);

modelled_const! {
    const fn order(index: u8) -> CachePadded<Mutex<Cut>> {
        let cut = Cut::new(Order::of_lock(index), whole::list(1 + index as u32));
        CachePadded::new(Mutex::new(Rank::StackPool, cut))
    }
}

modelled_const! {
    const fn large(first: u32) -> CachePadded<Mutex<Buckets>> {
        CachePadded::new(Mutex::new(Rank::StackLarge, Buckets::new(first)))
    }
}

/// What [`StackPool::init`] is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    /// What a cache holds per order, and the length of the spans that are cut: whole pages, at most
    /// and by default [`STACK_CACHE`].
    pub cache: ByteCount,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self { cache: STACK_CACHE }
    }
}

/// A stack of ours, found by its address.
pub(crate) struct Found {
    pub(crate) span: SpanRef,
    pub(crate) kind: Kind,
    pub(crate) slot: usize,
}

impl Found {
    /// Which pool serves it.
    pub(crate) fn class(&self) -> Class {
        match self.kind {
            Kind::Cut(order) => Class::Small(order),
            Kind::Whole { bucket, guard } => {
                let guarding = match guard {
                    None => Guarding::Plain,
                    Some(_) => Guarding::Guarded,
                };
                Class::Whole(Shape::of_bucket(guarding, bucket))
            }
        }
    }
}

impl<S: StackSource> StackPool<S> {
    /// A plain stack of `bytes` bytes, a power of two, from the pool (Go `stackalloc` without a
    /// cache). Its content is what its last user left.
    ///
    /// Takes one lock; asks the heap, under it or after it, if no stack is free.
    ///
    /// # Errors
    ///
    /// [`AllocError`]; nothing is lost.
    pub fn alloc(&self, bytes: ByteCount) -> Result<Region, AllocError> {
        self.alloc_shape(Shape::exact(Guarding::Plain, bytes)?)
    }

    /// A stack of `bytes` usable bytes, a power of two of at least 4 KiB, above a page that faults.
    /// There may be a little more than `bytes`.
    ///
    /// # Errors
    ///
    /// [`AllocError`]; nothing is lost.
    pub fn alloc_guarded(&self, bytes: ByteCount) -> Result<Region, AllocError> {
        self.alloc_shape(Shape::exact(Guarding::Guarded, bytes)?)
    }

    pub(crate) fn alloc_shape(&self, shape: Shape) -> Result<Region, AllocError> {
        let low = match self.class(shape)? {
            Class::Small(order) => self.take_small(order)?,
            Class::Whole(shape) => self.take_large(shape)?,
        };
        self.begin_use(low);
        self.region(shape, low)
    }

    /// Which of the pools serves a shape.
    pub(crate) fn class(&self, shape: Shape) -> Result<Class, AllocError> {
        Ok(shape.class(self.cache()?))
    }

    /// Stacks into the front of `out`, at least one; how many.
    pub(crate) fn take_batch(
        &self,
        shape: Shape,
        out: &mut [NonNull<u8>],
    ) -> Result<usize, AllocError> {
        match self.class(shape)? {
            Class::Small(order) => self.take_small_batch(order, out),
            Class::Whole(shape) => self.take_large_batch(shape, out),
        }
    }

    /// Stacks that were taken come back.
    pub(crate) fn put_batch(&self, shape: Shape, stacks: &[NonNull<u8>]) -> Result<(), FreeError> {
        match shape.class(self.cache().unwrap_or(STACK_CACHE)) {
            Class::Small(order) => self.put_small_batch(order, stacks),
            Class::Whole(shape) => self.put_large_batch(shape, stacks),
        }
    }

    /// The stack of a shape at `low`.
    pub(crate) fn region(&self, shape: Shape, low: NonNull<u8>) -> Result<Region, AllocError> {
        let extent = shape.extent(self.source.os_page());
        let extent = extent.ok_or(AllocError::OutOfMemory(shape.bytes()))?;
        Ok(extent.region(low))
    }

    /// Bytes of a stack of this shape, its guard included.
    pub(crate) fn bytes_held(&self, shape: Shape) -> ByteCount {
        match shape.extent(self.source.os_page()) {
            Some(extent) => extent.bytes(),
            None => shape.bytes(),
        }
    }

    /// How many stacks of a shape a cache holds at most: of small ones what the cache's size allows.
    pub(crate) fn room(&self, local: Local, shape: Shape) -> usize {
        let cache = self.cache.load(Ordering::Relaxed);
        match shape.class(ByteCount::new(cache)) {
            Class::Small(order) => local.room().min(cache / order.bytes().get()),
            Class::Whole(_) => local.room(),
        }
    }

    /// Notes that a caller has the stack.
    pub(crate) fn begin_use(&self, low: NonNull<u8>) {
        if let Some(found) = self.find(low) {
            let first = Slots::of(&found.span).begin_use(found.slot);
            debug_assert!(first, "a stack in the pool is nobody's");
        }
    }

    /// Takes a stack back into the pool (Go `stackfree` without a cache).
    ///
    /// # Errors
    ///
    /// [`FreeError`] if this is no stack of that shape, or is free already; nothing changes then.
    ///
    /// # Safety
    ///
    /// If the region is a stack that this pool handed out, nobody uses its memory any more.
    pub unsafe fn free(&self, region: Region) -> Result<(), FreeError> {
        let found = self.end_use(region)?;
        self.put(found)
    }

    /// A stack that is nobody's any more goes into the pool.
    pub(crate) fn put(&self, found: Found) -> Result<(), FreeError> {
        match found.class() {
            Class::Small(order) => self.put_small(order, found.span, found.slot),
            Class::Whole(shape) => self.put_large_batch(shape, &[found.span.base()]),
        }
    }

    /// Checks a stack that a caller gives up, and notes that it is his no more.
    pub(crate) fn end_use(&self, region: Region) -> Result<Found, FreeError> {
        let address = Addr::of(region.low().as_ptr());
        let found = self
            .find(region.low())
            .ok_or(FreeError::NotAStack(address))?;
        let slots = Slots::of(&found.span);
        let (_, offset) = slots.locate(address, found.kind);
        if offset != ByteCount::ZERO {
            let stack = Addr::new(address.get() - offset.get());
            return Err(FreeError::Interior { address, stack });
        }
        let actual = self.bytes_of(&found);
        let given = ByteCount::new(region.guard().get().wrapping_add(region.bytes().get()));
        if given != actual {
            return Err(FreeError::Size {
                address,
                given,
                actual,
            });
        }
        if !slots.end_use(found.slot) {
            return Err(FreeError::Twice(address));
        }
        Ok(found)
    }

    /// Guard and usable bytes of a stack.
    fn bytes_of(&self, found: &Found) -> ByteCount {
        match found.kind {
            Kind::Cut(order) => order.bytes(),
            Kind::Whole { .. } => ByteCount::new(found.span.bytes()),
        }
    }

    /// The stack of ours that contains an address.
    pub(crate) fn find(&self, low: NonNull<u8>) -> Option<Found> {
        let address = Addr::of(low.as_ptr());
        let span = self.source.span_of(address)?;
        let kind = Slots::of(span).kind()?;
        let (slot, _) = Slots::of(span).locate(address, kind);
        let span = self.reference(span);
        Some(Found { span, kind, slot })
    }

    /// A span of the source's, for the lists.
    fn reference(&self, span: &Span) -> SpanRef {
        // SAFETY: headers stay as long as the source (`StackSource`), which the pool owns; the pool
        // hands out no `SpanRef`.
        unsafe { SpanRef::new(NonNull::from(span)) }
    }

    /// A span of ours goes back to the heap.
    fn give_back_span(&self, span: SpanRef) {
        // SAFETY: the span came from this source, it is in no list, and nobody has a stack of it.
        let taken = unsafe { self.source.free_span(&span) };
        debug_assert!(taken, "the heap takes back what it gave");
    }

    /// The invariants of every list, and I2.
    #[cfg(any(test, feature = "ops"))]
    pub(crate) fn check_invariants(&self) {
        for order in &self.orders {
            order.lock().check_invariants();
        }
        for guarding in [Guarding::Plain, Guarding::Guarded] {
            let bytes_of = |bucket| Shape::of_bucket(guarding, bucket).bytes().get();
            self.buckets(guarding).lock().check_invariants(bytes_of);
        }
    }
}

impl<S: StackSource> Drop for StackPool<S> {
    fn drop(&mut self) {
        // A broken list was reported by whoever met it first, or is nobody's business any more.
        let _ = self.free_stack_spans();
    }
}

impl<S: StackSource> fmt::Debug for StackPool<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackPool")
            .field("cache", &self.cache)
            .field("budget", &self.budget)
            .field("guards", &self.guards)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
