//! Where to ask the operating system for address space: a short last-in-first-out list.
//!
//! Belongs to a layout and is protected by its lock. After Go 1.11 `arenaHint`; the array replaces
//! Go's linked records, because a list never has more than its first hints or two later ones.
use crate::{Addr, ByteCount};

mod policy;

pub use policy::HintPolicy;

/// Most hints that a list can hold: all of a platform's.
const CAPACITY: usize = crate::platform::HINT_NUMBERS;

/// To which side a hint grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The address is the start of the next region.
    Up,
    /// The address is the end of the next region.
    Down,
}

/// An address at which address space may be free, and to which side it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Start or end of the next region.
    pub addr: Addr,
    /// Which of them.
    pub direction: Direction,
}

impl Hint {
    /// A region that starts here.
    #[must_use]
    pub const fn up(addr: Addr) -> Self {
        Self {
            addr,
            direction: Direction::Up,
        }
    }

    /// A region that ends here.
    #[must_use]
    pub const fn down(addr: Addr) -> Self {
        Self {
            addr,
            direction: Direction::Down,
        }
    }

    /// First address of the next region of this size; `None` if it leaves the numbers.
    pub(crate) fn region(self, bytes: ByteCount) -> Option<Addr> {
        match self.direction {
            Direction::Up => self.addr.checked_add(bytes).map(|_| self.addr),
            Direction::Down => self.addr.checked_sub(bytes),
        }
    }

    /// The hint after the region of this size was taken.
    pub(crate) fn advanced(self, bytes: ByteCount) -> Option<Self> {
        let addr = match self.direction {
            Direction::Up => self.addr.checked_add(bytes)?,
            Direction::Down => self.addr.checked_sub(bytes)?,
        };
        Some(Self { addr, ..self })
    }
}

/// The hints that are left; the last one is tried first.
#[derive(Debug)]
pub(crate) struct Hints {
    list: [Hint; CAPACITY],
    len: usize,
}

impl Hints {
    pub(crate) const fn new() -> Self {
        Self {
            list: [Hint::up(Addr::NULL); CAPACITY],
            len: 0,
        }
    }

    /// A list that is tried in the order of `hints`; what does not fit is left out.
    pub(crate) fn in_order(hints: impl Iterator<Item = Hint>) -> Self {
        let mut this = Self::new();
        for hint in hints.take(CAPACITY) {
            this.list[this.len] = hint;
            this.len += 1;
        }
        this.list[..this.len].reverse();
        this
    }

    /// Puts a hint in front; the list must not be full.
    pub(crate) fn push(&mut self, hint: Hint) {
        if let Some(place) = self.list.get_mut(self.len) {
            *place = hint;
            self.len += 1;
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Hint> {
        self.len = self.len.checked_sub(1)?;
        Some(self.list[self.len])
    }

    /// The hint that is tried next.
    pub(crate) fn first(&self) -> Option<Hint> {
        Some(self.list[self.len.checked_sub(1)?])
    }

    /// Keeps only the first `count` hints to be tried.
    pub(crate) fn keep(&mut self, count: usize) {
        let gone = self.len.saturating_sub(count);
        self.list.copy_within(gone..self.len, 0);
        self.len -= gone;
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
