//! A thread's own front of a pool: for executors whose coroutines never change threads.
//!
//! Belongs to one thread: neither the handle nor its stacks can be sent. So taking a stack and giving
//! it back are a few plain loads and stores; the pool behind is asked, by the batch, when the front is
//! empty or full.
#![expect(unsafe_code, reason = "counts who may reach the front")]
use crate::magazine::{LOCALS, Local, Magazine};
use crate::shape::{Extent, Shape};
use crate::stack::{Guarded, Kind, Plain};
use crate::stacks::{Stacks, SystemHeap};
use crate::{AllocError, Region, StackSource};
use arena::ByteCount;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;
use core::ptr::NonNull;
use std::boxed::Box;
use sync::cell::UnsafeCell;

/// What a handle and its stacks share.
///
/// # Invariants
///
/// * I1: all of them are on one thread, and none of the calls below comes back in while it holds the
///   magazine; so whoever reaches the magazine is alone.
/// * I2: `users` is the number of handles (one) and stacks that are alive; whoever makes it 0 frees
///   this.
struct Front<S: StackSource> {
    stacks: Stacks<S>,
    magazine: UnsafeCell<Magazine>,
    users: Cell<usize>,
    /// A copy of the pool's, one pointer nearer.
    extents: [Extent; LOCALS],
}

/// A front of a pool for one thread; made by [`Stacks::local`].
///
/// ```compile_fail
/// fn send<T: Send>() {}
/// send::<gomalloc_stackpool::ThreadStacks>();
/// ```
pub struct ThreadStacks<S: StackSource = SystemHeap> {
    front: NonNull<Front<S>>,
}

/// A stack of a [`ThreadStacks`]: as [`Stack`](crate::Stack), but it stays with its thread.
///
/// ```compile_fail
/// fn send<T: Send>() {}
/// send::<gomalloc_stackpool::ThreadStack>();
/// ```
///
/// # Invariants
///
/// * I3: `region` is a stack of `shape` that is in no list or magazine and no other value's; if `K` is
///   [`Guarded`], the page below its bottom faults.
pub struct ThreadStack<S: StackSource = SystemHeap, K: Kind = Guarded> {
    region: Region,
    shape: Shape,
    front: NonNull<Front<S>>,
    kind: PhantomData<K>,
}

impl<S: StackSource> Front<S> {
    #[inline]
    fn alloc(&self, shape: Shape) -> Result<Region, AllocError> {
        if let Some(local) = Local::of(shape) {
            // SAFETY: I1.
            let low = self
                .magazine
                .with_mut(|all| unsafe { &mut *all }.pop(local));
            if let Some(low) = low {
                return Ok(self.extents[local.get()].region(low));
            }
        }
        self.alloc_slow(shape)
    }

    #[cold]
    #[inline(never)]
    fn alloc_slow(&self, shape: Shape) -> Result<Region, AllocError> {
        let shared = self.stacks.shared();
        let mut one = [NonNull::dangling()];
        if let Some(local) = Local::of(shape) {
            let half = (shared.pool.room(local, shape) / 2).max(1);
            self.magazine.with_mut(|all| {
                // SAFETY: I1.
                let all = unsafe { &mut *all };
                all.refill(local, half, |places| shared.take(shape, places))
            })?;
            // SAFETY: I1.
            let low = self
                .magazine
                .with_mut(|all| unsafe { &mut *all }.pop(local));
            one = [low.ok_or(AllocError::OutOfMemory(shape.bytes()))?];
        } else {
            shared.take(shape, &mut one)?;
        }
        shared.tick();
        shared.pool.region(shape, one[0])
    }

    #[inline]
    fn free(&self, shape: Shape, low: NonNull<u8>) {
        if let Some(local) = Local::of(shape) {
            // SAFETY: I1.
            let pushed = self
                .magazine
                .with_mut(|all| unsafe { &mut *all }.push(local, low));
            if pushed.is_ok() {
                return;
            }
        }
        self.free_slow(shape, low);
    }

    #[cold]
    #[inline(never)]
    fn free_slow(&self, shape: Shape, low: NonNull<u8>) {
        let shared = self.stacks.shared();
        let mut rest = Some(low);
        if let Some(local) = Local::of(shape) {
            let kept = shared.pool.room(local, shape) / 2;
            self.magazine.with_mut(|all| {
                // SAFETY: I1.
                let all = unsafe { &mut *all };
                shared.put(shape, all.release(local, kept));
                rest = all.push(local, low).err();
            });
        }
        shared.put(shape, rest.as_slice());
        shared.tick();
    }

