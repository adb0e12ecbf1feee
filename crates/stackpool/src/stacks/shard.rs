//! A shard: the stacks that some threads have at hand.
//!
//! A thread comes back to the shard that it used last, and moves on when it finds it claimed. It is
//! claimed for a pop or a push; the pool is asked, by the batch, without it.
use crate::magazine::{Local, MOST, Magazine};
use core::ptr::NonNull;

/// What one shard holds.
///
/// # Invariants
///
/// * I1: `figures.live` is the number of stacks that went out here less the number of those that came back
///   here, which may be negative; 0 from the moment the shard is closed.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) magazine: Magazine,
    is_closed: bool,
    figures: ShardFigures,
    /// The figures at the last decay: it wants to know whether there were any calls.
    seen: ShardFigures,
}

/// What happened in a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShardFigures {
    pub(crate) live: isize,
    pub(crate) hits: u64,
    pub(crate) misses: u64,
}

impl ShardFigures {
    const NONE: Self = Self {
        live: 0,
        hits: 0,
        misses: 0,
    };
}

/// Whose count a stack is in from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// The shard's.
    Here,
    /// The orphans'.
    Orphan,
}

impl Shard {
    pub(crate) const fn new() -> Self {
        Self {
            magazine: Magazine::new(),
            is_closed: false,
            figures: ShardFigures::NONE,
            seen: ShardFigures::NONE,
        }
    }

    /// A stack out of the magazine, not counted as live yet.
    #[inline]
    pub(crate) fn pop(&mut self, local: Local) -> Option<NonNull<u8>> {
        let stack = self.magazine.pop(local);
        match stack {
            Some(_) => self.figures.hits += 1,
            None => self.figures.misses += 1,
        }
        stack
    }

    /// A stack had to be asked for without a look at the magazine.
    pub(crate) fn miss(&mut self) {
        self.figures.misses += 1;
    }

    /// A stack goes out.
    #[inline]
    pub(crate) fn count_out(&mut self) -> Counted {
        self.count(1)
    }

    /// A stack came back.
    #[inline]
    pub(crate) fn count_in(&mut self) -> Counted {
        self.count(-1)
    }

    fn count(&mut self, change: isize) -> Counted {
        if self.is_closed {
            return Counted::Orphan;
        }
        self.figures.live += change;
        Counted::Here
    }

    /// No handle is left. The count that moves to the orphans.
    pub(crate) fn close(&mut self) -> isize {
        self.is_closed = true;
        core::mem::take(&mut self.figures.live)
    }

    /// Has nobody been here since the last time that this was asked?
    pub(crate) fn is_idle(&mut self) -> bool {
        let is_idle = self.figures == self.seen;
        self.seen = self.figures;
        is_idle
    }

    pub(crate) fn figures(&self) -> ShardFigures {
        self.figures
    }
}

/// Stacks of one class on their way between a shard and the pool: at most as many as a magazine has
/// room for.
#[derive(Debug)]
pub(crate) struct Batch {
    stacks: [NonNull<u8>; MOST],
    len: usize,
}

impl Batch {
    pub(crate) const fn new() -> Self {
        Self {
            stacks: [NonNull::dangling(); MOST],
            len: 0,
        }
    }

    /// Copies stacks in, which are no longer in their magazine then.
    pub(crate) fn fill(&mut self, stacks: &[NonNull<u8>]) {
        let len = stacks.len().min(self.stacks.len());
        self.stacks[..len].copy_from_slice(&stacks[..len]);
        self.len = len;
    }

    /// Room for `most` stacks, at least one.
    pub(crate) fn room(&mut self, most: usize) -> &mut [NonNull<u8>] {
        let most = most.clamp(1, self.stacks.len());
        &mut self.stacks[..most]
    }

    /// After a call put `len` stacks into the room.
    pub(crate) fn set_len(&mut self, len: usize) {
        self.len = len.min(self.stacks.len());
    }

    pub(crate) fn pop(&mut self) -> Option<NonNull<u8>> {
        self.len = self.len.checked_sub(1)?;
        Some(self.stacks[self.len])
    }

    /// Puts back what [`Batch::pop`] has just taken.
    pub(crate) fn unpop(&mut self) {
        self.len += 1;
    }

    pub(crate) fn as_slice(&self) -> &[NonNull<u8>] {
        &self.stacks[..self.len]
    }
}
