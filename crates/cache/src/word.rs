//! The word of a magazine: its length, the allocations since the last miss, and two guard bits.
//!
//! A plain value; the picture and the trick stand in the crate documentation.

/// Added to a word to pop: one off the length, one on the count.
const POP: u32 = 0xFFFF;

/// Set by a pop that must not be: bit 15, the magazine was empty; bit 31, the count is full.
const GUARDS: u32 = 0x8000_8000;

const LEN_MASK: u32 = 0x7FFF;
const COUNT_SHIFT: u32 = 16;

/// The largest count that a word can hold before a pop leaves the fast path.
pub(crate) const COUNT_MAX: u32 = 0x7FFF;

/// A word whose guards are clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) u32);

impl Word {
    /// `len` and `count` are at most 15 bits long.
    pub(crate) const fn new(len: usize, count: u32) -> Self {
        debug_assert!(len <= LEN_MASK as usize && count <= COUNT_MAX);
        #[expect(clippy::cast_possible_truncation, reason = "15 bits")]
        let len = len as u32;
        Self((count << COUNT_SHIFT) | len)
    }

    /// Slots in the magazine.
    #[inline(always)]
    pub(crate) const fn len(self) -> usize {
        // 16 bits: the guard is clear, and the compiler has one instruction for it.
        (self.0 & 0xFFFF) as usize
    }

    /// The same, as capacities are kept.
    #[inline(always)]
    pub(crate) const fn len16(self) -> u16 {
        #[expect(clippy::cast_possible_truncation, reason = "the low half")]
        let len = self.0 as u16;
        len
    }

    /// Allocations since the count was last set.
    #[inline]
    pub(crate) const fn count(self) -> u32 {
        self.0 >> COUNT_SHIFT
    }

    /// One slot less, one allocation more; `None` if the magazine is empty or the count is full.
    #[inline(always)]
    pub(crate) const fn pop(self) -> Option<Self> {
        let next = self.0.wrapping_add(POP);
        if next & GUARDS == 0 {
            Some(Self(next))
        } else {
            None
        }
    }

    /// One slot more. The caller has compared the length with the capacity.
    #[inline(always)]
    pub(crate) const fn push(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

#[cfg(test)]
#[path = "word/tests.rs"]
mod tests;
