//! The boundary to the operating system: its calls, with accounting per category.
//!
//! Shared by every thread that holds the layout; the counters are atomics and nothing else changes.
//! After Go 1.17 `mem.go`, with one departure: the address space that is only reserved is counted
//! too, so that everything can be seen to come back to zero.
#![expect(unsafe_code, reason = "passes on calls whose duties are the caller's")]
use crate::{Addr, ByteCount, Call, Category, Os, OsError, PageSizeError, Reason, Usage};
use core::ffi::CStr;
use core::ptr::NonNull;
use sync::atomic::{AtomicUsize, Ordering};

mod layout;
mod wish;

/// An operating system whose page sizes have been checked and whose memory is accounted.
///
/// # Invariants
///
/// * I1: `page` is a power of two from 4 KiB to 512 KiB; `huge` is 0 or a power of two up to 4 MiB.
/// * I2: after every call that succeeded, each counter holds what the calls made of it; a call that
///   failed changed none.
#[derive(Debug)]
pub struct Memory<O> {
    os: O,
    page: ByteCount,
    huge: ByteCount,
    reserved: AtomicUsize,
    mapped: [AtomicUsize; Category::ALL.len()],
    ready: AtomicUsize,
    /// No call makes more than this Prepared or Ready; `usize::MAX` for no limit.
    limit: AtomicUsize,
    /// Bytes of calls that have been let in and are not accounted yet.
    pending: AtomicUsize,
}

/// What reservations are called, where the system shows names.
const RESERVATION: &CStr = c"gomalloc: heap reservation";

/// Largest system page that the layouts can work with.
const MAX_PAGE_BYTES: usize = 512 << 10;
/// Smallest one.
const MIN_PAGE_BYTES: usize = 4 << 10;
/// A huge page above this is not used (one chunk of Go's page allocator).
const MAX_HUGE_PAGE_BYTES: usize = 4 << 20;

impl<O: Os> Memory<O> {
    /// Checks the page sizes, in the order of Go's `mallocinit`, and starts the accounts at zero.
    ///
    /// # Errors
    ///
    /// The first check that fails.
    pub fn new(os: O) -> Result<Self, PageSizeError> {
        let page = os.page_size();
        if page == 0 {
            return Err(PageSizeError::Unknown);
        }
        if page > MAX_PAGE_BYTES {
            return Err(PageSizeError::TooLarge(page));
        }
        if page < MIN_PAGE_BYTES {
            return Err(PageSizeError::TooSmall(page));
        }
        if !page.is_power_of_two() {
            return Err(PageSizeError::NotAPowerOfTwo(page));
        }
        let huge = os.huge_page_size();
        if huge != 0 && !huge.is_power_of_two() {
            return Err(PageSizeError::HugeNotAPowerOfTwo(huge));
        }
        let huge = if huge > MAX_HUGE_PAGE_BYTES { 0 } else { huge };
        Ok(Self {
            os,
            page: ByteCount::new(page),
            huge: ByteCount::new(huge),
            reserved: AtomicUsize::new(0),
            mapped: core::array::from_fn(|_| AtomicUsize::new(0)),
            ready: AtomicUsize::new(0),
            limit: AtomicUsize::new(usize::MAX),
            pending: AtomicUsize::new(0),
        })
    }

    /// Refuses from now on, as if the system were out of memory, whatever would make Prepared and
    /// Ready memory of all categories together more than this. `None`: no limit. What is mapped
    /// stays mapped.
    pub fn set_limit(&self, limit: Option<ByteCount>) {
        let limit = limit.map_or(usize::MAX, ByteCount::get);
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Makes a call that maps `bytes` bytes, and accounts for them, unless the limit forbids it.
    ///
    /// Bytes are counted as pending before, and until they are accounted, so that of two calls that
    /// do not both fit one is refused (or both are).
    fn within_limit<R>(
        &self,
        bytes: ByteCount,
        call: impl FnOnce() -> Result<R, Reason>,
    ) -> Result<R, Reason> {
        let limit = self.limit.load(Ordering::Relaxed);
        if limit == usize::MAX {
            return call();
        }
        // AcqRel: of two such additions one sees the other, and with it what was accounted before.
        let others = self.pending.fetch_add(bytes.get(), Ordering::AcqRel);
        let after = self
            .usage()
            .total()
            .get()
            .saturating_add(others)
            .saturating_add(bytes.get());
        let result = if after <= limit {
            call()
        } else {
            Err(Reason::OutOfMemory)
        };
        self.pending.fetch_sub(bytes.get(), Ordering::AcqRel);
        result
    }

    /// The operating system.
    #[inline]
    pub fn os(&self) -> &O {
        &self.os
    }

    /// The system's page: a power of two from 4 KiB to 512 KiB.
    #[inline]
    pub fn page_size(&self) -> ByteCount {
        self.page
    }

    /// The system's transparent huge page, at most 4 MiB; 0 if there is none.
    #[inline]
    pub fn huge_page_size(&self) -> ByteCount {
        self.huge
    }

    /// The accounts.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let load = |counter: &AtomicUsize| ByteCount::new(counter.load(Ordering::Relaxed));
        Usage {
            reserved: load(&self.reserved),
            mapped: core::array::from_fn(|category| load(&self.mapped[category])),
            ready: load(&self.ready),
        }
    }

