//! Units: addresses, page numbers, page counts and byte counts that cannot be mixed up.
//!
//! Plain values; nobody shares them. An [`Addr`] is a number that cannot be dereferenced: what can
//! be dereferenced stays a pointer. Arithmetic is checked and says so with `Option`.
use core::fmt;

/// log2 of [`PAGE_BYTES`].
pub const PAGE_SHIFT: u32 = 13;

/// The heap's page: 8 KiB (Go `pageSize`), whatever the system's page is.
pub const PAGE_BYTES: usize = 1 << PAGE_SHIFT;

/// An address of this process, or of a simulated one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Addr(usize);

impl Addr {
    /// Address 0, which no memory has.
    pub const NULL: Self = Self(0);

    /// The address of this number.
    #[inline]
    #[must_use]
    pub const fn new(address: usize) -> Self {
        Self(address)
    }

    /// Where a pointer points, without its right to be dereferenced.
    #[inline]
    #[must_use]
    pub fn of<T: ?Sized>(pointer: *const T) -> Self {
        Self(pointer.addr())
    }

    /// The number.
    #[inline]
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }

    /// The heap page that contains this address.
    #[inline]
    #[must_use]
    pub const fn page(self) -> PageId {
        PageId(self.0 >> PAGE_SHIFT)
    }

    /// The address `bytes` further up; `None` past the end of the numbers.
    #[inline]
    #[must_use]
    pub const fn checked_add(self, bytes: ByteCount) -> Option<Self> {
        match self.0.checked_add(bytes.0) {
            Some(address) => Some(Self(address)),
            None => None,
        }
    }

    /// The address `bytes` further down; `None` below 0.
    #[inline]
    #[must_use]
    pub const fn checked_sub(self, bytes: ByteCount) -> Option<Self> {
        match self.0.checked_sub(bytes.0) {
            Some(address) => Some(Self(address)),
            None => None,
        }
    }

    /// How far this address lies above `base`; `None` if below.
    #[inline]
    #[must_use]
    pub const fn bytes_above(self, base: Self) -> Option<ByteCount> {
        match self.0.checked_sub(base.0) {
            Some(bytes) => Some(ByteCount(bytes)),
            None => None,
        }
    }

    /// The next multiple of `align` (a power of two) at or above; `None` past the end.
    #[inline]
    #[must_use]
    pub const fn align_up(self, align: ByteCount) -> Option<Self> {
        match ByteCount(self.0).align_up(align) {
            Some(bytes) => Some(Self(bytes.0)),
            None => None,
        }
    }

    /// Is it a multiple of `align` (a power of two)?
    #[inline]
    #[must_use]
    pub const fn is_aligned(self, align: ByteCount) -> bool {
        self.0 & align.0.wrapping_sub(1) == 0
    }
}

/// The number of a heap page: its address divided by [`PAGE_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct PageId(usize);

impl PageId {
    /// The page of this number.
    #[inline]
    #[must_use]
    pub const fn new(number: usize) -> Self {
        Self(number)
    }

    /// The number.
    #[inline]
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }

    /// The first address of the page.
    #[inline]
    #[must_use]
    pub const fn addr(self) -> Addr {
        Addr(self.0 << PAGE_SHIFT)
    }

    /// The page `pages` further up; `None` past the end of the address space.
    #[inline]
    #[must_use]
    pub const fn checked_add(self, pages: PageCount) -> Option<Self> {
        match self.0.checked_add(pages.0) {
            Some(number) if number <= usize::MAX >> PAGE_SHIFT => Some(Self(number)),
            _ => None,
        }
    }
}

/// A number of heap pages of 8 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct PageCount(usize);

impl PageCount {
    /// This many pages.
    #[inline]
    #[must_use]
    pub const fn new(pages: usize) -> Self {
        Self(pages)
    }

