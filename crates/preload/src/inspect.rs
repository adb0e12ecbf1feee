//! What a program may ask and set: `malloc_usable_size malloc_trim mallinfo mallinfo2 mallopt`.
//!
//! The numbers are the facade's statistics put into glibc's fields; the table at [`MallInfo2`] says
//! which. Read without stopping anybody: exact when no other thread allocates.
#![expect(
    unsafe_code,
    reason = "C functions: exported names, pointers from outside"
)]

use core::ffi::{c_int, c_void};

use facade::{Stats, c};

use crate::next;

/// `malloc_usable_size`: bytes that the block really has, all of which may be used; 0 for null.
///
/// # Safety
/// `pointer` is null or a live block of this library or of the next one in line.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn malloc_usable_size(pointer: *mut c_void) -> usize {
    if pointer.is_null() {
        return 0;
    }
    match c::usable_size(pointer.cast()) {
        Ok(bytes) => bytes,
        // SAFETY: not ours (the facade just said so), hence the next one's by the caller's duty.
        Err(_) => unsafe { next::usable_size(pointer) },
    }
}

/// `malloc_trim`: gives the system every page that no live block needs; 1 if there were any. The
/// padding is ignored: what is given back is not the heap's top, and its addresses stay reserved.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn malloc_trim(_padding: usize) -> c_int {
    c_int::from(facade::release_memory() > 0)
}

/// `struct mallinfo2` of `<malloc.h>`.
///
/// | field | here |
/// |---|---|
/// | `arena` | bytes committed and not given back |
/// | `uordblks` | bytes in live blocks |
/// | `fordblks` | `arena - uordblks`: free, in caches, or the allocator's own |
/// | `usmblks` | the most that was ever live |
/// | `keepcost` | `fordblks`: what `malloc_trim` can give back at most |
/// | all others | 0: there are no chunks, fast bins or blocks mapped one by one |
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MallInfo2 {
    arena: usize,
    ordblks: usize,
    smblks: usize,
    hblks: usize,
    hblkhd: usize,
    usmblks: usize,
    fsmblks: usize,
    uordblks: usize,
    fordblks: usize,
    keepcost: usize,
}

impl MallInfo2 {
    fn of(stats: &Stats) -> Self {
        let bytes = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let live = bytes(stats.live_bytes);
        // A thread that allocates meanwhile can make the sums cross; glibc's identity holds still.
        let held = bytes(stats.mapped_bytes.saturating_sub(stats.released_bytes)).max(live);
        MallInfo2 {
            arena: held,
            uordblks: live,
            fordblks: held - live,
            usmblks: bytes(stats.peak_bytes),
            keepcost: held - live,
            ..MallInfo2::default()
        }
    }
}

/// `struct mallinfo`: the same fields as `int`; what does not fit reads `INT_MAX`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MallInfo {
    arena: c_int,
    ordblks: c_int,
    smblks: c_int,
    hblks: c_int,
    hblkhd: c_int,
    usmblks: c_int,
    fsmblks: c_int,
    uordblks: c_int,
    fordblks: c_int,
    keepcost: c_int,
}

impl From<MallInfo2> for MallInfo {
    fn from(wide: MallInfo2) -> Self {
        let int = |number: usize| c_int::try_from(number).unwrap_or(c_int::MAX);
        MallInfo {
            arena: int(wide.arena),
            ordblks: int(wide.ordblks),
            smblks: int(wide.smblks),
            hblks: int(wide.hblks),
            hblkhd: int(wide.hblkhd),
            usmblks: int(wide.usmblks),
            fsmblks: int(wide.fsmblks),
            uordblks: int(wide.uordblks),
            fordblks: int(wide.fordblks),
            keepcost: int(wide.keepcost),
        }
    }
}

/// `mallinfo2`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn mallinfo2() -> MallInfo2 {
    MallInfo2::of(&facade::stats())
}

/// `mallinfo`: for programs that know no better; see [`MallInfo`].
#[unsafe(no_mangle)]
pub(crate) extern "C" fn mallinfo() -> MallInfo {
    mallinfo2().into()
}

/// `mallopt`: 1 for the hints that glibc documents (there is no fast bin, trim threshold or arena
/// count here that they could tune), 0 for anything else, `M_PERTURB` included: a program that asks
/// for that wants an effect, and gets none.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn mallopt(parameter: c_int, _value: c_int) -> c_int {
    // M_MXFAST 1, M_NLBLKS 2, M_GRAIN 3, M_KEEP 4, M_TRIM_THRESHOLD -1, M_TOP_PAD -2,
    // M_MMAP_THRESHOLD -3, M_MMAP_MAX -4, M_CHECK_ACTION -5, M_ARENA_TEST -7, M_ARENA_MAX -8.
    c_int::from(matches!(parameter, 1..=4 | -5..=-1 | -8..=-7))
}
