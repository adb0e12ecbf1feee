//! Blocks with a pattern in each that no other block has: whatever the allocator hands out twice,
//! moves or tears is found when the block is looked at again.
//!
//! Belongs to one thread at a time, and may be sent to another one. Shared by the tests and by the
//! soak program.
use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicU64, Ordering};
use gomalloc::{GoMalloc, c};

const A: GoMalloc = GoMalloc::new();

/// Numbers all blocks of the process.
static BLOCKS: AtomicU64 = AtomicU64::new(1);

/// Bytes up to which every word of a block is written; of the rest, one in [`STRIDE`].
const DENSE: usize = 4096;
/// Bytes from one checked word of a long block to the next: eight on each OS page.
const STRIDE: usize = 512;
const WORD: usize = size_of::<u64>();

/// A block that is in use.
#[derive(Debug)]
pub(crate) struct Block {
    pointer: *mut u8,
    layout: Layout,
    number: u64,
    way: Way,
}

/// Which family of functions a block came from, and goes back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// [`GlobalAlloc`].
    Rust,
    /// [`c`].
    C,
}

// SAFETY: the block is the value's alone, and any thread may free it.
unsafe impl Send for Block {}

impl Block {
    /// A block with its pattern in it; `None` if the allocator has none.
    pub(crate) fn alloc(size: usize, align: usize) -> Option<Self> {
        let layout = Layout::from_size_align(size, align).ok()?;
        // SAFETY: this allocator serves empty layouts, too.
        let pointer = unsafe { A.alloc(layout) };
        Self::of(pointer, layout, Way::Rust)
    }

    /// As [`Block::alloc`]; checks first that every byte is zero.
    pub(crate) fn zeroed(size: usize, align: usize) -> Option<Self> {
        let layout = Layout::from_size_align(size, align).ok()?;
        // SAFETY: this allocator serves empty layouts, too.
        let pointer = unsafe { A.alloc_zeroed(layout) };
        check_zero(pointer, size);
        Self::of(pointer, layout, Way::Rust)
    }

    /// As [`Block::alloc`], by `malloc` or `aligned_alloc`.
    pub(crate) fn c(size: usize, align: usize) -> Option<Self> {
        let natural = if size > 8 { 16 } else { 8 };
        let pointer = if align <= natural {
            c::malloc(size)
        } else {
            c::aligned(align, size)
        };
        let layout = Layout::from_size_align(size, align.max(natural)).ok()?;
        Self::of(pointer, layout, Way::C)
    }

    /// As [`Block::zeroed`], by `calloc`.
    pub(crate) fn c_zeroed(size: usize) -> Option<Self> {
        let pointer = c::calloc(size, 1);
        check_zero(pointer, size);
        let layout = Layout::from_size_align(size, if size > 8 { 16 } else { 8 }).ok()?;
        Self::of(pointer, layout, Way::C)
    }

    fn of(pointer: *mut u8, layout: Layout, way: Way) -> Option<Self> {
        if pointer.is_null() {
            return None;
        }
        assert_eq!(
            pointer.addr() % layout.align(),
            0,
            "{pointer:?}, {layout:?}"
        );
        if way == Way::C {
            let usable = c::usable_size(pointer);
            assert!(
                usable.is_ok_and(|bytes| bytes >= layout.size()),
                "{layout:?}"
            );
        }
        let number = BLOCKS.fetch_add(1, Ordering::Relaxed);
        let block = Self {
            pointer,
            layout,
            number,
            way,
        };
        block.fill();
        Some(block)
    }

    /// Bytes asked for.
    pub(crate) fn size(&self) -> usize {
        self.layout.size()
    }

    /// The first `bytes` of the block have the pattern, or the process ends by a panic.
    fn check_first(&self, bytes: usize) {
        for at in places(bytes) {
            // SAFETY: inside the block, and written by `fill`.
            let found = unsafe { self.pointer.wrapping_add(at).cast::<u64>().read_unaligned() };
            assert_eq!(found, self.pattern(at), "word at byte {at} of {self:?}");
        }
        for at in tail(bytes) {
            // SAFETY: as above.
            let found = unsafe { self.pointer.wrapping_add(at).read() };
            assert_eq!(found, self.tail_pattern(), "byte {at} of {self:?}");
        }
    }

    /// The block has its pattern still.
    pub(crate) fn check(&self) {
        self.check_first(self.size());
    }

