//! Address space and operating-system memory the way the Go runtime manages them.
//!
//! Bottom to top: [`Os`] is the seam to the operating system, a state machine over address ranges
//! (None → Reserved → Prepared → Ready and back). [`Memory`] puts accounting per [`Category`] and
//! the page-size checks in front of it. [`AddressSpace`] is what the heap above grows out of and
//! looks addresses up in; [`Sparse`] implements it with Go's arenas (Go 1.11 and later),
//! [`Contiguous`] with one block (up to Go 1.10). The metadata allocators [`Persistent`] and
//! [`Fixed`] give memory that lies outside the heap.
//!
//! All state lives in values; dropping a layout unmaps whatever it holds.
#![no_std]
#![deny(unsafe_code)]

#[cfg(any(test, miri, gomalloc_loom, feature = "host"))]
extern crate std;

mod bitmap;
mod category;
mod contiguous;
mod error;
mod flat;
mod hint;
mod limits;
mod map;
mod memory;
mod meta;
mod os;
mod platform;
mod space;
mod sparse;
mod stray;
#[cfg(all(test, not(gomalloc_loom)))]
mod testing;
mod unit;

pub use bitmap::{Bitmap, BitmapError, HeapBitmap, WordBits};
pub use category::{Category, Usage};
pub use contiguous::{Contiguous, ContiguousConfig, MapBitmap, Regions, Reserve};
pub use error::{Call, GrowError, LayoutError, OsError, PageSizeError, Reason, Unusable};
pub use hint::{Direction, Hint, HintPolicy};
pub use memory::Memory;
pub use meta::{Fixed, Persistent, Reuse};
#[cfg(any(
    not(unix),
    feature = "portable",
    all(test, not(any(miri, gomalloc_loom)))
))]
pub use os::Portable;
pub use os::System;
#[cfg(unix)]
pub use os::Unix;
pub use os::{Advice, GuardMethod, Os};
#[cfg(any(test, miri, gomalloc_loom, feature = "host"))]
pub use os::{Event, Failing, Host, Simulated};
#[cfg(target_pointer_width = "64")]
pub use platform::{
    Aix, Aix12, Ios, Riscv64Sv39, Unix64, UnixAmd64, UnixArm64, WindowsAmd64, WindowsArm64,
};
pub use platform::{Bits32, HINT_NUMBERS, Mips32, Native, Platform, Wasm, Wasm11, Wasm13, Window};
pub use space::{AddressSpace, Growth, PageEntry};
pub use sparse::{Sparse, SparseConfig};
pub use unit::{Addr, ByteCount, PAGE_BYTES, PAGE_SHIFT, PageCount, PageId};
