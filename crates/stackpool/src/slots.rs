//! Who holds which stack of a span: bits in the span's header, never in the stacks themselves.
//!
//! Go links the free stacks of a span through their first words. Here a stack that nobody uses is
//! not touched, so that it costs no resident memory and a stale pointer into it corrupts nothing of
//! ours. The words are the ones that the central layer uses for objects; a manual span has none.
//!
//! | word | bit set | who reads | who writes | under |
//! |---|---|---|---|---|
//! | `FREE` | the stack lies in its order's pool | the pool | the pool | the order's lock |
//! | `LIVE` | the stack is a caller's | whoever frees | whoever allocates or frees it | atomic read-modify-write |
//! | `KIND` | what the span is (not bits) | whoever frees | the pool, while nobody else has the span | Release, Acquire |
//!
//! A bit in neither word: the stack lies in a cache.
use crate::order::{MAX_SLOTS, Order};
use arena::{Addr, ByteCount, GuardMethod};
use heap::Span;
use sync::atomic::{AtomicU64, Ordering};

const FREE: usize = 0;
const LIVE: usize = 1;
const KIND: usize = 2;

/// What a manual span of ours is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Cut into stacks of one order.
    Cut(Order),
    /// One stack, with the guard that lies at its low end.
    Whole {
        /// Its bucket among the large stacks.
        bucket: usize,
        /// How its guard page was made, if it has one.
        guard: Option<GuardMethod>,
    },
}

impl Kind {
    /// Low byte: which variant and which guard; next byte: order or bucket. 0 is no kind.
    fn encode(self) -> u64 {
        match self {
            Self::Cut(order) => 1 | (order.get() as u64) << 8,
            Self::Whole { bucket, guard } => {
                let guard = match guard {
                    None => 2,
                    Some(GuardMethod::Install) => 3,
                    Some(GuardMethod::Protect) => 4,
                };
                guard | (bucket as u64) << 8
            }
        }
    }

    fn decode(word: u64) -> Option<Self> {
        let number = usize::try_from(word >> 8).ok()?;
        let guard = match word & 0xff {
            1 => return Order::new(number).map(Self::Cut),
            2 => None,
            3 => Some(GuardMethod::Install),
            4 => Some(GuardMethod::Protect),
            _ => return None,
        };
        Some(Self::Whole {
            bucket: number,
            guard,
        })
    }
}

/// The words of one manual span.
#[derive(Clone, Copy)]
pub(crate) struct Slots<'a>(&'a Span);

impl<'a> Slots<'a> {
    pub(crate) fn of(span: &'a Span) -> Self {
        Self(span)
    }

    fn word(self, index: usize) -> &'a AtomicU64 {
        &self.0.free_bits()[index]
    }

    /// A fresh span becomes `kind`, with all its stacks free. The caller alone has the span.
    pub(crate) fn adopt(self, kind: Kind) {
        self.word(FREE).store(self.all(kind), Ordering::Relaxed);
        self.word(LIVE).store(0, Ordering::Relaxed);
        // Release: whoever is handed a stack of the span and finds the kind finds the bits, too;
        // pairs with the Acquire in `kind`.
        self.word(KIND).store(kind.encode(), Ordering::Release);
    }

    /// The span is nobody's stacks any more. The caller alone has the span.
    pub(crate) fn disown(self) {
        self.word(KIND).store(0, Ordering::Release);
        self.word(FREE).store(0, Ordering::Relaxed);
        self.word(LIVE).store(0, Ordering::Relaxed);
    }

    /// What the span is; `None` if it is not ours.
    pub(crate) fn kind(self) -> Option<Kind> {
        Kind::decode(self.word(KIND).load(Ordering::Acquire))
    }

    /// The bits of all stacks of a span of this kind.
    fn all(self, kind: Kind) -> u64 {
        let slots = match kind {
            Kind::Cut(order) => self.0.bytes() / order.bytes().get(),
            Kind::Whole { .. } => 1,
        };
        debug_assert!((1..=MAX_SLOTS).contains(&slots), "{slots} stacks in a span");
        u64::MAX >> (64 - slots)
    }

    /// Takes the free stack with the highest address, as Go does. Under the order's lock.
    pub(crate) fn take(self) -> Option<usize> {
        let free = self.word(FREE).load(Ordering::Relaxed);
        let slot = free.checked_ilog2()? as usize;
        self.word(FREE)
            .store(free & !(1 << slot), Ordering::Relaxed);
        Some(slot)
    }

    /// Puts a stack back; `false`, and nothing done, if it is there already. Under the order's lock.
    pub(crate) fn put(self, slot: usize) -> bool {
        let free = self.word(FREE).load(Ordering::Relaxed);
        self.word(FREE).store(free | 1 << slot, Ordering::Relaxed);
        free & 1 << slot == 0
    }

    /// How many stacks are free. Exact under the order's lock.
    pub(crate) fn free(self) -> usize {
        self.word(FREE).load(Ordering::Relaxed).count_ones() as usize
    }

    /// Are all stacks of the span free? Exact under the order's lock.
    pub(crate) fn is_wholly_free(self, kind: Kind) -> bool {
        self.word(FREE).load(Ordering::Relaxed) == self.all(kind)
    }

    /// Notes that a caller has the stack. `false` if one had it before.
    ///
    /// Relaxed: whoever hands the stack on orders its content; the bit only tells two frees apart,
    /// and the read-modify-writes of one word have one order.
    pub(crate) fn begin_use(self, slot: usize) -> bool {
        self.word(LIVE).fetch_or(1 << slot, Ordering::Relaxed) & 1 << slot == 0
    }

    /// Notes that no caller has the stack any more. `false` if none had it.
    pub(crate) fn end_use(self, slot: usize) -> bool {
        self.word(LIVE).fetch_and(!(1 << slot), Ordering::Relaxed) & 1 << slot != 0
    }

    /// The stack that contains `addr`, and how far up in it. `addr` lies in the span.
    pub(crate) fn locate(self, addr: Addr, kind: Kind) -> (usize, ByteCount) {
        let offset = addr.get().wrapping_sub(self.0.addr().get());
        match kind {
            Kind::Cut(order) => (
                offset / order.bytes().get(),
                ByteCount::new(offset % order.bytes().get()),
            ),
            Kind::Whole { .. } => (0, ByteCount::new(offset)),
        }
    }
}