    fn flush(&self) {
        let shared = self.stacks.shared();
        for (local, shape) in Local::all() {
            // SAFETY: I1.
            self.magazine
                .with_mut(|all| shared.put(shape, unsafe { &mut *all }.release(local, 0)));
        }
    }

    /// One user less.
    ///
    /// # Safety
    ///
    /// The caller was one of those that `users` counts, and does not touch `front` again.
    unsafe fn leave(front: NonNull<Self>) {
        // SAFETY: I2 — the caller still counts.
        let users = unsafe { &front.as_ref().users };
        users.set(users.get() - 1);
        if users.get() == 0 {
            // SAFETY: I2 — the caller was the last, and it came from a box.
            drop(unsafe { Box::from_raw(front.as_ptr()) });
        }
    }
}

impl<S: StackSource> Drop for Front<S> {
    fn drop(&mut self) {
        self.flush();
    }
}

impl<S: StackSource> ThreadStacks<S> {
    pub(crate) fn new(stacks: Stacks<S>) -> Self {
        let front = Box::new(Front {
            extents: *stacks.shared().extents(),
            stacks,
            magazine: UnsafeCell::new(Magazine::new()),
            users: Cell::new(1),
        });
        Self {
            front: NonNull::from(Box::leak(front)),
        }
    }

    fn front(&self) -> &Front<S> {
        // SAFETY: I2 — this handle counts.
        unsafe { self.front.as_ref() }
    }

    /// A guarded stack, as [`Stacks::guarded`].
    ///
    /// # Errors
    ///
    /// [`AllocError`]; nothing is lost.
    #[inline]
    pub fn guarded(&self, bytes: ByteCount) -> Result<ThreadStack<S>, AllocError> {
        self.alloc(bytes)
    }

    /// A plain stack, as [`Stacks::plain`].
    ///
    /// # Errors
    ///
    /// [`AllocError`]; nothing is lost.
    #[inline]
    pub fn plain(&self, bytes: ByteCount) -> Result<ThreadStack<S, Plain>, AllocError> {
        self.alloc(bytes)
    }

    #[inline]
    fn alloc<K: Kind>(&self, bytes: ByteCount) -> Result<ThreadStack<S, K>, AllocError> {
        let shape = Shape::at_least(K::GUARDING, bytes)?;
        let region = self.front().alloc(shape)?;
        let users = &self.front().users;
        users.set(users.get() + 1);
        Ok(ThreadStack {
            region,
            shape,
            front: self.front,
            kind: PhantomData,
        })
    }

    /// Gives what lies at hand back to the pool.
    pub fn flush(&self) {
        self.front().flush();
    }

    /// The pool behind.
    pub fn stacks(&self) -> &Stacks<S> {
        &self.front().stacks
    }
}

impl<S: StackSource> Drop for ThreadStacks<S> {
    fn drop(&mut self) {
        // SAFETY: the handle counts, and goes.
        unsafe { Front::leave(self.front) };
    }
}

impl<S: StackSource, K: Kind> ThreadStack<S, K> {
    /// The address behind the highest that may be used: where the stack begins.
    #[inline]
    #[must_use]
    pub fn top(&self) -> NonNull<u8> {
        self.region.top()
    }

    /// The lowest address that may be used.
    #[inline]
    #[must_use]
    pub fn bottom(&self) -> NonNull<u8> {
        self.region.bottom()
    }

    /// How much may be used: at least what was asked for.
    #[inline]
    #[must_use]
    pub fn size(&self) -> ByteCount {
        self.region.bytes()
    }

    /// The addresses of the guard; empty if there is none.
    #[inline]
    #[must_use]
    pub fn guard(&self) -> Range<NonNull<u8>> {
        self.region.low()..self.region.bottom()
    }

    /// Where the stack lies.
    #[inline]
    #[must_use]
    pub fn region(&self) -> Region {
        self.region
    }
}

impl<S: StackSource, K: Kind> Drop for ThreadStack<S, K> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: I2 — this stack counts.
        unsafe { self.front.as_ref() }.free(self.shape, self.region.low());
        // SAFETY: the stack counts, and goes.
        unsafe { Front::leave(self.front) };
    }
}

impl<S: StackSource> fmt::Debug for ThreadStacks<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadStacks")
            .field("users", &self.front().users.get())
            .finish_non_exhaustive()
    }
}

impl<S: StackSource, K: Kind> fmt::Debug for ThreadStack<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadStack")
            .field("bottom", &self.bottom())
            .field("top", &self.top())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
