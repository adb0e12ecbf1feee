//! The allocator of the Go runtime as a Rust global allocator, with explicit free from any thread.
//!
//! ```
//! #[global_allocator]
//! static A: gomalloc::GoMalloc = gomalloc::GoMalloc::new();
//!
//! fn main() {
//!     let text = String::from("served by gomalloc");
//!     assert!(gomalloc::stats().mallocs > 0);
//!     println!("{text}");
//! }
//! ```
//!
//! This crate is the thin top of a family: it names the concrete types, holds the statics of the
//! process, and passes requests to the layers, each of which can be used alone. What follows is the
//! story that the layers' own pages refer to.
//!
//! # Glossary
//!
//! | word | meaning | home |
//! |---|---|---|
//! | *page* | 8 KiB, the heap's unit, whatever the system's page is (that one is the *OS page*) | [`arena`] |
//! | *arena* | 64 MiB of address space with a table of its pages | [`arena`] |
//! | *run* | pages that lie side by side | [`heap`] |
//! | *size class* | one of 67 slot sizes up to 32 KiB; class 0 stands for everything larger | [`sizeclass`] |
//! | *span* | a run cut into slots of one class, or one large block, or stacks | [`heap`] |
//! | *slot* | the place of one object in a span | [`heap`] |
//! | *magazine* | a cache's array of free slots of one class | [`cache`] |
//! | *exchange* | the list of one class's spans that have free slots | [`central`] |
//!
//! # The climb of an allocation
//!
//! 1. The layout's size, rounded up to its alignment, picks a byte of a 4 KiB table: the class.
//!    Larger than 32 KiB, or aligned to more than a slot can be: straight to step 5.
//! 2. The calling thread's [`cache`] pops a slot off that class's magazine. This is the hit: no lock,
//!    no lookup, no touch of the object's memory. One addition takes the slot and counts it.
//! 3. Magazine empty: the [`central`] exchange of the class fills it. It takes free slots out of the
//!    free bits of the first spans on its list, under the class's lock.
//! 4. No span with free slots: the [`heap`] hands over a fresh one, a run of as many pages as the
//!    class's table says, the best fit among the free runs, with its header and page table entries.
//! 5. A large block is a run of its own; the heap remembers whether its memory is still zero.
//! 6. No run is long enough: the address space grows by an [`arena`] at the next hint address, and
//!    the new pages join the free runs beside them.
//! 7. The system says no: the caller gets null, and nothing is lost.
//!
//! # The descent of a free
//!
//! 1. Rust passes the layout, which names the class; C's `free` reads the class byte of the
//!    pointer's page. Class 0 goes to step 4.
//! 2. The slot is pushed on the calling thread's magazine, whichever thread allocated it.
//! 3. Magazine full: half of it goes back. Slots that belong to one span become one mask, which is
//!    OR-ed into the span's free bits without a lock; a bit that is already set is a double free, and
//!    the process ends with one line. Only the group that makes a full span usable again, or a span
//!    wholly free, takes the class's lock.
//! 4. Wholly free spans and large blocks are runs again: they merge with free neighbours, are reused
//!    first, and their memory goes back to the system when they have been idle.
//!
//! # What is checked
//!
//! By default a wrong pointer ends the process with one line at the free or, on the fast paths, when
//! the magazine is given back: foreign pointers, pointers into the middle of a block, double frees,
//! a layout of another class than the block's. What can't be seen: a block that is freed twice and
//! was handed out again in between, and two frees of one block that both still sit in magazines when
//! it is handed out.
//!
//! # Features
//!
//! * `contiguous`: address space is laid out as in Go up to 1.10, in one block, instead of in arenas.
//! * `initial-exec`: the thread's cache pointer lives in initial-exec thread-local storage (x86-64
//!   Linux; ignored elsewhere). For the C library; a program gains nothing by it.
#![deny(unsafe_code)]

mod assembly;
pub mod c;
mod classes;
#[cfg_attr(unix, path = "fork/unix.rs")]
#[cfg_attr(not(unix), path = "fork/none.rs")]
mod fork;
mod global;
#[cfg_attr(feature = "contiguous", path = "layout/contiguous.rs")]
#[cfg_attr(not(feature = "contiguous"), path = "layout/sparse.rs")]
mod layout;
mod maintain;
mod misuse;
mod once;
mod settings;
mod slow;
mod stacks;
mod stats;
mod thread;

pub use assembly::stacks;
pub use global::GoMalloc;
pub use settings::Scavenger;
pub use stacks::{HeapSource, HeapStacks};
pub use stats::{
    BySize, CLASSES, Stats, flush_thread_cache, release_memory, set_hard_limit, set_soft_limit,
    stats,
};
pub use sync::fatal;
pub use {arena, cache, central, heap, sizeclass, stackpool, sync};

#[cfg(test)]
#[global_allocator]
static TESTED: GoMalloc = GoMalloc::new();
