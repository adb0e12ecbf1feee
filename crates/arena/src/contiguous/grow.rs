//! Growth of the contiguous layout: upward in the block, then behind it, then wherever the system
//! likes.
//!
//! Everything here runs under the layout's lock. A failure at any point leaves the layout as it
//! was, apart from tables that are mapped further than needed. After Go 1.10 `mheap.sysAlloc` and
//! `setArenaUsed`.
#![expect(unsafe_code, reason = "maps memory")]
use super::ground::{Account, Hold};
use super::plan::Plan;
use super::{Contiguous, Inner, MapBitmap};
use crate::{
    Addr, ByteCount, Call, Category, GrowError, Growth, Os, OsError, PAGE_BYTES, PageCount,
    Platform, Reason, limits,
};
use core::ptr::NonNull;
use sync::atomic::{AtomicPtr, AtomicU8, Ordering};

/// The arena's end grows by multiples of this (Go: 256 MiB), for fewer calls and fewer pieces.
const EXTENSION: ByteCount = ByteCount::new(limits::EXTENSION_BYTES);

/// No more than this is left behind when the arena goes on elsewhere (Go `strandLimit`).
const STRAND_LIMIT: usize = 16 << 20;

impl<O: Os, P: Platform> Contiguous<O, P> {
    pub(super) fn grow_locked(
        &self,
        inner: &mut Inner,
        pages: PageCount,
    ) -> Result<Growth, GrowError> {
        let too_large = GrowError::TooLarge(pages.get());
        if pages.get() == 0 {
            return Err(GrowError::Zero);
        }
        let unit = ByteCount::new(self.memory.page_size().get().max(PAGE_BYTES));
        let needed = pages.bytes().and_then(|bytes| bytes.align_up(unit));
        let needed = needed.ok_or(too_large)?;
        let step = self.config.step.get().max(unit.get());
        let step = step.checked_next_power_of_two().map(ByteCount::new);
        let wanted = step.and_then(|step| needed.align_up(step));
        inner.ground.strays.retry(&self.memory);
        let base = match wanted {
            // The last step may be longer than what is left.
            Some(wanted) if wanted > needed => self
                .alloc(inner, wanted)
                .map(|base| (base, wanted))
                .or_else(|_| self.alloc(inner, needed).map(|base| (base, needed))),
            _ => self.alloc(inner, needed).map(|base| (base, needed)),
        };
        let (base, bytes) = base?;
        inner.grown += bytes.get();
        Ok(Growth {
            base,
            pages: bytes.pages_down(),
        })
    }

    /// Go `sysAlloc`: `bytes` is made of whole heap pages and whole system pages.
    fn alloc(&self, inner: &mut Inner, bytes: ByteCount) -> Result<NonNull<u8>, GrowError> {
        let mut refused = None;
        if bytes.get() > inner.end - inner.alloc {
            refused = self.extend(inner, bytes).err();
        }
        // The slack behind the largest arena has no entries.
        if bytes.get() <= inner.end - inner.alloc && self.fits(inner.alloc, bytes) {
            return self.alloc_in_arena(inner, bytes);
        }
        if !Plan::<P>::TAKES_ANY_ADDRESS {
            let exhausted = OsError {
                call: Call::Reserve,
                reason: Reason::OutOfMemory,
                address: Addr::new(inner.end),
                bytes,
            };
            return Err(GrowError::AddressSpace(refused.unwrap_or(exhausted)));
        }
        self.alloc_anywhere(inner, bytes)
    }

    /// Does `base..base + bytes` have offsets that the tables were planned for?
    fn fits(&self, base: usize, bytes: ByteCount) -> bool {
        let end = base.checked_add(bytes.get() - 1);
        let fits = |end: usize| end - self.start <= Plan::<P>::MAX_OFFSET;
        base >= self.start && end.is_some_and(fits)
    }

    /// Reserves more address space behind the end. It may lie elsewhere; then it is taken in place
    /// of what is left, if that is little, or given back. An error is the system's.
    fn extend(&self, inner: &mut Inner, bytes: ByteCount) -> Result<(), OsError> {
        let slack = bytes.checked_add(ByteCount::new(PAGE_BYTES));
        let Some(size) = slack.and_then(|bytes| bytes.align_up(EXTENSION)) else {
            return Ok(());
        };
        if !self.fits(inner.end, size) {
            return Ok(());
        }
        // The end of a block may be no system page, if those are larger than the slack.
        let hint = Addr::new(inner.end).align_up(self.memory.page_size());
        let base = inner.ground.reserve(&self.memory, hint, size)?;
        let at = base.addr().get();
        if at == inner.end {
            inner.end += size.get();
            inner.hold = Hold::Reserved;
        } else if self.fits(at, size) && inner.end - inner.alloc < STRAND_LIMIT {
            inner.end = at + size.get();
            inner.alloc = at.next_multiple_of(PAGE_BYTES);
            inner.hold = Hold::Reserved;
            inner.around = base;
        } else {
            inner.ground.drop_last(&self.memory);
        }
        Ok(())
    }

