//! A static that is filled once, by whoever comes first, and read without a lock ever after.
//!
//! Shared by every thread of the process. The first call may come before `main`, from any thread,
//! so neither `std::sync::OnceLock` (which may allocate and park) nor an initialiser in a
//! constructor will do. A failed attempt leaves the static empty: the next one may succeed.
#![expect(
    unsafe_code,
    reason = "hands out a reference to the value once it is published"
)]
use core::mem::MaybeUninit;
use sync::RawLock;
use sync::atomic::{AtomicPtr, Ordering};
use sync::cell::UnsafeCell;

/// A value that is made at the first use.
///
/// # Invariants
///
/// * I1: `value` is written once, under `filling`, before `published` becomes non-null.
/// * I2: after that it is never written again.
pub(crate) struct Once<T> {
    published: AtomicPtr<T>,
    filling: RawLock,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: I1, I2 — the value is written under a lock by one thread and only read afterwards.
unsafe impl<T: Send + Sync> Sync for Once<T> {}

impl<T: Send + Sync> Once<T> {
    pub(crate) const fn new() -> Self {
        Self {
            published: AtomicPtr::new(core::ptr::null_mut()),
            filling: RawLock::new(),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// The value, if it has been made.
    #[inline(always)]
    pub(crate) fn get(&'static self) -> Option<&'static T> {
        // Acquire: pairs with the Release in `get_or_try_init`, which published the value.
        let value = self.published.load(Ordering::Acquire);
        // SAFETY: null, or a pointer to the value in this static, written before (I1) and never
        // again (I2).
        unsafe { value.as_ref() }
    }

    /// The value; makes it if nobody has. Threads that come meanwhile wait. `make` must not come
    /// back here.
    #[cold]
    pub(crate) fn get_or_try_init<E>(
        &'static self,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<&'static T, E> {
        self.filling.lock();
        let filled = match self.get() {
            Some(value) => Ok(value),
            None => make().map(|value| self.publish(value)),
        };
        self.filling.unlock();
        filled
    }

    fn publish(&'static self, value: T) -> &'static T {
        let place = self.value.with_mut(|place| {
            // SAFETY: I1 — the lock is held and nothing is published: nobody else reads or writes.
            unsafe { core::ptr::from_mut((*place).write(value)) }
        });
        self.published.store(place, Ordering::Release);
        // SAFETY: written just above, in a static, and never again (I2).
        unsafe { &*place }
    }
}
