//! Construction of the contiguous layout: reserve the block, divide it.
//!
//! Nothing is shared yet. After Go 1.10 `mallocinit` and `sysReserve`.
#![expect(unsafe_code, reason = "releases what a failed construction has left")]
use super::ground::{Ground, Hold};
use super::plan::{FALLBACK_ARENAS, Placement, Plan};
use super::table::{Grows, Table};
use super::{Contiguous, ContiguousConfig, Inner, Reserve};
use crate::platform::HINT_NUMBERS;
use crate::{
    Addr, ByteCount, Call, Category, LayoutError, Memory, Os, OsError, PAGE_BYTES, Platform, Reason,
};
use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use sync::atomic::AtomicUsize;
use sync::{CachePadded, Mutex, Rank};

/// What is mapped to find out whether addresses are free.
const PROBE: ByteCount = ByteCount::kib(64);

/// A block that was got, or is believed to be free.
#[derive(Clone, Copy, Debug)]
struct Block {
    base: NonNull<u8>,
    size: usize,
    hold: Hold,
}

impl<O: Os> Contiguous<O> {
    /// A layout for the platform of this build.
    ///
    /// # Errors
    ///
    /// The page sizes are not usable, or there is no address space for the block.
    pub fn new(os: O, config: ContiguousConfig) -> Result<Self, LayoutError> {
        Self::for_platform(os, config)
    }
}

impl<O: Os, P: Platform> Contiguous<O, P> {
    /// A layout for the platform `P`.
    ///
    /// # Errors
    ///
    /// As [`Contiguous::new`].
    pub fn for_platform(os: O, config: ContiguousConfig) -> Result<Self, LayoutError> {
        let memory = Memory::new(os)?;
        let mut ground = Ground::new();
        match Self::lay_out(&memory, &mut ground, config.reserve) {
            Ok((block, placement, tags)) => Ok(Self::assemble(
                memory, ground, config, block, placement, tags,
            )),
            Err(error) => {
                // SAFETY: nothing refers to what was reserved.
                unsafe { ground.close(&memory) };
                Err(error)
            }
        }
    }

    fn lay_out(
        memory: &Memory<O>,
        ground: &mut Ground,
        reserve: Reserve,
    ) -> Result<(Block, Placement, NonNull<u8>), LayoutError> {
        let unit = memory.page_size().get().max(PAGE_BYTES);
        let plan = Plan::<P>::new(unit, Self::SPAN_BYTES);
        let tags = ByteCount::new(Plan::<P>::PAGES * Self::TAG_BYTES);
        let tags = tags.align_up(memory.page_size()).unwrap_or(tags);
        let tags = ground.reserve(memory, None, tags);
        let tags = tags.map_err(LayoutError::CannotReserve)?;
        let block = reserve_block(memory, ground, &plan, reserve);
        let block = block.map_err(LayoutError::CannotReserve)?;
        let placement = plan.place(block.base.addr().get(), block.size)?;
        Ok((block, placement, tags))
    }

    fn assemble(
        memory: Memory<O>,
        ground: Ground,
        config: ContiguousConfig,
        block: Block,
        placement: Placement,
        tags: NonNull<u8>,
    ) -> Self {
        let at = |address: usize| {
            let pointer = match block.hold {
                Hold::Reserved => block.base.as_ptr().with_addr(address),
                // Pieces of it expose themselves when they are mapped.
                Hold::Believed => ptr::with_exposed_provenance_mut(address),
            };
            NonNull::new(pointer).unwrap_or(block.base)
        };
        let (spans, bitmap_end) = (at(placement.spans), at(placement.bitmap_end));
        let inner = Inner {
            alloc: placement.arena_first,
            end: placement.arena_end,
            hold: block.hold,
            around: block.base,
            // Categories are Go's: other_sys for spans, gc_sys for the bitmap.
            spans: Table::new(spans, Grows::Up, block.hold, Category::Other),
            tags: Table::new(tags, Grows::Up, Hold::Reserved, Category::Other),
            bitmap: Table::new(bitmap_end, Grows::Down, block.hold, Category::Metadata),
            ground,
            grown: 0,
        };
        Self {
            spans,
            tags,
            bitmap_end,
            start: placement.arena_start,
            first: placement.arena_first,
            used: AtomicUsize::new(0),
            bitmap_mapped: AtomicUsize::new(0),
            memory,
            config,
            inner: CachePadded::new(Mutex::new(Rank::Arena, inner)),
            platform: PhantomData,
        }
    }
}

/// At the first hint that the system answers, or near the program break with a smaller arena.
fn reserve_block<O: Os, P: Platform>(
    memory: &Memory<O>,
    ground: &mut Ground,
    plan: &Plan<P>,
    reserve: Reserve,
) -> Result<Block, OsError> {
    if !Plan::<P>::TAKES_ANY_ADDRESS
        && let Some(size) = plan.full_block()
    {
        if reserve != Reserve::Probe {
            let attempts = if O::HONOURS_HINTS { usize::MAX } else { 1 };
            for hint in hints::<P>().take(attempts) {
                if let Ok(block) = reserve_whole(memory, ground, hint, size) {
                    return Ok(block);
                }
            }
        }
        if reserve != Reserve::Whole && O::HONOURS_HINTS {
            for hint in hints::<P>().flatten() {
                if probe(memory, ground, hint, size) {
                    let base = ptr::without_provenance_mut(hint.get());
                    let Some(base) = NonNull::new(base) else {
                        continue;
                    };
                    let hold = Hold::Believed;
                    return Ok(Block { base, size, hold });
                }
            }
        }
    }
    let brk = memory.os().program_break().map_or(0, Addr::get);
    let data_end = memory.os().data_end().map_or(0, Addr::get);
    let mut refused = OsError {
        call: Call::Reserve,
        reason: Reason::OutOfMemory,
        address: Addr::NULL,
        bytes: ByteCount::ZERO,
    };
    for arena in FALLBACK_ARENAS {
        let Some(size) = plan.block(arena) else {
            continue;
        };
        let hint = Plan::<P>::fallback_address(data_end, brk, size).map(Addr::new);
        match reserve_whole(memory, ground, hint, size) {
            Ok(block) => return Ok(block),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// The platform's hints; a platform without any leaves the place to the system.
fn hints<P: Platform>() -> impl Iterator<Item = Option<Addr>> {
    let has_hints = P::block_hint(0).is_some();
    let numbers = if has_hints { HINT_NUMBERS } else { 1 };
    (0..numbers).map(|number| P::block_hint(number))
}

/// Reserves the block near a hint: wherever the system puts it, it is accepted.
fn reserve_whole<O: Os>(
    memory: &Memory<O>,
    ground: &mut Ground,
    hint: Option<Addr>,
    size: usize,
) -> Result<Block, OsError> {
    let all = ByteCount::new(size).align_up(memory.page_size());
    let base = ground.reserve(memory, hint, all.unwrap_or(ByteCount::new(size)))?;
    let hold = Hold::Reserved;
    Ok(Block { base, size, hold })
}

/// Are addresses free at this hint, as far as a probe can tell? They must also be addresses.
fn probe<O: Os>(memory: &Memory<O>, ground: &mut Ground, hint: Addr, size: usize) -> bool {
    if hint.checked_add(ByteCount::new(size)).is_none() {
        return false;
    }
    let bytes = PROBE.align_up(memory.page_size()).unwrap_or(PROBE);
    let Ok(at) = ground.strays.reserve_exactly(memory, hint, bytes) else {
        return false;
    };
    // SAFETY: reserved just now.
    unsafe { ground.strays.release(memory, at, bytes) };
    true
}