    /// The number of pages.
    #[inline]
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }

    /// Their bytes; `None` if that is no number of bytes.
    #[inline]
    #[must_use]
    pub const fn bytes(self) -> Option<ByteCount> {
        match self.0.checked_mul(PAGE_BYTES) {
            Some(bytes) => Some(ByteCount(bytes)),
            None => None,
        }
    }

    /// The sum; `None` on overflow.
    #[inline]
    #[must_use]
    pub const fn checked_add(self, more: Self) -> Option<Self> {
        match self.0.checked_add(more.0) {
            Some(pages) => Some(Self(pages)),
            None => None,
        }
    }

    /// The difference; `None` below 0.
    #[inline]
    #[must_use]
    pub const fn checked_sub(self, less: Self) -> Option<Self> {
        match self.0.checked_sub(less.0) {
            Some(pages) => Some(Self(pages)),
            None => None,
        }
    }
}

/// A number of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct ByteCount(usize);

impl ByteCount {
    /// No bytes.
    pub const ZERO: Self = Self(0);

    /// This many bytes.
    #[inline]
    #[must_use]
    pub const fn new(bytes: usize) -> Self {
        Self(bytes)
    }

    /// This many KiB, which must be a number of bytes: for constants.
    ///
    /// # Panics
    ///
    /// On overflow; in a constant that is a compile error.
    #[must_use]
    pub const fn kib(kib: usize) -> Self {
        match kib.checked_mul(1 << 10) {
            Some(bytes) => Self(bytes),
            None => panic!("more KiB than there are addresses"),
        }
    }

    /// This many MiB, which must be a number of bytes: for constants.
    ///
    /// # Panics
    ///
    /// On overflow; in a constant that is a compile error.
    #[must_use]
    pub const fn mib(mib: usize) -> Self {
        match mib.checked_mul(1 << 20) {
            Some(bytes) => Self(bytes),
            None => panic!("more MiB than there are addresses"),
        }
    }

    /// The number of bytes.
    #[inline]
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }

    /// Is it none at all?
    #[inline]
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum; `None` on overflow.
    #[inline]
    #[must_use]
    pub const fn checked_add(self, more: Self) -> Option<Self> {
        match self.0.checked_add(more.0) {
            Some(bytes) => Some(Self(bytes)),
            None => None,
        }
    }

    /// The difference; `None` below 0.
    #[inline]
    #[must_use]
    pub const fn checked_sub(self, less: Self) -> Option<Self> {
        match self.0.checked_sub(less.0) {
            Some(bytes) => Some(Self(bytes)),
            None => None,
        }
    }

    /// The difference, or 0.
    #[inline]
    #[must_use]
    pub const fn saturating_sub(self, less: Self) -> Self {
        Self(self.0.saturating_sub(less.0))
    }

    /// The next multiple of `align` (a power of two); `None` on overflow.
    #[inline]
    #[must_use]
    pub const fn align_up(self, align: Self) -> Option<Self> {
        let mask = align.0.wrapping_sub(1);
        match self.0.checked_add(mask) {
            Some(bytes) => Some(Self(bytes & !mask)),
            None => None,
        }
    }

    /// The multiple of `align` (a power of two) at or below.
    #[inline]
    #[must_use]
    pub const fn align_down(self, align: Self) -> Self {
        Self(self.0 & !align.0.wrapping_sub(1))
    }

    /// How many heap pages hold this many bytes.
    #[inline]
    #[must_use]
    pub const fn pages_up(self) -> PageCount {
        PageCount(self.0.div_ceil(PAGE_BYTES))
    }

    /// How many whole heap pages these bytes fill.
    #[inline]
    #[must_use]
    pub const fn pages_down(self) -> PageCount {
        PageCount(self.0 >> PAGE_SHIFT)
    }
}

impl fmt::Debug for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Addr({:#x})", self.0)
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl fmt::Debug for ByteCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByteCount({:#x})", self.0)
    }
}

impl fmt::Display for ByteCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
