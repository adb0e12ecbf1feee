//! [`GoMalloc`]: the allocator as Rust's `#[global_allocator]`.
//!
//! Shared by every thread; a hit touches the calling thread's cache and nothing else, and takes no
//! lock.
//!
//! # Budget
//!
//! A pair of `alloc` and `dealloc` that hit, with a layout known at compile time: load the cache's
//! address, load and update one word, load (store) one slot pointer, each way, and one predicted
//! branch each: at most 26 instructions. The class comes from the layout, so nothing is looked up.
#![expect(unsafe_code, reason = "implements an unsafe trait")]
use crate::settings::{Scavenger, Settings};
use crate::{assembly, classes, slow, thread};
use cache::Cache;
use core::alloc::{GlobalAlloc, Layout};

/// The global allocator of a Rust program.
///
/// ```
/// #[global_allocator]
/// static A: gomalloc::GoMalloc = gomalloc::GoMalloc::new();
///
/// let words: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
/// assert!(gomalloc::stats().mallocs >= words.len() as u64);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GoMalloc {
    settings: Settings,
}

impl Default for GoMalloc {
    fn default() -> Self {
        Self::new()
    }
}

impl GoMalloc {
    /// The allocator with default settings: no limits, free memory goes back after a second, no
    /// thread is started. All values are the same allocator: its state is the process's, and the
    /// settings that count are those of the value that serves the first request.
    ///
    /// Each setting can be overruled by the environment variable `GOMALLOC`, as in
    /// `GOMALLOC=hard_limit=2GiB,decay_ms=250`, and at run time.
    ///
    /// ```
    /// use gomalloc::{GoMalloc, Scavenger};
    ///
    /// #[global_allocator]
    /// static A: GoMalloc = GoMalloc::new()
    ///     .hard_limit(2 << 30)
    ///     .decay_ms(250)
    ///     .scavenger(Scavenger::Thread);
    /// # fn main() {}
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            settings: Settings::DEFAULT,
        }
    }

    /// Mapped memory, metadata included, does not pass this many bytes: allocation fails instead.
    #[must_use]
    pub const fn hard_limit(mut self, bytes: usize) -> Self {
        self.settings.hard_limit = Some(bytes);
        self
    }

    /// Before resident memory passes this many bytes, free memory goes back to the system. What live
    /// data need is allocated nevertheless.
    #[must_use]
    pub const fn soft_limit(mut self, bytes: usize) -> Self {
        self.settings.soft_limit = Some(bytes);
        self
    }

    /// Free memory goes back to the system after this many milliseconds.
    #[must_use]
    pub const fn decay_ms(mut self, milliseconds: u32) -> Self {
        self.settings.decay_ms = milliseconds;
        self
    }

    /// Who gives idle memory back.
    #[must_use]
    pub const fn scavenger(mut self, scavenger: Scavenger) -> Self {
        self.settings.scavenger = scavenger;
        self
    }
}

// SAFETY: blocks are slots of in-use spans or whole runs, handed out once until they are freed, at
// least as large and as aligned as the layout asks (`classes`); no method unwinds.
unsafe impl GlobalAlloc for GoMalloc {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let class = classes::hit_class(layout);
        // SAFETY: the thread's own cache, or a shared one that always misses.
        let slot = unsafe { Cache::pop(thread::cache(), class.into()) };
        if !slot.is_null() {
            return slot;
        }
        alloc_miss(&self.settings, layout, class)
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let class = classes::hit_class(layout);
        // SAFETY: as in `alloc`; the caller gives up the block, which is of this class (class 0
        // has no room and misses).
        if unsafe { Cache::push(thread::cache(), class.into(), pointer) } {
            return;
        }
        // SAFETY: the caller's promise.
        unsafe { dealloc_miss(pointer, layout, class) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let class = classes::hit_class(layout);
        if class == 0 {
            assembly::start_up_with(&self.settings);
            return slow::alloc_layout_zeroed(layout);
        }
        // SAFETY: the caller's layout is not empty.
        let slot = unsafe { self.alloc(layout) };
        if !slot.is_null() {
            // SAFETY: the slot has at least `layout.size()` bytes and is ours alone.
            unsafe { slot.write_bytes(0, layout.size()) };
        }
        slot
    }

    /// In place if the old and the new layout have the same class, or if both are large and the
    /// run can be cut or stretched: `dealloc` finds the class from the layout, so a block never
    /// stays in a class that its layout does not name.
    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: `new_size` is not zero and does not overflow with the alignment: the caller's
        // promise.
        let new = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        let class = classes::hit_class(layout);
        if class != 0 && class == classes::hit_class(new) {
            return pointer;
        }
        // SAFETY: the caller's promise.
        unsafe { realloc_miss(pointer, layout, new) }
    }
}

#[cold]
#[inline(never)]
fn alloc_miss(settings: &Settings, layout: Layout, class: u8) -> *mut u8 {
    assembly::start_up_with(settings);
    match classes::small(class) {
        Some(class) => slow::alloc_small(class),
        None => slow::alloc_layout(layout),
    }
}

#[cold]
#[inline(never)]
unsafe fn dealloc_miss(pointer: *mut u8, layout: Layout, class: u8) {
    match classes::small(class) {
        // SAFETY: the caller's promise.
        Some(class) => unsafe { slow::free_small(class, pointer) },
        // SAFETY: the caller's promise.
        None => unsafe { slow::free_layout(pointer, layout) },
    }
}

#[cold]
#[inline(never)]
unsafe fn realloc_miss(pointer: *mut u8, old: Layout, new: Layout) -> *mut u8 {
    let (old_class, new_class) = (classes::class_of(old), classes::class_of(new));
    if old_class.is_some() && old_class == new_class {
        return pointer;
    }
    if old_class.is_none() && new_class.is_none() {
        // SAFETY: the caller owns the large block at `pointer`.
        if unsafe { slow::resize_large(pointer, new.size()) } {
            return pointer;
        }
    }
    // SAFETY: `new` is a layout that `alloc` accepts.
    let moved = unsafe { GoMalloc::new().alloc(new) };
    if !moved.is_null() {
        // SAFETY: both blocks have that many bytes, and a fresh block overlaps no live one.
        unsafe { moved.copy_from_nonoverlapping(pointer, old.size().min(new.size())) };
        // SAFETY: the caller gives up the old block, which `old` describes.
        unsafe { GoMalloc::new().dealloc(pointer, old) };
    }
    moved
}
