//! Where a stack lies.
//!
//! A value; nobody shares it, and it gives nobody the right to touch the memory.
use arena::ByteCount;
use core::ptr::NonNull;

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
