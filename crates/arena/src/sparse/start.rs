//! Construction of the sparse layout: checks, tables, and what 32-bit systems reserve ahead.
//!
//! Nothing is shared yet. After Go 1.20 `mallocinit`.
#![expect(unsafe_code, reason = "releases what a failed construction has left")]
use super::{Inner, Lookup, Sparse, SparseConfig};
use crate::flat::{Flat, Ground};
use crate::hint::Hints;
use crate::map::{Map, Metadata};
use crate::meta::{Backed, Linear};
use crate::stray::Strays;
use crate::{Addr, ByteCount, Category, Hint, LayoutError, Memory, Os, Persistent, Platform};
use core::ptr;
use sync::{Mutex, Rank};

/// How far above the program break the first arenas are asked for: the C library and others move
/// the break too.
const BREAK_GAP: ByteCount = ByteCount::kib(256);

/// How much is tried to be reserved for the first arenas of a 32-bit system, the largest first.
/// 512 MiB is a third of what most such systems have; libraries and stacks need the rest.
const LINEAR_ARENAS: [ByteCount; 3] = [
    ByteCount::mib(512),
    ByteCount::mib(256),
    ByteCount::mib(128),
];

impl<O: Os> Sparse<O> {
    /// A layout for the platform of this build. On 64-bit platforms it reserves nothing but the
    /// tables.
    ///
    /// # Errors
    ///
    /// The page sizes are not usable, or there is no memory for the tables.
    pub fn new(os: O, config: SparseConfig) -> Result<Self, LayoutError> {
        Self::for_platform(os, config)
    }
}

impl<O: Os, P: Platform> Sparse<O, P> {
    /// A layout for the platform `P`.
    ///
    /// # Errors
    ///
    /// As [`Sparse::new`]; for a platform with a window also one that does not fit.
    pub fn for_platform(os: O, config: SparseConfig) -> Result<Self, LayoutError> {
        let memory = Memory::new(os)?;
        let offset = Self::offset(&memory)?;
        let mut persistent = Persistent::new();
        let map = match Map::new(&memory, &mut persistent, offset) {
            Ok(map) => map,
            Err(error) => {
                // SAFETY: nothing that it handed out is left.
                unsafe { persistent.release(&memory) };
                return Err(LayoutError::ArenaMap(error));
            }
        };
        let hints = config.hints.addresses::<P>().map(Hint::up);
        let hints = hints.filter(|_| O::HONOURS_HINTS);
        let mut inner = Inner {
            hints: Hints::in_order(hints),
            left: super::left::Left::new(),
            persistent,
            reservations: ptr::null_mut(),
            spare: ptr::null_mut(),
            linear_metadata: None,
            linear_arenas: None,
            tags: Ground::Undecided,
            strays: Strays::new(),
            grown: 0,
            freed: 0,
        };
        if P::LINEAR {
            inner.reserve_ahead::<O, P>(&memory);
        }
        let step = config.step.get().max(memory.page_size().get());
        let step = step.checked_next_power_of_two().unwrap_or(P::ARENA.get());
        let step = ByteCount::new(step.min(P::ARENA.get()));
        Ok(Self {
            lookup: Lookup {
                flat: Flat::new(),
                map,
            },
            memory,
            config: SparseConfig { step, ..config },
            inner: Mutex::new(Rank::Arena, inner),
        })
    }

    /// Address of index 0.
    fn offset(memory: &Memory<O>) -> Result<Addr, LayoutError> {
        if !P::WINDOWED {
            return Ok(Addr::new(P::BASE_OFFSET));
        }
        let (base, bytes) = memory.os().window().ok_or(LayoutError::NoWindow)?;
        if bytes.get() > 1 << P::ADDRESS_BITS || !base.is_aligned(P::ARENA) {
            return Err(LayoutError::BadWindow { base, bytes });
        }
        Ok(base)
    }
}

impl Inner {
    /// The metadata of all arenas that there can be, and then the first arenas, next to the program
    /// break. What is refused is done without.
    fn reserve_ahead<O: Os, P: Platform>(&mut self, memory: &Memory<O>) {
        let each = Metadata::<P>::LINEAR_BYTES.get();
        let bytes = each << (P::ADDRESS_BITS - P::ARENA_SHIFT);
        let bytes = ByteCount::new(bytes).align_up(memory.page_size());
        let bytes = bytes.unwrap_or(ByteCount::ZERO);
        let mut start = memory.os().program_break().unwrap_or(Addr::NULL);
        if let Ok(base) = memory.reserve(None, bytes) {
            let first = Addr::of(base.as_ptr());
            let offset = start.bytes_above(first);
            if let Some(end) = first.checked_add(bytes)
                && offset.is_some_and(|offset| offset < bytes)
            {
                start = end;
            }
            let backed = Backed::Mapped(Category::Metadata);
            self.linear_metadata = Some(Linear::new(base, bytes, backed));
        }
        let start = start.checked_add(BREAK_GAP);
        let Some(mut start) = start.and_then(|start| start.align_up(P::ARENA)) else {
            return;
        };
        for bytes in LINEAR_ARENAS {
            let reserved = self
                .strays
                .reserve_aligned(memory, Some(start), bytes, P::ARENA);
            if let Ok((base, bytes)) = reserved {
                self.linear_arenas = Some(Linear::new(base, bytes, Backed::Reserved));
                start = Addr::of(base.as_ptr()).checked_add(bytes).unwrap_or(start);
                break;
            }
        }
        if O::HONOURS_HINTS {
            self.hints.push(Hint::up(start));
        }
    }
}