    fn fill(&self) {
        for at in places(self.size()) {
            let place = self.pointer.wrapping_add(at).cast::<u64>();
            // SAFETY: inside the block, which is the value's alone.
            unsafe { place.write_unaligned(self.pattern(at)) };
        }
        for at in tail(self.size()) {
            // SAFETY: as above.
            unsafe { self.pointer.wrapping_add(at).write(self.tail_pattern()) };
        }
    }

    /// Where the block lies is no part of it, so that a moved block keeps it.
    fn pattern(&self, at: usize) -> u64 {
        (self.number << 20).wrapping_add(at as u64) ^ 0xa5a5_5a5a_c3c3_3c3c
    }

    fn tail_pattern(&self) -> u8 {
        self.number.to_le_bytes()[0] ^ 0x5a
    }

    /// Makes the block `size` bytes long, and checks that what both lengths have was kept. `false`:
    /// the allocator has no memory, and the block is as it was.
    pub(crate) fn resize(&mut self, size: usize) -> bool {
        self.check();
        let moved = match self.way {
            // SAFETY: the block has this layout; the callers' sizes are not 0 and don't overflow.
            Way::Rust => unsafe { A.realloc(self.pointer, self.layout, size) },
            // SAFETY: the block is the value's, and came from this family.
            Way::C => unsafe { c::realloc(self.pointer, size) }.unwrap(),
        };
        if moved.is_null() {
            self.check();
            return false;
        }
        let align = match self.way {
            Way::Rust => self.layout.align(),
            // C's `realloc` knows nothing of the old block's alignment.
            Way::C if size > 8 => 16,
            Way::C => 8,
        };
        assert_eq!(moved.addr() % align, 0, "{moved:?}, {self:?}");
        let kept = self.size().min(size);
        self.pointer = moved;
        // Of a block that was cut only whole checked words are compared.
        if kept == self.size() {
            self.check_first(kept);
        } else {
            self.check_words(kept);
        }
        self.layout = Layout::from_size_align(size, align).unwrap();
        self.fill();
        true
    }

    fn check_words(&self, bytes: usize) {
        for at in places(self.size()).filter(|at| at + WORD <= bytes) {
            // SAFETY: inside the block, and written by `fill`.
            let found = unsafe { self.pointer.wrapping_add(at).cast::<u64>().read_unaligned() };
            assert_eq!(found, self.pattern(at), "word at byte {at} of {self:?}");
        }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.check();
        match self.way {
            // SAFETY: allocated with this layout, and the value's alone.
            Way::Rust => unsafe { A.dealloc(self.pointer, self.layout) },
            // SAFETY: allocated by this family, and the value's alone.
            Way::C => unsafe { c::free(self.pointer) }.unwrap(),
        }
    }
}

/// Every byte of a fresh block reads as zero; nothing is looked at if there is none.
fn check_zero(pointer: *const u8, size: usize) {
    if pointer.is_null() {
        return;
    }
    // SAFETY: the block has `size` bytes, and they are initialised.
    let bytes = unsafe { core::slice::from_raw_parts(pointer, size) };
    // A word at a time: large blocks are looked at in builds without optimisation.
    // SAFETY: all bit patterns are numbers.
    let (head, words, tail) = unsafe { bytes.align_to::<u64>() };
    let zero = words.iter().all(|&word| word == 0);
    let zero = zero && head.iter().chain(tail).all(|&byte| byte == 0);
    assert!(zero, "{size} zeroed bytes at {pointer:?} are not zero");
}

/// Where the words of a block of this size are.
fn places(size: usize) -> impl Iterator<Item = usize> {
    let dense = (0..size.min(DENSE) / WORD).map(|word| word * WORD);
    let sparse = (DENSE..(size / WORD * WORD).max(DENSE)).step_by(STRIDE);
    let last = (size > DENSE).then(|| (size - WORD) / WORD * WORD);
    dense.chain(sparse).chain(last)
}

/// The bytes behind the last whole word.
fn tail(size: usize) -> core::ops::Range<usize> {
    size / WORD * WORD..size
}

/// Random numbers that a seed repeats (G. Marsaglia, "Xorshift RNGs", 2003; the starred variant).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        // Neighbouring seeds must not begin alike, and zero never leaves zero.
        let spread = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self(spread | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 16) as usize % bound
    }

    /// A size as programs have them: most are short, few are long, all below 1 MiB.
    pub(crate) fn size(&mut self) -> usize {
        let largest = match self.below(1000) {
            0..700 => 256,
            700..930 => 2048,
            930..990 => 32 << 10,
            990..999 => 200 << 10,
            _ => 1 << 20,
        };
        1 + self.below(largest)
    }
}
