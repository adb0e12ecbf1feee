//! What a cache holds: per class an array of pointers, last in first out.
//!
//! Belongs to one cache, whose owner protects it. Go's `mcache.stackcache` links small stacks through
//! their memory and counts their bytes; here the stacks are not touched, and not only small ones are
//! kept.
//!
//! The arrays lie one behind the other, by kind and size. Small order `k` has room for `MAX_SLOTS >> k`
//! stacks, so that all orders hold as many bytes; of larger and of guarded stacks up to 64 KiB there is
//! room for 512 KiB a size, but not for more than 32 stacks.
//!
//! ```text
//!   0               16      24  28 30      46      54
//!   │ 2 KiB         │ 4 KiB │ 8 │16│ 32 KiB│ 64 KiB│ 4 KiB guarded │ … │ 64 KiB guarded │
//! ```
#![expect(unsafe_code, reason = "pointers that a cache owns")]
use crate::order::{FIXED_STACK, MAX_SLOTS};
use crate::shape::{Guarding, MIN_GUARDED, Shape};
use core::ptr::NonNull;

/// The largest stack that has an array.
const LARGEST: usize = 64 << 10;
/// Plain sizes that have one.
const PLAIN: usize = (LARGEST / FIXED_STACK.get()).ilog2() as usize + 1;
/// Guarded sizes that have one.
const GUARDED: usize = (LARGEST / MIN_GUARDED.get()).ilog2() as usize + 1;
/// Room for stacks of one size that is not small, in bytes and in stacks.
const WHOLE_BYTES: usize = 512 << 10;
const WHOLE_ROOM: usize = 32;
/// Plain sizes that are small.
const SMALL: usize = MAX_SLOTS.ilog2() as usize;

/// How many sizes have an array.
pub(crate) const LOCALS: usize = PLAIN + GUARDED;

/// The room of an array.
const fn room_of(local: usize) -> usize {
    let bytes = if local < SMALL {
        return MAX_SLOTS >> local;
    } else if local < PLAIN {
        FIXED_STACK.get() << local
    } else {
        MIN_GUARDED.get() << (local - PLAIN)
    };
    if WHOLE_BYTES / bytes < WHOLE_ROOM {
        WHOLE_BYTES / bytes
    } else {
        WHOLE_ROOM
    }
}

/// The room of all arrays together.
const PLACES: usize = {
    let (mut local, mut places) = (0, 0);
    while local < LOCALS {
        places += room_of(local);
        local += 1;
    }
    places
};

/// The largest room.
pub(crate) const MOST: usize = if MAX_SLOTS > WHOLE_ROOM {
    MAX_SLOTS
} else {
    WHOLE_ROOM
};

/// First place and room of each array.
const PLACES_OF: [(u8, u8); LOCALS] = {
    let mut places = [(0, 0); LOCALS];
    let (mut local, mut first) = (0, 0);
    while local < LOCALS {
        let room = room_of(local);
        assert!(first + room <= PLACES && PLACES < 256);
        #[expect(clippy::cast_possible_truncation, reason = "asserted above")]
        {
            places[local] = (first as u8, room as u8);
        }
        first += room;
        local += 1;
    }
    places
};

/// A size that has an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Local(usize);

impl Local {
    /// The array of a shape, if it has one.
    #[inline]
    pub(crate) fn of(shape: Shape) -> Option<Self> {
        let rank = shape.rank();
        let (first, sizes) = match shape.guarding {
            Guarding::Plain => (0, PLAIN),
            Guarding::Guarded => (PLAIN, GUARDED),
        };
        (rank < sizes).then_some(Self(first + rank))
    }

    /// Every array and its shape.
    pub(crate) fn all() -> impl Iterator<Item = (Self, Shape)> {
        (0..LOCALS).map(|local| {
            let shape = match local.checked_sub(PLAIN) {
                None => Shape::of_rank(Guarding::Plain, local),
                Some(rank) => Shape::of_rank(Guarding::Guarded, rank),
            };
            (Self(local), shape)
        })
    }

    /// The number of the array.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) const fn get(self) -> usize {
        self.0
    }

    /// Where its places begin.
    #[inline]
    const fn first(self) -> usize {
        PLACES_OF[self.0].0 as usize
    }

    /// How many places it has.
    #[inline]
    pub(crate) const fn room(self) -> usize {
        PLACES_OF[self.0].1 as usize
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
