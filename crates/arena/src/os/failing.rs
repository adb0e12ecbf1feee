//! A decorator that makes calls of another system fail: the n-th one, or every one of a kind.
//!
//! Shared by the threads of a test; plan and count are atomics. Give-back calls can fail too:
//! unmapping fails on real systems when it would split one mapping too many.
#![expect(unsafe_code, reason = "passes on calls whose duties are the caller's")]
use super::{Advice, GuardMethod, Os};
use crate::{Addr, ByteCount, Call, Reason};
use core::ffi::CStr;
use core::ptr::NonNull;
use sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// Never.
const NEVER: usize = usize::MAX;

/// An operating system that says no when it is told to.
#[derive(Debug)]
pub struct Failing<O> {
    os: O,
    /// How many calls there were.
    calls: AtomicUsize,
    /// How many of them failed by plan.
    failures: AtomicUsize,
    /// The number of the call that fails, from 0.
    nth: AtomicUsize,
    /// One bit for each kind of call that fails.
    kinds: AtomicU32,
    /// The error, as `encode` has it.
    reason: AtomicU32,
}

impl<O: Os> Failing<O> {
    /// Passes everything on until it is told otherwise.
    #[must_use]
    pub fn new(os: O) -> Self {
        Self {
            os,
            calls: AtomicUsize::new(0),
            failures: AtomicUsize::new(0),
            nth: AtomicUsize::new(NEVER),
            kinds: AtomicU32::new(0),
            reason: AtomicU32::new(0),
        }
    }

    /// The system below.
    pub fn inner(&self) -> &O {
        &self.os
    }

    /// Fails the call of this number, counted from 0 as of now; the others pass.
    pub fn fail_nth(&self, number: usize, reason: Reason) {
        self.heal();
        self.reason.store(encode(reason), Ordering::Relaxed);
        self.nth.store(number, Ordering::Relaxed);
    }

    /// Fails every call of this kind, and those of kinds that were named before.
    pub fn fail_every(&self, call: Call, reason: Reason) {
        self.reason.store(encode(reason), Ordering::Relaxed);
        self.kinds.fetch_or(1 << call as u32, Ordering::Relaxed);
    }

    /// Passes everything on again, and counts from 0.
    pub fn heal(&self) {
        self.nth.store(NEVER, Ordering::Relaxed);
        self.kinds.store(0, Ordering::Relaxed);
        self.calls.store(0, Ordering::Relaxed);
        self.failures.store(0, Ordering::Relaxed);
    }

    /// How many calls there were since the last plan.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// How many of them failed by plan.
    pub fn failures(&self) -> usize {
        self.failures.load(Ordering::Relaxed)
    }

    fn check(&self, call: Call) -> Result<(), Reason> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let kinds = self.kinds.load(Ordering::Relaxed);
        if number != self.nth.load(Ordering::Relaxed) && kinds & 1 << call as u32 == 0 {
            return Ok(());
        }
        self.failures.fetch_add(1, Ordering::Relaxed);
        Err(decode(self.reason.load(Ordering::Relaxed)))
    }
}

/// Reasons without a number count down from the top, where no system has error numbers.
fn encode(reason: Reason) -> u32 {
    match reason {
        Reason::Code(code) => code.cast_unsigned(),
        Reason::OutOfMemory => u32::MAX,
        Reason::AccessDenied => u32::MAX - 1,
        Reason::LockedMemory => u32::MAX - 2,
        Reason::Conflict => u32::MAX - 3,
        Reason::Unaligned => u32::MAX - 4,
        Reason::Unsupported => u32::MAX - 5,
    }
}

fn decode(code: u32) -> Reason {
    match u32::MAX - code {
        0 => Reason::OutOfMemory,
        1 => Reason::AccessDenied,
        2 => Reason::LockedMemory,
        3 => Reason::Conflict,
        4 => Reason::Unaligned,
        5 => Reason::Unsupported,
        _ => Reason::Code(code.cast_signed()),
    }
}

// SAFETY: a call that fails by plan does nothing; every other is the inner system's.
unsafe impl<O: Os> Os for Failing<O> {
    const PROTECTS: bool = O::PROTECTS;
    const HONOURS_HINTS: bool = O::HONOURS_HINTS;
    const UNUSED_IS_ZERO: bool = O::UNUSED_IS_ZERO;

    fn page_size(&self) -> usize {
        self.os.page_size()
    }

    fn huge_page_size(&self) -> usize {
        self.os.huge_page_size()
    }

    fn program_break(&self) -> Option<Addr> {
        self.os.program_break()
    }

    fn window(&self) -> Option<(Addr, ByteCount)> {
        self.os.window()
    }

    fn data_end(&self) -> Option<Addr> {
        self.os.data_end()
    }

    fn frees_parts(&self) -> bool {
        self.os.frees_parts()
    }

    fn alloc(&self, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        self.check(Call::Alloc)?;
        self.os.alloc(bytes)
    }

    fn reserve(&self, hint: Option<Addr>, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        self.check(Call::Reserve)?;
        self.os.reserve(hint, bytes)
    }

    fn reserve_aligned(
        &self,
        bytes: ByteCount,
        align: ByteCount,
    ) -> Option<Result<NonNull<u8>, Reason>> {
        let answer = self.os.reserve_aligned(bytes, align)?;
        if let (Err(reason), Ok(at)) = (self.check(Call::Reserve), answer) {
            // SAFETY: reserved just now.
            let _ = unsafe { self.os.free(at, bytes) };
            return Some(Err(reason));
        }
        Some(answer)
    }

    unsafe fn map(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        self.check(Call::Map)?;
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.map(at, bytes) }
    }

    unsafe fn used(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        self.check(Call::Used)?;
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.used(at, bytes) }
    }

    unsafe fn unused(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        self.check(Call::Unused)?;
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.unused(at, bytes) }
    }

    unsafe fn fault(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        self.check(Call::Fault)?;
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.fault(at, bytes) }
    }

    unsafe fn free(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        self.check(Call::Free)?;
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.free(at, bytes) }
    }

    unsafe fn remap(
        &self,
        from: NonNull<u8>,
        to: NonNull<u8>,
        bytes: ByteCount,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.remap(from, to, bytes) }
    }

    fn name(&self, at: NonNull<u8>, bytes: ByteCount, name: &'static CStr) {
        self.os.name(at, bytes, name);
    }

    unsafe fn advise(&self, at: NonNull<u8>, bytes: ByteCount, advice: Advice) {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.advise(at, bytes, advice) };
    }

    unsafe fn guard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.guard(at, bytes, method) }
    }

    unsafe fn unguard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.unguard(at, bytes, method) }
    }

    fn resident(&self, at: NonNull<u8>, bytes: ByteCount) -> Option<ByteCount> {
        self.os.resident(at, bytes)
    }

    fn backing(&self, at: NonNull<u8>, bytes: ByteCount) -> NonNull<u8> {
        self.os.backing(at, bytes)
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
