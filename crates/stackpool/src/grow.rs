//! Growing a stack by copying it, for runtimes that move stacks.
//!
//! Go's way (Go 1.10 `newstack`, `copystack`): a stack of twice the size, or of as many doublings as it
//! takes; the used part is copied so that it ends at the new top; whoever knows where pointers into the
//! stack are adjusts them; then the old stack goes back to the pool. Belongs to the thread that has
//! the stack.
#![expect(unsafe_code, reason = "copies memory between two stacks of the caller")]
use crate::{AllocError, FreeError, Guarding, LocalStacks, Region, StackSource, stack_size};
use arena::{Addr, ByteCount};
use core::ptr;
use thiserror::Error;

/// From where to where a stack has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// The stack as it was; it still has its content.
    pub old: Region,
    /// The stack as it is now.
    pub new: Region,
    /// How much of it, from the top down, was copied.
    pub used: ByteCount,
}

/// A stack has not grown, and is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GrowError {
    /// More is said to be used than the stack has.
    #[error("{used} bytes used of a stack of {size}")]
    Used {
        /// What the caller said.
        used: ByteCount,
        /// What the stack has.
        size: ByteCount,
    },
    /// Go's "stack overflow".
    #[error("stack exceeds {limit}-byte limit: {wanted} bytes are wanted")]
    Overflow {
        /// The limit that the caller set.
        limit: ByteCount,
        /// The next size.
        wanted: ByteCount,
    },
    /// There is no larger stack.
    #[error(transparent)]
    Alloc(#[from] AllocError),
    /// The old stack is none of the pool's.
    #[error(transparent)]
    Free(#[from] FreeError),
}

impl Relocation {
    /// Where what was at `address` is now, if it was in the part that was copied.
    #[must_use]
    pub fn adjust(&self, address: Addr) -> Option<Addr> {
        let below_top = |region: Region| Addr::of(region.top().as_ptr()).get();
        let distance = below_top(self.old).checked_sub(address.get())?;
        if distance == 0 || distance > self.used.get() {
            return None;
        }
        Some(Addr::new(below_top(self.new) - distance))
    }
}

/// The size that a stack grows to: twice its own, or as many doublings as it takes for `needed` bytes
/// more than are `used` (Go 1.17 `newstack`).
///
/// # Errors
///
/// [`GrowError::Used`], [`GrowError::Overflow`], or [`GrowError::Alloc`] if there is no such size.
pub fn grown_size(
    size: ByteCount,
    used: ByteCount,
    needed: ByteCount,
    limit: ByteCount,
) -> Result<ByteCount, GrowError> {
    if used > size {
        return Err(GrowError::Used { used, size });
    }
    let twice = ByteCount::new(size.get().saturating_mul(2));
    let frame = ByteCount::new(used.get().saturating_add(needed.get()));
    let wanted = stack_size(Guarding::Plain, twice.max(frame))?;
    if wanted > limit {
        return Err(GrowError::Overflow { limit, wanted });
    }
    Ok(wanted)
}

impl<S: StackSource> LocalStacks<'_, S> {
    /// Moves a stack to a larger one, of [`grown_size`]. `adjust` is told from where to where while
    /// both exist: it changes the pointers into the old stack that it knows of. Then the old one is
    /// free.
    ///
    /// # Errors
    ///
    /// [`GrowError`]; the stack is as it was, and `adjust` was not called.
    ///
    /// # Safety
    ///
    /// As [`LocalStacks::relocate`].
    pub unsafe fn grow(
        &mut self,
        old: Region,
        used: ByteCount,
        needed: ByteCount,
        limit: ByteCount,
        adjust: impl FnOnce(&Relocation),
    ) -> Result<Region, GrowError> {
        let bytes = grown_size(old.bytes(), used, needed, limit)?;
        // SAFETY: the caller's duty is the call's.
        unsafe { self.relocate(old, used, bytes, adjust) }
    }

    /// Moves a stack to one of `bytes` bytes (a power of two that has room for what is used), guarded if
    /// the old one is. Shrinking is a move to half the size (Go `shrinkstack`).
    ///
    /// # Errors
    ///
    /// [`GrowError`]; the stack is as it was, and `adjust` was not called.
    ///
    /// # Safety
    ///
    /// If `old` is a stack that this pool handed out, it is the caller's, its `used` highest bytes are
    /// initialised, and nobody uses it while this runs, except for `adjust`.
    pub unsafe fn relocate(
        &mut self,
        old: Region,
        used: ByteCount,
        bytes: ByteCount,
        adjust: impl FnOnce(&Relocation),
    ) -> Result<Region, GrowError> {
        let size = old.bytes().min(bytes);
        if used > size {
            return Err(GrowError::Used { used, size });
        }
        // From here on the old stack is in nobody's hands and in no list: another free is an error.
        let found = self.end_use(old)?;
        let new = match old.guard().is_zero() {
            true => self.alloc(bytes),
            false => self.alloc_guarded(bytes),
        };
        let new = match new {
            Ok(new) => new,
            Err(error) => {
                self.begin_use(old);
                return Err(error.into());
            }
        };
        // SAFETY: `used` is at most the length of either stack.
        let from = unsafe { old.top().sub(used.get()) };
        // SAFETY: as above.
        let to = unsafe { new.top().sub(used.get()) };
        // SAFETY: the caller's initialised bytes, into a stack that was handed out just now.
        unsafe { ptr::copy_nonoverlapping(from.as_ptr(), to.as_ptr(), used.get()) };
        adjust(&Relocation { old, new, used });
        // A broken list has lost the old stack; the new one is what the caller asked for.
        let put = self.put(found, old.low());
        debug_assert_eq!(put, Ok(()), "the old stack was found above");
        Ok(new)
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
