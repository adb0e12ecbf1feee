//! What a stack of some size looks like: which pool serves it, and where its guard lies.
//!
//! Arithmetic on values; nobody shares them.
//!
//! ```text
//!   small (order)                    large, plain           large, guarded
//!   ┌────┬────┬──╌╌──┬────┐          ┌──────────────┐       ┌─────┬──────────────┐
//!   │  0 │  1 │      │ 15 │          │ usable       │       │guard│ usable       │
//!   └────┴────┴──╌╌──┴────┘          └──────────────┘       └─────┴──────────────┘
//!   one span of 32 KiB               one span               one span
//!   low addresses left; a stack begins to be used at its high end
//! ```
use crate::AllocError;
use crate::limits::BUCKETS;
use crate::order::{FIXED_STACK, Order};
use arena::{ByteCount, PAGE_BYTES, PAGE_SHIFT, PageCount};
use core::ptr::NonNull;

/// Does a stack end in a page that faults?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guarding {
    /// An overflow runs into whatever lies below: for callers who check stack bounds themselves, as
    /// Go's compiler does.
    Plain,
    /// The page below the stack faults.
    Guarded,
}

/// The smallest guarded stack: what coroutine libraries ask for at least.
pub const MIN_GUARDED: ByteCount = ByteCount::kib(4);
const MIN_GUARDED_LOG2: u32 = MIN_GUARDED.get().ilog2();

/// A stack: where it lies and what may be used of it.
///
/// Only a description: whoever holds the stack may use the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    low: NonNull<u8>,
    guard: ByteCount,
    bytes: ByteCount,
}

impl Region {
    /// The stack at `low` with `guard` bytes of guard and then `bytes` usable ones.
    #[must_use]
    pub const fn new(low: NonNull<u8>, guard: ByteCount, bytes: ByteCount) -> Self {
        Self { low, guard, bytes }
    }

    /// The lowest address, which is the guard's if there is one.
    #[inline]
    #[must_use]
    pub const fn low(&self) -> NonNull<u8> {
        self.low
    }

    /// The lowest address that may be used.
    #[inline]
    #[must_use]
    pub fn bottom(&self) -> NonNull<u8> {
        self.at(self.guard)
    }

    /// The address behind the highest that may be used: where a stack begins.
    #[inline]
    #[must_use]
    pub fn top(&self) -> NonNull<u8> {
        self.at(ByteCount::new(
            self.guard.get().wrapping_add(self.bytes.get()),
        ))
    }

    fn at(&self, offset: ByteCount) -> NonNull<u8> {
        let pointer = self.low.as_ptr().wrapping_add(offset.get());
        NonNull::new(pointer).unwrap_or(self.low)
    }

    /// The length of the guard; 0 if there is none.
    #[inline]
    #[must_use]
    pub const fn guard(&self) -> ByteCount {
        self.guard
    }

    /// How much may be used.
    #[inline]
    #[must_use]
    pub const fn bytes(&self) -> ByteCount {
        self.bytes
    }
}

/// Which pool serves a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// An order's, out of a span that is cut.
    Small(Order),
    /// A bucket's: a span of its own.
    Whole(Shape),
}

/// A stack that is a span of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) guarding: Guarding,
    /// log2 of the usable bytes.
    log2: u32,
}

/// The span of a [`Shape`] on a system with pages of some size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) pages: PageCount,
    pub(crate) align: ByteCount,
    pub(crate) guard: ByteCount,
    pub(crate) usable: ByteCount,
}

/// The size that a request for at least `bytes` bytes is served by: the next power of two, and no less
/// than the smallest stack.
///
/// # Errors
///
/// [`AllocError::Size`] if there is no such power.
pub fn stack_size(guarding: Guarding, bytes: ByteCount) -> Result<ByteCount, AllocError> {
    let least = Class::least(guarding);
    match bytes.max(least).get().checked_next_power_of_two() {
        Some(bytes) => Ok(ByteCount::new(bytes)),
        None => Err(Class::refused(guarding, bytes)),
    }
}

impl Plan {
    /// The stack in a span at `base`.
    pub(crate) fn region(self, base: NonNull<u8>) -> Region {
        Region::new(base, self.guard, self.usable)
    }

    /// The length of the span.
    pub(crate) fn bytes(self) -> ByteCount {
        ByteCount::new(self.guard.get() + self.usable.get())
    }
}

impl Class {
    const fn least(guarding: Guarding) -> ByteCount {
        match guarding {
            Guarding::Plain => FIXED_STACK,
            Guarding::Guarded => MIN_GUARDED,
        }
    }

    fn refused(guarding: Guarding, bytes: ByteCount) -> AllocError {
        AllocError::Size {
            bytes,
            least: Self::least(guarding),
            most: Shape::of_bucket(guarding, BUCKETS - 1).bytes(),
        }
    }

    /// The class of a stack of exactly `bytes` bytes, a power of two (Go `stackalloc`). `cache` is
    /// what a cache holds: its size and what is above are no small stacks.
    pub(crate) fn of(
        guarding: Guarding,
        bytes: ByteCount,
        cache: ByteCount,
    ) -> Result<Self, AllocError> {
        if !bytes.get().is_power_of_two() {
            return Err(AllocError::NotAPowerOfTwo(bytes));
        }
        let log2 = bytes.get().ilog2();
        let shape = Shape { guarding, log2 };
        if bytes < Self::least(guarding) || shape.bucket() >= BUCKETS {
            return Err(Self::refused(guarding, bytes));
        }
        match Order::of(bytes) {
            Some(order) if guarding == Guarding::Plain && bytes < cache => Ok(Self::Small(order)),
            _ => Ok(Self::Whole(shape)),
        }
    }
}

impl Shape {
    /// The shape of this bucket, the inverse of [`Shape::bucket`].
    pub(crate) fn of_bucket(guarding: Guarding, bucket: usize) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "below BUCKETS, which is 35"
        )]
        let log2 = bucket as u32 + Self::least_log2(guarding);
        Self { guarding, log2 }
    }

    fn least_log2(guarding: Guarding) -> u32 {
        match guarding {
            Guarding::Plain => PAGE_SHIFT,
            Guarding::Guarded => MIN_GUARDED_LOG2,
        }
    }

    /// The bucket of plain stacks is log2 of their pages (Go `stacklog2`); guarded ones begin at half
    /// a page. Sizes are powers of two, so a bucket holds one size and every stack in it fits.
    pub(crate) fn bucket(self) -> usize {
        (self.log2.saturating_sub(Self::least_log2(self.guarding))) as usize
    }

    pub(crate) fn bytes(self) -> ByteCount {
        ByteCount::new(1 << self.log2)
    }

    /// What it takes with system pages of `os_page` bytes. The guard is one system page; what rounding
    /// up to heap pages leaves over is usable, too. `None`: more than there are addresses.
    pub(crate) fn plan(self, os_page: ByteCount) -> Option<Plan> {
        let guard = match self.guarding {
            Guarding::Plain => ByteCount::ZERO,
            Guarding::Guarded => os_page,
        };
        let pages = self.bytes().checked_add(guard)?.pages_up();
        let align = match self.guarding {
            Guarding::Plain => ByteCount::new(PAGE_BYTES),
            Guarding::Guarded => os_page.max(ByteCount::new(PAGE_BYTES)),
        };
        Some(Plan {
            pages,
            align,
            guard,
            usable: pages.bytes()?.checked_sub(guard)?,
        })
    }
}
