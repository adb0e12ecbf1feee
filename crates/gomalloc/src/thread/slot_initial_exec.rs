//! The slot as an initial-exec symbol: two instructions even in a shared library.
//!
//! Each thread's own; nothing is shared. Stable Rust's `thread_local!` in a shared library calls
//! `__tls_get_addr` at each access, which costs more than the rest of a hit. The 8 bytes come out of
//! the static block that every thread has; a library that was loaded late takes them from the
//! surplus that glibc keeps (1,664 bytes), which is why the preload library cannot be unloaded.
#![expect(
    unsafe_code,
    reason = "reads and writes thread-local storage in assembly"
)]
use cache::Cache;
use core::arch::{asm, global_asm};
use core::ptr::NonNull;

global_asm!(
    ".pushsection .tdata.gomalloc_cache_slot,\"awT\",@progbits",
    ".p2align 3",
    ".globl gomalloc_cache_slot",
    ".hidden gomalloc_cache_slot",
    ".type gomalloc_cache_slot, @object",
    ".size gomalloc_cache_slot, 8",
    "gomalloc_cache_slot:",
    ".quad {empty}",
    ".popsection",
    empty = sym super::EMPTY,
);

#[inline(always)]
pub(super) fn get() -> NonNull<Cache> {
    let cache: *mut Cache;
    // SAFETY: reads 8 bytes at the slot's offset from the thread pointer; the image of the slot is
    // in every thread's static block, filled with the address of `EMPTY`.
    unsafe {
        asm!(
            "mov {cache}, qword ptr [rip + gomalloc_cache_slot@GOTTPOFF]",
            "mov {cache}, qword ptr fs:[{cache}]",
            cache = out(reg) cache,
            options(nostack, preserves_flags, readonly),
        );
    }
    // SAFETY: `EMPTY`'s address at first and what `set` stored later: never null.
    unsafe { NonNull::new_unchecked(cache) }
}

pub(super) fn set(cache: NonNull<Cache>) {
    // SAFETY: writes the 8 bytes of this thread's slot, which nobody else reads or writes.
    unsafe {
        asm!(
            "mov {offset}, qword ptr [rip + gomalloc_cache_slot@GOTTPOFF]",
            "mov qword ptr fs:[{offset}], {cache}",
            offset = out(reg) _,
            cache = in(reg) cache.as_ptr(),
            options(nostack, preserves_flags),
        );
    }
}
