//! Guarded stacks as stacks of the `corosensei` crate.
//!
//! The trait asks for what [`Stack`] and [`ThreadStack`] promise: a guard page, and at least 4 KiB.
#![expect(unsafe_code, reason = "promises a guard page")]
use crate::stack::{Guarded, Stack};
use crate::thread::ThreadStack;
use crate::{MIN_GUARDED, StackSource};
use corosensei::stack::{MIN_STACK_SIZE, STACK_ALIGNMENT, StackPointer};

const _: () = assert!(MIN_GUARDED.get() >= MIN_STACK_SIZE);
const _: () = assert!(arena::PAGE_BYTES.is_multiple_of(STACK_ALIGNMENT));

// SAFETY: below the bottom of a guarded stack lies a page that faults (I2 of `Stack`), the stack has
// at least `MIN_GUARDED` bytes, and both ends are aligned to a page of the heap or the system.
unsafe impl<S: StackSource> corosensei::stack::Stack for Stack<S, Guarded> {
    #[inline]
    fn base(&self) -> StackPointer {
        self.top().addr()
    }

    #[inline]
    fn limit(&self) -> StackPointer {
        self.region().low().addr()
    }
}

// SAFETY: as for `Stack` (I3 of `ThreadStack`).
unsafe impl<S: StackSource> corosensei::stack::Stack for ThreadStack<S, Guarded> {
    #[inline]
    fn base(&self) -> StackPointer {
        self.top().addr()
    }

    #[inline]
    fn limit(&self) -> StackPointer {
        self.region().low().addr()
    }
}