    /// None → Ready: zeroed pages at the system's choice. Rounded up to system pages, and
    /// accounted so.
    ///
    /// # Errors
    ///
    /// What the system answers.
    pub fn alloc(&self, bytes: ByteCount, category: Category) -> Result<NonNull<u8>, OsError> {
        let refused = |reason| OsError {
            call: Call::Alloc,
            reason,
            address: Addr::NULL,
            bytes,
        };
        let rounded = bytes.align_up(self.page);
        let rounded = rounded.ok_or(refused(Reason::OutOfMemory))?;
        let alloc = || {
            let at = self.os.alloc(rounded)?;
            add(&self.mapped[category as usize], rounded);
            add(&self.ready, rounded);
            self.os.name(at, rounded, category.label());
            Ok(at)
        };
        self.within_limit(rounded, alloc).map_err(refused)
    }

    /// Gives back what [`Memory::alloc`] returned (Ready → None).
    ///
    /// # Errors
    ///
    /// What the system answers; the memory is as it was.
    ///
    /// # Safety
    ///
    /// `at`, `bytes` and `category` are those of the `alloc`; nothing refers to the memory.
    pub unsafe fn free(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        category: Category,
    ) -> Result<(), OsError> {
        let rounded = bytes.align_up(self.page).unwrap_or(bytes);
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.free(at, rounded) }.map_err(refused(Call::Free, at, rounded))?;
        sub(&self.mapped[category as usize], rounded);
        sub(&self.ready, rounded);
        Ok(())
    }

    /// None → Reserved, at the hint if the system likes. Whole system pages.
    ///
    /// # Errors
    ///
    /// What the system answers.
    pub fn reserve(&self, hint: Option<Addr>, bytes: ByteCount) -> Result<NonNull<u8>, OsError> {
        let at = self.os.reserve(hint, bytes).map_err(|reason| OsError {
            call: Call::Reserve,
            reason,
            address: hint.unwrap_or(Addr::NULL),
            bytes,
        })?;
        add(&self.reserved, bytes);
        self.os.name(at, bytes, RESERVATION);
        Ok(at)
    }

    /// Reserved → None.
    ///
    /// # Errors
    ///
    /// What the system answers; the range is as it was.
    ///
    /// # Safety
    ///
    /// The caller owns the range, all of it is Reserved, nothing refers to it.
    pub unsafe fn release(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), OsError> {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.free(at, bytes) }.map_err(refused(Call::Release, at, bytes))?;
        sub(&self.reserved, bytes);
        Ok(())
    }

    /// Reserved → Prepared. Whole system pages.
    ///
    /// # Errors
    ///
    /// What the system answers; the range is still Reserved.
    ///
    /// # Safety
    ///
    /// The caller owns the range and it is Reserved.
    pub unsafe fn map(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        category: Category,
    ) -> Result<(), OsError> {
        let map = || {
            // SAFETY: the caller's duty is the call's.
            unsafe { self.os.map(at, bytes) }?;
            sub(&self.reserved, bytes);
            add(&self.mapped[category as usize], bytes);
            self.os.name(at, bytes, category.label());
            Ok(())
        };
        self.within_limit(bytes, map)
            .map_err(refused(Call::Map, at, bytes))
    }

    /// Prepared → Ready. `prepared` is how much of the range was Prepared; the rest was Ready.
    ///
    /// # Errors
    ///
    /// What the system answers; accounts are as they were.
    ///
    /// # Safety
    ///
    /// The caller owns the range and it is Prepared or Ready; it is made of whole system pages.
    pub unsafe fn used(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        prepared: ByteCount,
    ) -> Result<(), OsError> {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.used(at, bytes) }.map_err(refused(Call::Used, at, bytes))?;
        add(&self.ready, prepared);
        Ok(())
    }

    /// Ready → Prepared: the content is lost. Go's "unaligned sysUnused" is an error here.
    ///
    /// # Errors
    ///
    /// What the system answers; [`Reason::Unaligned`] if these are not whole system pages.
    ///
    /// # Safety
    ///
    /// The caller owns the range, all of it is Ready, nothing refers to its content.
    pub unsafe fn unused(&self, at: NonNull<u8>, bytes: ByteCount) -> Result<(), OsError> {
        let mask = self.page.get() - 1;
        let refused = refused(Call::Unused, at, bytes);
        if (at.addr().get() | bytes.get()) & mask != 0 {
            return Err(refused(Reason::Unaligned));
        }
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.unused(at, bytes) }.map_err(refused)?;
        sub(&self.ready, bytes);
        Ok(())
    }

    /// Ready → Reserved: touching the range faults from now on.
    ///
    /// # Errors
    ///
    /// What the system answers.
    ///
    /// # Safety
    ///
    /// The caller owns the range, all of it is Ready and of `category`, nothing refers to it.
    pub unsafe fn fault(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        category: Category,
    ) -> Result<(), OsError> {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.os.fault(at, bytes) }.map_err(refused(Call::Fault, at, bytes))?;
        sub(&self.mapped[category as usize], bytes);
        sub(&self.ready, bytes);
        add(&self.reserved, bytes);
        Ok(())
    }

    /// Moves mapped bytes from one account to another: pages of the heap that became a stack.
    pub fn transfer(&self, bytes: ByteCount, from: Category, to: Category) {
        sub(&self.mapped[from as usize], bytes);
        add(&self.mapped[to as usize], bytes);
    }
}

/// Counters say how much, never whether memory may be touched: nothing is published through them,
/// so Relaxed is enough everywhere.
fn add(counter: &AtomicUsize, bytes: ByteCount) {
    counter.fetch_add(bytes.get(), Ordering::Relaxed);
}

fn sub(counter: &AtomicUsize, bytes: ByteCount) {
    counter.fetch_sub(bytes.get(), Ordering::Relaxed);
}

fn refused(call: Call, at: NonNull<u8>, bytes: ByteCount) -> impl Fn(Reason) -> OsError {
    move |reason| OsError {
        call,
        reason,
        address: Addr::of(at.as_ptr()),
        bytes,
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
