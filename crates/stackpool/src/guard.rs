//! Guard pages: how the lowest page of a stack is made to fault, and how that is undone.
//!
//! One [`Guards`] per pool, shared by all threads; atomics only. Installing a guard (Linux 6.13,
//! `MADV_GUARD_INSTALL`) writes markers into the page table and leaves the mapping whole. Protecting
//! the page splits the mapping in three, and a process has 65,530 mappings unless told otherwise:
//! about 32,000 guarded stacks.
#![expect(unsafe_code, reason = "changes what happens when memory is touched")]
use crate::GuardError;
use crate::source::StackSource;
use arena::{Addr, ByteCount, GuardMethod, Reason};
use core::ptr::NonNull;
use sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What a pool knows about guards.
#[derive(Debug)]
pub(crate) struct Guards {
    /// The system has refused to install a guard once; it is not asked again.
    no_install: AtomicBool,
    /// Guards by protection that are in place.
    protected: AtomicUsize,
    /// Guards of either kind that are in place.
    all: AtomicUsize,
}

impl Guards {
    crate::limits::modelled_const! {
        pub(crate) const fn new() -> Self {
            Self {
                no_install: AtomicBool::new(false),
                protected: AtomicUsize::new(0),
                all: AtomicUsize::new(0),
            }
        }
    }

    /// Guards that are in place, and how many of them by protection.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (
            self.all.load(Ordering::Relaxed),
            self.protected.load(Ordering::Relaxed),
        )
    }

    /// Never installs, as on a system that can't.
    pub(crate) fn protect_only(&self) {
        self.no_install.store(true, Ordering::Relaxed);
    }

    /// Makes `bytes` bytes from `at` on fault.
    ///
    /// # Safety
    ///
    /// The caller owns the range, whole system pages of a stack span, and needs nothing of it.
    pub(crate) unsafe fn guard<S: StackSource>(
        &self,
        source: &S,
        at: NonNull<u8>,
        bytes: ByteCount,
    ) -> Result<GuardMethod, GuardError> {
        // Only a hint: whoever misses it asks the system once more.
        if !self.no_install.load(Ordering::Relaxed) {
            // SAFETY: the caller's duty is the call's.
            match unsafe { source.guard(at, bytes, GuardMethod::Install) } {
                Ok(()) => {
                    self.all.fetch_add(1, Ordering::Relaxed);
                    return Ok(GuardMethod::Install);
                }
                Err(Reason::OutOfMemory) => return Err(refused(at, Reason::OutOfMemory)),
                // No such call, or not for such memory (locked, before Linux 6.15).
                Err(_) => self.no_install.store(true, Ordering::Relaxed),
            }
        }
        // SAFETY: the caller's duty is the call's.
        match unsafe { source.guard(at, bytes, GuardMethod::Protect) } {
            Ok(()) => {
                self.all.fetch_add(1, Ordering::Relaxed);
                self.protected.fetch_add(1, Ordering::Relaxed);
                Ok(GuardMethod::Protect)
            }
            Err(Reason::Unsupported) => Err(GuardError::Unsupported),
            // `mprotect` allocates nothing but the mappings that it splits off.
            Err(Reason::OutOfMemory) => Err(GuardError::MappingLimit {
                address: Addr::of(at.as_ptr()),
                guards: self.protected.load(Ordering::Relaxed),
            }),
            Err(reason) => Err(refused(at, reason)),
        }
    }

    /// Undoes [`Guards::guard`]. On an error the guard is still in place.
    ///
    /// # Safety
    ///
    /// As [`Guards::guard`], which made this guard by `method`.
    pub(crate) unsafe fn unguard<S: StackSource>(
        &self,
        source: &S,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), GuardError> {
        // SAFETY: the caller's duty is the call's.
        unsafe { source.unguard(at, bytes, method) }.map_err(|reason| refused(at, reason))?;
        self.all.fetch_sub(1, Ordering::Relaxed);
        if method == GuardMethod::Protect {
            self.protected.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn refused(at: NonNull<u8>, reason: Reason) -> GuardError {
    GuardError::Refused {
        address: Addr::of(at.as_ptr()),
        reason,
    }
}
