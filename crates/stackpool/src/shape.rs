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
use crate::limits::BUCKETS;
use crate::order::{FIXED_STACK, Order};
use crate::{AllocError, Region};
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
const FIXED_LOG2: u32 = FIXED_STACK.get().ilog2();

/// Size and kind of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) guarding: Guarding,
    /// log2 of the usable bytes.
    log2: u32,
}

/// Which pool serves a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// An order's, out of a span that is cut.
    Small(Order),
    /// A bucket's: a span of its own.
    Whole(Shape),
}

/// Where a stack lies, from the lowest address of the guard on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) guard: ByteCount,
    pub(crate) usable: ByteCount,
}

/// The span of a stack that is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) pages: PageCount,
    pub(crate) align: ByteCount,
    pub(crate) extent: Extent,
}

/// The size that a request for at least `bytes` bytes is served by: the next power of two, and no less
/// than the smallest stack.
///
/// # Errors
///
/// [`AllocError::Size`] if there is no such power.
pub fn stack_size(guarding: Guarding, bytes: ByteCount) -> Result<ByteCount, AllocError> {
    Ok(Shape::at_least(guarding, bytes)?.bytes())
}

impl Extent {
    /// The stack at `low`.
    #[inline]
    pub(crate) fn region(self, low: NonNull<u8>) -> Region {
        Region::new(low, self.guard, self.usable)
    }

    /// Guard and usable bytes.
    pub(crate) fn bytes(self) -> ByteCount {
        ByteCount::new(self.guard.get() + self.usable.get())
    }
}

impl Class {
    pub(crate) fn shape(self) -> Shape {
        match self {
            Self::Small(order) => Shape {
                guarding: Guarding::Plain,
                log2: order.bytes().get().ilog2(),
            },
            Self::Whole(shape) => shape,
        }
    }
}

impl Shape {
    /// Exactly `bytes` bytes, a power of two (Go `stackalloc`).
    pub(crate) fn exact(guarding: Guarding, bytes: ByteCount) -> Result<Self, AllocError> {
        if !bytes.get().is_power_of_two() {
            return Err(AllocError::NotAPowerOfTwo(bytes));
        }
        if bytes < Self::least(guarding) {
            return Err(Self::refused(guarding, bytes));
        }
        Self::at_least(guarding, bytes)
    }

    /// The smallest shape with at least `bytes` bytes.
    #[inline]
    pub(crate) fn at_least(guarding: Guarding, bytes: ByteCount) -> Result<Self, AllocError> {
        let bytes = bytes.max(Self::least(guarding));
        // Rounded up: 1 more than log2 of the last byte's offset.
        let log2 = (bytes.get() - 1).ilog2() + 1;
        let shape = Self { guarding, log2 };
        if shape.bucket() < BUCKETS {
            Ok(shape)
        } else {
            Err(Self::refused(guarding, bytes))
        }
    }

    #[inline]
    const fn least(guarding: Guarding) -> ByteCount {
        match guarding {
            Guarding::Plain => FIXED_STACK,
            Guarding::Guarded => MIN_GUARDED,
        }
    }

    #[cold]
    fn refused(guarding: Guarding, bytes: ByteCount) -> AllocError {
        AllocError::Size {
            bytes,
            least: Self::least(guarding),
            most: Self::of_bucket(guarding, BUCKETS - 1).bytes(),
        }
    }

    /// Which pool serves it. `cache` is what a cache holds: that size and what is above are not small.
    pub(crate) fn class(self, cache: ByteCount) -> Class {
        match Order::of(self.bytes()) {
            Some(order) if self.guarding == Guarding::Plain && self.bytes() < cache => {
                Class::Small(order)
            }
            _ => Class::Whole(self),
        }
    }

    /// How many sizes smaller there are of its kind.
    #[inline]
    pub(crate) fn rank(self) -> usize {
        let least = match self.guarding {
            Guarding::Plain => FIXED_LOG2,
            Guarding::Guarded => MIN_GUARDED_LOG2,
        };
        (self.log2 - least) as usize
    }

    /// The inverse of [`Shape::rank`].
    #[expect(clippy::cast_possible_truncation, reason = "ranks are below 64")]
    pub(crate) fn of_rank(guarding: Guarding, rank: usize) -> Self {
        let least = match guarding {
            Guarding::Plain => FIXED_LOG2,
            Guarding::Guarded => MIN_GUARDED_LOG2,
        };
        let log2 = least + rank as u32;
        Self { guarding, log2 }
    }

    /// The bucket of plain stacks is log2 of their pages (Go `stacklog2`); guarded ones begin at half
    /// a page. Sizes are powers of two, so a bucket holds one size and every stack in it fits.
    #[inline]
    pub(crate) fn bucket(self) -> usize {
        let least = Self::least_bucket(self.guarding);
        self.log2.saturating_sub(least) as usize
    }

    /// The shape of this bucket, the inverse of [`Shape::bucket`].
    #[expect(clippy::cast_possible_truncation, reason = "buckets are below BUCKETS")]
    pub(crate) fn of_bucket(guarding: Guarding, bucket: usize) -> Self {
        let log2 = bucket as u32 + Self::least_bucket(guarding);
        Self { guarding, log2 }
    }

    #[inline]
    const fn least_bucket(guarding: Guarding) -> u32 {
        match guarding {
            Guarding::Plain => PAGE_SHIFT,
            Guarding::Guarded => MIN_GUARDED_LOG2,
        }
    }

    #[inline]
    pub(crate) fn bytes(self) -> ByteCount {
        ByteCount::new(1 << self.log2)
    }

    /// What of it is guard and what is usable, with system pages of `os_page` bytes: the guard is one
    /// of them, and what rounding up to heap pages leaves over is usable. `None`: more than there are
    /// addresses.
    pub(crate) fn extent(self, os_page: ByteCount) -> Option<Extent> {
        if self.guarding == Guarding::Plain {
            return Some(Extent {
                guard: ByteCount::ZERO,
                usable: self.bytes(),
            });
        }
        let pages = self.bytes().checked_add(os_page)?.pages_up();
        Some(Extent {
            guard: os_page,
            usable: pages.bytes()?.checked_sub(os_page)?,
        })
    }

    /// The span that it takes as a span of its own. `None`: more than there are addresses.
    pub(crate) fn plan(self, os_page: ByteCount) -> Option<Plan> {
        let extent = self.extent(os_page)?;
        let align = match self.guarding {
            Guarding::Plain => ByteCount::new(PAGE_BYTES),
            Guarding::Guarded => os_page.max(ByteCount::new(PAGE_BYTES)),
        };
        Some(Plan {
            pages: extent.bytes().pages_up(),
            align,
            extent,
        })
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
