//! The seam to the operating system: memory as a state machine, and who implements it.
//!
//! An implementation is shared by every thread that holds its layout and synchronises itself; what
//! keeps two callers from changing one range at a time is that ranges have owners.
//!
//! ```text
//!            reserve          map             used
//!     None ──────────▶ Reserved ─────▶ Prepared ─────▶ Ready
//!       ▲                 ▲ fault ◀────────┘ ◀──unused───┘ │
//!       └── free ─────────┴─────────────────┴──────────────┘      alloc: None ─▶ Ready
//! ```
//!
//! | state | meaning |
//! |---|---|
//! | None | not ours |
//! | Reserved | our addresses; touching them faults; not counted as memory |
//! | Prepared | meant to be unbacked; cheap to make Ready; content undefined |
//! | Ready | safe to use |
//!
//! After Go 1.17 `mem.go`. One departure: here memory that has just been mapped reads as zero when
//! it is first touched, whether or not [`Os::used`] was called for it.
#![expect(unsafe_code, reason = "declares the seam, whose calls change mappings")]
use crate::{Addr, ByteCount, Reason};
use core::ffi::CStr;
use core::ptr::NonNull;

#[cfg(any(test, miri, gomalloc_loom, feature = "host"))]
mod failing;
mod guard;
#[cfg(any(test, miri, gomalloc_loom, feature = "host"))]
mod host;
#[cfg(any(
    not(unix),
    feature = "portable",
    all(test, not(any(miri, gomalloc_loom)))
))]
mod portable;
mod refer;
#[cfg(any(test, miri, gomalloc_loom, feature = "host"))]
mod simulated;
#[cfg(unix)]
mod unix;
#[cfg(any(test, miri, gomalloc_loom, feature = "host"))]
mod zeroed;

#[cfg(any(test, miri, gomalloc_loom, feature = "host"))]
pub use failing::Failing;
#[cfg(any(test, miri, gomalloc_loom, feature = "host"))]
pub use host::Host;
#[cfg(any(
    not(unix),
    feature = "portable",
    all(test, not(any(miri, gomalloc_loom)))
))]
pub use portable::Portable;
#[cfg(any(test, miri, gomalloc_loom, feature = "host"))]
pub use simulated::{Event, Simulated};
#[cfg(unix)]
pub use unix::Unix;

pub use guard::GuardMethod;

/// The operating system that this build runs on: `Unix`, elsewhere `Portable`, and `Host` under
/// Miri and loom.
#[cfg(any(miri, gomalloc_loom))]
pub type System = Host;
/// The operating system that this build runs on: `Unix`, elsewhere `Portable`, and `Host` under
/// Miri and loom.
#[cfg(all(unix, not(any(miri, gomalloc_loom))))]
pub type System = Unix;
/// The operating system that this build runs on: `Unix`, elsewhere `Portable`, and `Host` under
/// Miri and loom.
#[cfg(not(any(unix, miri, gomalloc_loom)))]
pub type System = Portable;

/// A wish about memory, which the system may ignore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Huge pages, where they fit (Go `sysHugePage`).
    HugePages,
    /// No huge pages (Go `sysNoHugePage`).
    NoHugePages,
    /// Huge pages at once (Go `sysHugePageCollapse`).
    Collapse,
}

/// What the layouts need of an operating system.
///
/// Sizes and addresses are multiples of [`Os::page_size`] unless said otherwise; sizes are not 0.
///
/// # Safety
///
/// A range that `reserve` or `alloc` returns belongs to the caller alone until it is freed. Memory
/// that `alloc` returned, or `map` accepted, may (through [`Os::backing`], if it lies in a reservation) be read and written through the pointer that
/// `alloc` or `reserve` returned for it, and reads as zero at first.
pub unsafe trait Os: Send + Sync {
    /// Reserved memory faults when it is touched, so it can serve as a guard.
    const PROTECTS: bool;

    /// [`Os::reserve`] goes where its hint says, if that is free.
    const HONOURS_HINTS: bool = true;

    /// Memory that [`Os::unused`] made Prepared reads as zero, like fresh memory.
    const UNUSED_IS_ZERO: bool = false;

    /// Bytes of a system page; 0 if unknown. The caller checks it.
    fn page_size(&self) -> usize;

    /// Bytes of a transparent huge page; 0 if there are none or nobody says.
    fn huge_page_size(&self) -> usize {
        0
    }

    /// The only addresses that [`Os::reserve`] ever returns, if there is such a restriction.
    fn window(&self) -> Option<(Addr, ByteCount)> {
        None
    }

    /// The end of the data segment as the process has moved it, where there is such a thing: memory
    /// that grows upward from there should find addresses.
    fn program_break(&self) -> Option<Addr> {
        None
    }

    /// The end of the data segment as it was linked, where that is known; else the break.
    fn data_end(&self) -> Option<Addr> {
        self.program_break()
    }

    /// Can a part of a reservation be freed? If not, what was reserved in one call is freed in one.
    fn frees_parts(&self) -> bool {
        true
    }

