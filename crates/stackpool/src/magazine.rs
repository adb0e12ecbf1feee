//! What a cache holds: per class an array of pointers, last in first out.
//!
//! Belongs to one cache, whose owner protects it. Go's `mcache.stackcache` links small stacks through
//! their memory and counts their bytes; here the stacks are not touched, and the smaller ones of the
//! large stacks have arrays, too.
//!
//! The arrays lie one behind the other. Order `k` has room for `MAX_SLOTS >> k` stacks: all orders
//! hold as many bytes. Stacks that are spans of their own are up to 64 KiB, 8 of each size.
//!
//! ```text
//!   0               16      24  28 30      38      46
//!   │ order 0       │ 1     │ 2 │3│ 32 KiB│ 64 KiB│ 4 KiB guarded │ … │ 64 KiB guarded │
//! ```
#![expect(unsafe_code, reason = "pointers that a cache owns")]
use crate::order::{MAX_SLOTS, Order};
use crate::shape::{Class, Guarding, Shape};
use core::ptr::NonNull;

/// Room for stacks of one size that are spans of their own.
const WHOLE_ROOM: usize = 8;
/// The sizes of plain ones that have an array: 32 and 64 KiB.
const PLAIN: core::ops::Range<usize> = 2..4;
/// The sizes of guarded ones that have: 4 to 64 KiB.
const GUARDED: core::ops::Range<usize> = 0..5;

/// How many classes have an array.
pub(crate) const LOCALS: usize = 4 + (PLAIN.end - PLAIN.start) + (GUARDED.end - GUARDED.start);

const PLACES: usize = 2 * MAX_SLOTS + (LOCALS - 4) * WHOLE_ROOM;

/// A class that has an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Local(usize);

impl Local {
    /// The array of a class, if it has one.
    #[inline]
    pub(crate) fn of(class: Class) -> Option<Self> {
        match class {
            Class::Small(order) => Some(Self(order.get())),
            Class::Whole(shape) => {
                let bucket = shape.bucket();
                let (range, first) = match shape.guarding {
                    Guarding::Plain => (PLAIN, 4),
                    Guarding::Guarded => (GUARDED, 4 + (PLAIN.end - PLAIN.start)),
                };
                range
                    .contains(&bucket)
                    .then(|| Self(first + bucket - range.start))
            }
        }
    }

    /// Every array and its class.
    pub(crate) fn all() -> impl Iterator<Item = (Self, Class)> {
        let small = Order::all().map(Class::Small);
        let whole = |guarding, range: core::ops::Range<usize>| {
            range.map(move |bucket| Class::Whole(Shape::of_bucket(guarding, bucket)))
        };
        small
            .chain(whole(Guarding::Plain, PLAIN))
            .chain(whole(Guarding::Guarded, GUARDED))
            .filter_map(|class| Some((Self::of(class)?, class)))
    }

    /// Where its places begin.
    const fn first(self) -> usize {
        if self.0 < 4 {
            2 * MAX_SLOTS - ((2 * MAX_SLOTS) >> self.0)
        } else {
            2 * MAX_SLOTS + (self.0 - 4) * WHOLE_ROOM
        }
    }

    /// How many places it has.
    pub(crate) const fn room(self) -> usize {
        if self.0 < 4 {
            MAX_SLOTS >> self.0
        } else {
            WHOLE_ROOM
        }
    }
}

/// The stacks that lie in one cache.
///
/// # Invariants
///
/// * I1: the first `len[k]` places of array k hold stacks of its class, which are in no pool and in
///   nobody's hands; `len[k]` is at most the room of the array.
#[derive(Debug)]
pub(crate) struct Magazine {
    stacks: [NonNull<u8>; PLACES],
    len: [u8; LOCALS],
}

// SAFETY: the stacks belong to the cache that holds them, and no thread has a part in them.
unsafe impl Send for Magazine {}

impl Magazine {
    pub(crate) const fn new() -> Self {
        Self {
            stacks: [NonNull::dangling(); PLACES],
            len: [0; LOCALS],
        }
    }

    #[inline]
    pub(crate) fn len(&self, local: Local) -> usize {
        usize::from(self.len[local.0])
    }

    #[inline]
    pub(crate) fn pop(&mut self, local: Local) -> Option<NonNull<u8>> {
        let len = self.len[local.0].checked_sub(1)?;
        self.len[local.0] = len;
        Some(self.stacks[local.first() + usize::from(len)])
    }

    /// Puts a stack in. If there is no room, it comes back.
    #[inline]
    pub(crate) fn push(&mut self, local: Local, stack: NonNull<u8>) -> Result<(), NonNull<u8>> {
        let len = self.len(local);
        if len >= local.room() {
            return Err(stack);
        }
        self.stacks[local.first() + len] = stack;
        self.len[local.0] += 1;
        Ok(())
    }

    /// Lets `take` fill up to `most` free places.
    pub(crate) fn refill<E>(
        &mut self,
        local: Local,
        most: usize,
        take: impl FnOnce(&mut [NonNull<u8>]) -> Result<usize, E>,
    ) -> Result<(), E> {
        let len = self.len(local);
        let room = (local.room() - len).min(most);
        let first = local.first() + len;
        let taken = take(&mut self.stacks[first..first + room])?.min(room);
        self.set_len(local, len + taken);
        Ok(())
    }

    /// Takes the stacks above the first `kept` out: those that came last, as Go does.
    pub(crate) fn release(&mut self, local: Local, kept: usize) -> &[NonNull<u8>] {
        let len = self.len(local);
        let kept = kept.min(len);
        self.set_len(local, kept);
        let first = local.first();
        &self.stacks[first + kept..first + len]
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most MAX_SLOTS, which is 64"
    )]
    fn set_len(&mut self, local: Local, len: usize) {
        self.len[local.0] = len as u8;
    }
}
