//! An operating system that passes every call on and writes down what was asked for.
//!
//! Shared by the threads of the walk; a lock protects the list.
use core::ptr::NonNull;
use gomalloc::arena::{Addr, ByteCount, GuardMethod, Os, Reason};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A call that succeeded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    pub(crate) name: &'static str,
    /// Where; `None` where the place is the system's choice and differs from run to run.
    pub(crate) at: Option<Addr>,
    pub(crate) bytes: ByteCount,
}

/// What was asked for, and what of it is still there.
#[derive(Debug, Default)]
struct List {
    calls: Vec<Made>,
    held: usize,
}

/// Passes calls on and remembers them.
#[derive(Debug)]
pub(crate) struct Recorder<O> {
    os: O,
    list: Mutex<List>,
}

impl<O: Os> Recorder<O> {
    pub(crate) fn new(os: O) -> Self {
        Self {
            os,
            list: Mutex::default(),
        }
    }

    /// The calls since the last look.
    pub(crate) fn take(&self) -> Vec<Made> {
        core::mem::take(&mut self.list().calls)
    }

    /// Bytes of address space that were obtained and not given back.
    pub(crate) fn held(&self) -> usize {
        self.list().held
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, name: &'static str, at: Option<Addr>, bytes: ByteCount) {
        // The first hint lies below 1 TiB; what the system chooses lies far above it.
        let at = at.filter(|at| at.get() < 1 << 40);
        self.list().calls.push(Made { name, at, bytes });
    }

    fn noted(
        &self,
        name: &'static str,
        at: NonNull<u8>,
        bytes: ByteCount,
        answer: Result<(), Reason>,
    ) -> Result<(), Reason> {
        answer?;
        self.note(name, Some(Addr::of(at.as_ptr())), bytes);
        Ok(())
    }
}

// SAFETY: every call is the inner system's.
unsafe impl<O: Os> Os for Recorder<O> {
    const PROTECTS: bool = O::PROTECTS;
    const UNUSED_IS_ZERO: bool = O::UNUSED_IS_ZERO;

    fn page_size(&self) -> usize {
        self.os.page_size()
    }

    fn huge_page_size(&self) -> usize {
        self.os.huge_page_size()
    }

    fn window(&self) -> Option<(Addr, ByteCount)> {
        self.os.window()
    }

    fn program_break(&self) -> Option<Addr> {
        self.os.program_break()
    }

    fn frees_parts(&self) -> bool {
        self.os.frees_parts()
    }

    fn alloc(&self, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        let at = self.os.alloc(bytes)?;
        self.note("alloc", None, bytes);
        self.list().held += bytes.get();
        Ok(at)
    }

    fn reserve(&self, hint: Option<Addr>, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        let at = self.os.reserve(hint, bytes)?;
        self.note("reserve", Some(Addr::of(at.as_ptr())), bytes);
        self.list().held += bytes.get();
        Ok(at)
    }

    unsafe fn map(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        self.noted("map", at, bytes, unsafe { self.os.map(at, bytes) })
    }

    unsafe fn used(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        self.noted("used", at, bytes, unsafe { self.os.used(at, bytes) })
    }

    unsafe fn unused(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        self.noted("unused", at, bytes, unsafe { self.os.unused(at, bytes) })
    }

    unsafe fn fault(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        self.noted("fault", at, bytes, unsafe { self.os.fault(at, bytes) })
    }

    unsafe fn free(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.free(at, bytes) }?;
        // What `alloc` gave lies anywhere, so no place is told.
        self.note("free", None, bytes);
        self.list().held -= bytes.get();
        Ok(())
    }

    unsafe fn guard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        self.noted("guard", at, bytes, unsafe {
            self.os.guard(at, bytes, method)
        })
    }

    unsafe fn unguard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        let answer = unsafe { self.os.unguard(at, bytes, method) };
        self.noted("unguard", at, bytes, answer)
    }

    fn resident(&self, at: NonNull<u8>, bytes: ByteCount) -> Option<ByteCount> {
        self.os.resident(at, bytes)
    }

    fn backing(&self, at: NonNull<u8>, bytes: ByteCount) -> NonNull<u8> {
        self.os.backing(at, bytes)
    }
}