    /// None → Ready, zeroed, wherever the system likes.
    ///
    /// # Errors
    ///
    /// As the system answers.
    fn alloc(&self, bytes: ByteCount) -> Result<NonNull<u8>, Reason>;

    /// None → Reserved. The hint is only a hint: another address may come back.
    ///
    /// # Errors
    ///
    /// As the system answers.
    fn reserve(&self, hint: Option<Addr>, bytes: ByteCount) -> Result<NonNull<u8>, Reason>;

    /// None → Reserved, anywhere, at a multiple of `align` (a power of two). `None`: the system has no
    /// better way than to reserve more and to free what is too much, or to ask again.
    fn reserve_aligned(
        &self,
        bytes: ByteCount,
        align: ByteCount,
    ) -> Option<Result<NonNull<u8>, Reason>> {
        let _ = (bytes, align);
        None
    }

    /// Reserved → Prepared. On an error the range is Reserved as before.
    ///
    /// # Errors
    ///
    /// As the system answers.
    ///
    /// # Safety
    ///
    /// The caller owns the range and it is Reserved.
    unsafe fn map(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason>;

    /// Prepared → Ready. Ready parts stay as they are.
    ///
    /// # Errors
    ///
    /// As the system answers.
    ///
    /// # Safety
    ///
    /// The caller owns the range and it is Prepared or Ready.
    unsafe fn used(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason>;

    /// Ready → Prepared: the content is lost, reads give zeroes or old bytes.
    ///
    /// # Errors
    ///
    /// As the system answers.
    ///
    /// # Safety
    ///
    /// The caller owns the range, it is Prepared or Ready, and nothing refers to its content.
    unsafe fn unused(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason>;

    /// Prepared or Ready → Reserved: touching it faults from now on.
    ///
    /// # Errors
    ///
    /// As the system answers.
    ///
    /// # Safety
    ///
    /// As [`Os::unused`].
    unsafe fn fault(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason>;

    /// Any state → None. A range from `alloc` is freed whole.
    ///
    /// # Errors
    ///
    /// As the system answers; the range is as it was.
    ///
    /// # Safety
    ///
    /// The caller owns the range, and nothing refers to it.
    unsafe fn free(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), Reason>;

    /// Makes a part of Ready memory fault when it is touched; its state and its accounts stay. The
    /// pages around it may be given back and used meanwhile, the guard itself may not.
    ///
    /// # Errors
    ///
    /// [`Reason::Unsupported`] if the system has no such guards; [`Reason::OutOfMemory`] for
    /// [`GuardMethod::Protect`] if the process has too many mappings. Nothing changed.
    ///
    /// # Safety
    ///
    /// The caller owns the range, it is Ready, and nothing refers to its content, which is lost.
    unsafe fn guard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        let _ = (at, bytes, method);
        Err(Reason::Unsupported)
    }

    /// Undoes [`Os::guard`]: the range is Ready, of any content.
    ///
    /// # Errors
    ///
    /// As the system answers; the guard is in place.
    ///
    /// # Safety
    ///
    /// The caller owns the range, and it was guarded as a whole by this method.
    unsafe fn unguard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: GuardMethod,
    ) -> Result<(), Reason> {
        let _ = (at, bytes, method);
        Err(Reason::Unsupported)
    }

    /// How much of a range holds memory at the moment; `None` if the system does not tell.
    fn resident(&self, at: NonNull<u8>, bytes: ByteCount) -> Option<ByteCount> {
        let _ = (at, bytes);
        None
    }

    /// Moves the pages of one range to another without copying; what `from` reads as afterwards is
    /// undefined. States and accounts stay.
    ///
    /// # Errors
    ///
    /// [`Reason::Unsupported`] if the system cannot, and the caller copies.
    ///
    /// # Safety
    ///
    /// The caller owns both ranges, which are Prepared or Ready and disjoint; nothing refers to the
    /// content of `to`.
    unsafe fn remap(
        &self,
        from: NonNull<u8>,
        to: NonNull<u8>,
        bytes: ByteCount,
    ) -> Result<(), Reason> {
        let _ = (from, to, bytes);
        Err(Reason::Unsupported)
    }

    /// Gives a mapping a name that the system's tools show. Errors are ignored.
    fn name(&self, at: NonNull<u8>, bytes: ByteCount, name: &'static CStr) {
        let _ = (at, bytes, name);
    }

    /// Says what is wished for a range. Errors are ignored.
    ///
    /// # Safety
    ///
    /// The caller owns the range.
    unsafe fn advise(&self, at: NonNull<u8>, bytes: ByteCount, advice: Advice) {
        let _ = (at, bytes, advice);
    }

    /// Where reserved memory at `at` can be touched once it is mapped: there, except in a simulation, whose addresses
    /// are numbers. Tables that lie in a reservation are reached through this.
    #[inline(always)]
    fn backing(&self, at: NonNull<u8>, bytes: ByteCount) -> NonNull<u8> {
        let _ = bytes;
        at
    }
}
