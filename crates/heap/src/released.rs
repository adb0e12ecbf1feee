//! Which pages hold no memory: one bit a page, in leaves of 64 MiB under a table of two levels.
//!
//! Belongs to the heap, whose lock protects it. A run knows how many of its pages are released; which
//! ones, when it is split, stands here, so that nothing is ever given back twice or used without
//! being asked for again. Fresh pages count as released (as since Go 1.13).
#![expect(unsafe_code, reason = "reads and writes leaves in metadata memory")]
use arena::{Addr, ByteCount, Category, Memory, Os, PageId, Persistent};
use core::ops::Range;
use core::ptr::{self, NonNull};

/// Pages of a leaf: 8,192 of 8 KiB are 64 MiB, an arena of 64-bit systems; 1 KiB of bits.
const LEAF_PAGES: usize = 1 << 13;
/// Leaves of a branch: 2,048 are 128 GiB.
const BRANCH: usize = 1 << 11;
/// Branches: 2,048 are 256 TiB, the addresses of 48 bits; on 32 bits the first one has them all.
const ROOT: usize = 1 << 11;

type Leaf = [u64; LEAF_PAGES / 64];
type Branch = [*mut Leaf; BRANCH];
type Root = [*mut Branch; ROOT];

/// One bit a page, 1 = released.
///
/// # Invariants
///
/// * I1: every pointer is null or to a table in persistent memory, which belongs to this value.
/// * I2: the bits of pages that were never covered are 0 (they have no leaf, or it says so).
#[derive(Debug)]
pub(crate) struct Released {
    root: *mut Root,
}

// SAFETY: the tables belong to this value (I1).
unsafe impl Send for Released {}

impl Released {
    pub(crate) const fn new() -> Self {
        Self {
            root: ptr::null_mut(),
        }
    }

    /// Makes the leaves for these pages. `None`: no memory, or addresses above 48 bits; the bits are
    /// as they were.
    pub(crate) fn cover<O: Os>(
        &mut self,
        pages: &Range<PageId>,
        persistent: &mut Persistent,
        memory: &Memory<O>,
    ) -> Option<()> {
        let first = pages.start.get() / LEAF_PAGES;
        let end = pages.end.get().div_ceil(LEAF_PAGES);
        if end > ROOT * BRANCH {
            return None;
        }
        if self.root.is_null() {
            self.root = table(persistent, memory)?.as_ptr();
        }
        for leaf in first..end {
            // SAFETY: I1, not null since above; the index is below `ROOT`.
            let branch = unsafe { &raw mut (*self.root)[leaf / BRANCH] };
            // SAFETY: as above.
            let branch = unsafe { made(branch, persistent, memory) }?;
            // SAFETY: I1; the index is below `BRANCH`.
            let place = unsafe { &raw mut (*branch.as_ptr())[leaf % BRANCH] };
            // SAFETY: as above.
            unsafe { made(place, persistent, memory) }?;
        }
        Some(())
    }

    /// How many of these pages are released.
    pub(crate) fn count(&self, pages: &Range<PageId>) -> usize {
        let mut count = 0;
        for (word, mask) in words(pages) {
            if let Some(word) = self.word(word) {
                // SAFETY: I1, and only `&mut self` writes.
                count += (unsafe { word.read() } & mask).count_ones() as usize;
            }
        }
        count
    }

    /// Marks pages that are covered as released.
    pub(crate) fn set(&mut self, pages: &Range<PageId>) {
        for (word, mask) in words(pages) {
            if let Some(word) = self.word(word) {
                // SAFETY: I1, and `&mut self` is the only access.
                unsafe { *word.as_ptr() |= mask };
            }
        }
    }

    /// Marks pages as holding memory.
    pub(crate) fn clear(&mut self, pages: &Range<PageId>) {
        for (word, mask) in words(pages) {
            if let Some(word) = self.word(word) {
                // SAFETY: I1, and `&mut self` is the only access.
                unsafe { *word.as_ptr() &= !mask };
            }
        }
    }

    /// The highest pages in a row that are covered and not released: the zeroes that end last.
    pub(crate) fn highest_held(&self, pages: &Range<PageId>) -> Option<Range<PageId>> {
        let mut end = None;
        for (word, mask) in words(pages).rev() {
            // SAFETY: I1, and only `&mut self` writes.
            let bits = self.word(word).map_or(!0, |word| unsafe { word.read() });
            let mut held = !bits & mask;
            let last = match end {
                Some(last) => last,
                None if held == 0 => continue,
                None => {
                    let last = word * 64 + 64 - held.leading_zeros() as usize;
                    end = Some(last);
                    last
                }
            };
            // Down from the end, is there a page in this word that is released or not asked for?
            let below = (last - word * 64).min(64);
            held |= u64::MAX
                .checked_shl(u32::try_from(below).unwrap_or(64))
                .unwrap_or(0);
            let row = held.leading_ones() as usize;
            if row < 64 {
                return Some(PageId::new(word * 64 + 64 - row)..PageId::new(last));
            }
        }
        end.map(|last| pages.start..PageId::new(last))
    }

    /// The word of 64 pages; `None` without a leaf.
    fn word(&self, word: usize) -> Option<NonNull<u64>> {
        const WORDS: usize = LEAF_PAGES / 64;
        let leaf = word / WORDS;
        // SAFETY: I1.
        let root = unsafe { self.root.as_ref() }?;
        // SAFETY: I1.
        let branch = unsafe { root.get(leaf / BRANCH)?.as_ref() }?;
        let leaf = NonNull::new(branch[leaf % BRANCH])?;
        // SAFETY: inside the leaf.
        Some(unsafe { leaf.cast::<u64>().add(word % WORDS) })
    }
}

/// The words that hold these pages, each with the mask of its part.
fn words(pages: &Range<PageId>) -> impl DoubleEndedIterator<Item = (usize, u64)> + use<> {
    let (start, end) = (pages.start.get(), pages.end.get());
    (start / 64..end.div_ceil(64)).map(move |word| {
        let low = start.saturating_sub(word * 64);
        let high = (end - word * 64).min(64);
        (word, (u64::MAX << low) & (u64::MAX >> (64 - high)))
    })
}

/// What stands in a place of a table, made if it was null.
///
/// # Safety
///
/// `place` is a place of a table and nobody else uses it.
unsafe fn made<T, O: Os>(
    place: *mut *mut T,
    persistent: &mut Persistent,
    memory: &Memory<O>,
) -> Option<NonNull<T>> {
    // SAFETY: the caller's duty.
    if let Some(there) = NonNull::new(unsafe { place.read() }) {
        return Some(there);
    }
    let fresh = table(persistent, memory)?;
    // SAFETY: the caller's duty.
    unsafe { place.write(fresh.as_ptr()) };
    Some(fresh)
}

/// A table of zeroes or null pointers.
fn table<T, O: Os>(persistent: &mut Persistent, memory: &Memory<O>) -> Option<NonNull<T>> {
    let bytes = ByteCount::new(size_of::<T>());
    let align = ByteCount::new(align_of::<T>());
    let at = persistent.alloc(memory, bytes, align, Category::Metadata);
    Some(at.ok()?.cast())
}

/// The pages of a run.
pub(crate) fn pages_of(addr: Addr, pages: usize) -> Range<PageId> {
    let first = addr.page();
    first..PageId::new(first.get() + pages)
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