    /// Hands out the next `bytes` of the arena, which has them.
    fn alloc_in_arena(
        &self,
        inner: &mut Inner,
        bytes: ByteCount,
    ) -> Result<NonNull<u8>, GrowError> {
        let (base, end) = (inner.alloc, inner.alloc + bytes.get());
        if !base.is_multiple_of(PAGE_BYTES) {
            let (base, align) = (Addr::new(base), ByteCount::new(PAGE_BYTES));
            return Err(GrowError::Misrounded { base, align });
        }
        self.map_tables(inner, end)?;
        let address = core::num::NonZeroUsize::new(base);
        let at = address.map_or(inner.around, |address| inner.around.with_addr(address));
        let account = Account::Pages(Category::Heap);
        // SAFETY: `alloc..end` is the arena's, and not mapped yet.
        let mapped = unsafe {
            inner
                .ground
                .map(&self.memory, inner.hold, at, bytes, account)
        };
        let at = mapped.map_err(GrowError::OutOfMemory)?;
        inner.alloc = end;
        self.publish(end);
        Ok(at)
    }

    /// On 32 bits, where any address has an entry: whatever the system gives.
    fn alloc_anywhere(
        &self,
        inner: &mut Inner,
        bytes: ByteCount,
    ) -> Result<NonNull<u8>, GrowError> {
        let page = self.memory.page_size();
        let size = bytes.checked_add(ByteCount::new(PAGE_BYTES));
        let size = size.and_then(|size| size.align_up(page));
        let size = size.ok_or(GrowError::TooLarge(bytes.pages_up().get()))?;
        let base = inner.ground.reserve(&self.memory, None, size);
        let base = base.map_err(GrowError::AddressSpace)?;
        let result = self.alloc_from(inner, base, size, bytes);
        if result.is_err() {
            inner.ground.drop_last(&self.memory);
        }
        result
    }

    /// Hands out `bytes` of a range of `size` that was reserved last.
    fn alloc_from(
        &self,
        inner: &mut Inner,
        base: NonNull<u8>,
        size: ByteCount,
        bytes: ByteCount,
    ) -> Result<NonNull<u8>, GrowError> {
        let address = base.addr().get();
        if !self.fits(address, size) {
            return Err(GrowError::OutsideRange {
                base: Addr::new(address),
                low: Addr::new(self.start),
                high: Addr::new(self.start.saturating_add(Plan::<P>::MAX_OFFSET)),
            });
        }
        let head = address.next_multiple_of(PAGE_BYTES) - address;
        // SAFETY: `head + bytes <= size`.
        let at = unsafe { base.add(head) };
        let end = address + head + bytes.get();
        self.map_tables(inner, end)?;
        let account = Account::Pages(Category::Heap);
        // SAFETY: reserved just now.
        let mapped = unsafe {
            inner
                .ground
                .map(&self.memory, Hold::Reserved, at, bytes, account)
        };
        let at = mapped.map_err(GrowError::OutOfMemory)?;
        self.publish(end);
        Ok(at)
    }

    /// Maps the tables for everything below `end`: bitmap first (if it is wanted), then spans and
    /// tags, all before `end` is published.
    fn map_tables(&self, inner: &mut Inner, end: usize) -> Result<(), GrowError> {
        let offset = end - self.start;
        if offset <= self.used.load(Ordering::Relaxed) {
            return Ok(());
        }
        if self.config.bitmap == MapBitmap::WithGrowth {
            self.map_bits(inner, offset)?;
        }
        let pages = offset.div_ceil(PAGE_BYTES);
        let fresh = inner
            .spans
            .map_to(&self.memory, &mut inner.ground, pages * Self::SPAN_BYTES)
            .map_err(GrowError::Metadata)?;
        init_fresh(fresh, Self::SPAN_BYTES, || {
            AtomicPtr::<()>::new(core::ptr::null_mut())
        });
        let fresh = inner
            .tags
            .map_to(&self.memory, &mut inner.ground, pages * Self::TAG_BYTES)
            .map_err(GrowError::Metadata)?;
        init_fresh(fresh, Self::TAG_BYTES, || AtomicU8::new(0));
        Ok(())
    }

    /// Lets readers ask about everything below `end`, whose tables are mapped.
    fn publish(&self, end: usize) {
        let offset = end - self.start;
        if offset > self.used.load(Ordering::Relaxed) {
            // Release: publishes the mapped tables; pairs with the Acquire in `index`.
            self.used.store(offset, Ordering::Release);
        }
    }
}

/// Constructs the entries of a fresh part of a table, where zeroes are none: in models.
fn init_fresh<T>(fresh: Option<(NonNull<u8>, usize)>, each: usize, zero: impl Fn() -> T) {
    if let Some((at, bytes)) = fresh
        && !limits::ZERO_IS_AN_ATOMIC
    {
        // SAFETY: mapped just now for `bytes / each` entries.
        unsafe { crate::map::init_entries(at.cast(), bytes / each, zero) };
    }
}
