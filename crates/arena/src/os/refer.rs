//! A reference to an operating system is one too: its owner can look at it after the layout is gone.
#![expect(unsafe_code, reason = "passes on calls whose duties are the caller's")]
use super::{Advice, GuardMethod, Os};
use crate::{Addr, ByteCount, Reason};
use core::ffi::CStr;
use core::ptr::NonNull;

// SAFETY: every call is the referred system's.
unsafe impl<O: Os> Os for &O {
    const PROTECTS: bool = O::PROTECTS;
    const HONOURS_HINTS: bool = O::HONOURS_HINTS;
    const UNUSED_IS_ZERO: bool = O::UNUSED_IS_ZERO;

    fn page_size(&self) -> usize {
        (**self).page_size()
    }

    fn huge_page_size(&self) -> usize {
        (**self).huge_page_size()
    }

    fn window(&self) -> Option<(Addr, ByteCount)> {
        (**self).window()
    }

    fn program_break(&self) -> Option<Addr> {
        (**self).program_break()
    }

    fn data_end(&self) -> Option<Addr> {
        (**self).data_end()
    }

    fn frees_parts(&self) -> bool {
        (**self).frees_parts()
    }

    fn alloc(&self, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        (**self).alloc(bytes)
    }

    fn reserve(&self, hint: Option<Addr>, bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        (**self).reserve(hint, bytes)
    }

    fn reserve_aligned(
        &self,
        bytes: ByteCount,
        align: ByteCount,
    ) -> Option<Result<NonNull<u8>, Reason>> {
        (**self).reserve_aligned(bytes, align)
    }

    unsafe fn map(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { (**self).map(at, bytes) }
    }

    unsafe fn used(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { (**self).used(at, bytes) }
    }

    unsafe fn unused(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { (**self).unused(at, bytes) }
    }

    unsafe fn fault(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { (**self).fault(at, bytes) }
    }

    unsafe fn free(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { (**self).free(at, bytes) }
    }

    unsafe fn remap(
        &self,
        from: NonNull<u8>,
        to: NonNull<u8>,
        bytes: ByteCount,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { (**self).remap(from, to, bytes) }
    }

    fn name(&self, at: NonNull<u8>, bytes: ByteCount, name: &'static CStr) {
        (**self).name(at, bytes, name);
    }

    unsafe fn advise(&self, at: NonNull<u8>, bytes: ByteCount, advice: Advice) {
        // SAFETY: the caller's duty is the call's.
        unsafe { (**self).advise(at, bytes, advice) };
    }

    unsafe fn guard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { (**self).guard(at, bytes, method) }
    }

    unsafe fn unguard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { (**self).unguard(at, bytes, method) }
    }

    fn resident(&self, at: NonNull<u8>, bytes: ByteCount) -> Option<ByteCount> {
        (**self).resident(at, bytes)
    }

    fn backing(&self, at: NonNull<u8>, bytes: ByteCount) -> NonNull<u8> {
        (**self).backing(at, bytes)
    }
}
