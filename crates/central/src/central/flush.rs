//! Flushing: neighbours of one span become one mask, one OR and one addition.
//!
//! Called by caches, from any thread, with slots that belong to the caller. No lock is taken unless
//! an addition says that there is something to settle.
//!
//! A magazine that was filled in the order of allocation, or against it, holds long runs: slots
//! that stand next to each other in it lie next to each other in memory. A run is found with one
//! comparison a slot; everything else is paid for once a run, once a word of bits, or once a span.
//! A magazine in random order holds none, and each slot may cost two or three cache misses on its
//! span's header: so the spans of a batch are looked up first, in a loop so short that the misses
//! overlap, and the atomic operations, which wait for each other, find the headers in the cache.
use super::Central;
use crate::exchange::{FlushError, FlushErrorKind};
use crate::protocol;
use arena::Addr;
use core::ptr;
use heap::{Span, SpanSource};
use sizeclass::SpanClass;

const WORD_BITS: usize = u64::BITS as usize;

/// Runs whose spans are looked up before the first is given: about as many misses as a core has in
/// flight.
const BATCH: usize = 16;

pub(super) fn flush<S: SpanSource>(
    central: &Central<S>,
    class: SpanClass,
    slots: &[*mut u8],
) -> Result<(), FlushError> {
    let mut flusher = Flusher::new(central, class);
    let mut rest = slots;
    while !rest.is_empty() {
        let mut batch = [(Run::EMPTY, None); BATCH];
        for (run, span) in &mut batch {
            if rest.is_empty() {
                break;
            }
            *run = Run::first_of(rest, flusher.slot_bytes);
            *span = central.source.span_of(Addr::new(run.low));
            rest = &rest[run.len..];
        }
        for (run, span) in batch {
            flusher.give(run, span);
        }
    }
    flusher.finish_group();
    flusher.result
}

/// Addresses one slot size apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// The lowest of them.
    low: usize,
    len: usize,
}

impl Run {
    const EMPTY: Self = Self { low: 0, len: 0 };

    /// The run with which `slots` begins, ascending or descending; `slots` is not empty.
    #[inline]
    fn first_of(slots: &[*mut u8], slot_bytes: usize) -> Self {
        let first = slots[0].addr();
        let up = 1 + run_after(slots, |slot, next| next.wrapping_sub(slot) == slot_bytes);
        if up > 1 {
            return Self {
                low: first,
                len: up,
            };
        }
        let down = 1 + run_after(slots, |slot, next| slot.wrapping_sub(next) == slot_bytes);
        Self {
            low: slots[down - 1].addr(),
            len: down,
        }
    }
}

/// How many slots follow the first of `slots` such that each is the next of the one before.
#[inline]
fn run_after(slots: &[*mut u8], is_next: impl Fn(usize, usize) -> bool) -> usize {
    let pairs = slots.iter().zip(&slots[1..]);
    pairs
        .take_while(|(slot, next)| is_next(slot.addr(), next.addr()))
        .count()
}

/// What the pointers of one flush have in common: the class and its geometry.
struct Flusher<'c, S> {
    central: &'c Central<S>,
    class: SpanClass,
    slot_bytes: usize,
    /// Slots of a span.
    slots: usize,
    /// Reciprocal of `slot_bytes`: `offset * magic >> 32` is the slot of an offset.
    magic: u64,
    group: Option<Group<'c>>,
    /// The first error.
    result: Result<(), FlushError>,
}

/// Slots of one span that are on their way into its free bits.
struct Group<'c> {
    span: &'c Span,
    base: usize,
    /// The word that `mask` is for.
    word: usize,
    /// Slots of `word` that are not in the span's free bits yet.
    mask: u64,
    /// Slots that are, but are not counted yet.
    given: usize,
}

impl<'c, S: SpanSource> Flusher<'c, S> {
    fn new(central: &'c Central<S>, class: SpanClass) -> Self {
        let table = central.source.table();
        let size_class = class.size_class();
        Self {
            central,
            class,
            slot_bytes: table.slot_bytes(size_class),
            slots: table.slots(size_class),
            magic: u64::from(table.magic(size_class)),
            group: None,
            result: Ok(()),
        }
    }

    /// Gives a run, span by span; `span` covers its first slot.
    #[inline]
    fn give(&mut self, mut run: Run, mut span: Option<&'c Span>) {
        while run.len > 0 {
            let given = match self.first_slots(run, span) {
                Ok((slot, count)) => {
                    self.add(slot, count);
                    count
                }
                Err(kind) => {
                    self.fail(run.low, kind);
                    1
                }
            };
            run.len -= given;
            if run.len > 0 {
                run.low = run.low.wrapping_add(given * self.slot_bytes);
                span = self.central.source.span_of(Addr::new(run.low));
            }
        }
    }

    /// The number of the run's first slot and how many follow it in the span, which becomes the
    /// group's.
    #[inline]
    fn first_slots(
        &mut self,
        run: Run,
        span: Option<&'c Span>,
    ) -> Result<(usize, usize), FlushErrorKind> {
        let span = span.ok_or(FlushErrorKind::Foreign)?;
        let base = match &self.group {
            Some(group) if ptr::eq(group.span, span) => group.base,
            _ => self.open(span)?,
        };
        let offset = run.low.wrapping_sub(base);
        // Below 2^32: a span of small slots has at most 80 KiB.
        let slot = ((offset as u64 * self.magic) >> 32) as usize;
        if slot * self.slot_bytes != offset {
            return Err(FlushErrorKind::Interior);
        }
        if slot >= self.slots {
            return Err(FlushErrorKind::NotASlot);
        }
        Ok((slot, run.len.min(self.slots - slot)))
    }

    /// Finishes the group and opens one for `span`, if that is of this class; answers with its base.
    #[inline]
    fn open(&mut self, span: &'c Span) -> Result<usize, FlushErrorKind> {
        self.finish_group();
        let (expected, found) = (self.class, span.class());
        if found != expected {
            return Err(FlushErrorKind::WrongClass { expected, found });
        }
        let base = span.addr().get();
        self.group = Some(Group {
            span,
            base,
            word: 0,
            mask: 0,
            given: 0,
        });
        Ok(base)
    }

    /// Adds `count` slots from `slot` on to the group, word by word.
    #[inline]
    fn add(&mut self, mut slot: usize, mut count: usize) {
        while count > 0 {
            let (word, bit) = (slot / WORD_BITS, slot % WORD_BITS);
            let here = count.min(WORD_BITS - bit);
            let mask = (u64::MAX >> (WORD_BITS - here)) << bit;
            if self.group.as_ref().is_some_and(|group| group.word != word) {
                self.give_bits();
            }
            let Some(group) = &mut self.group else { return };
            group.word = word;
            let twice = group.mask & mask;
            group.mask |= mask;
            if twice != 0 {
                self.fail_twice(word, twice);
            }
            slot += here;
            count -= here;
        }
    }

    /// F1 for the group's mask.
    #[inline]
    fn give_bits(&mut self) {
        let Some(group) = &mut self.group else { return };
        if group.mask == 0 {
            return;
        }
        let twice = protocol::give_bits(group.span, group.word, group.mask);
        group.given += (group.mask & !twice).count_ones() as usize;
        group.mask = 0;
        if twice != 0 {
            let word = group.word;
            self.fail_twice(word, twice);
        }
    }

    /// The rest of F1, F2, and settling if the addition asks for it.
    #[inline]
    fn finish_group(&mut self) {
        self.give_bits();
        let Some(group) = self.group.take() else {
            return;
        };
        if group.given == 0 {
            return;
        }
        let found = protocol::give_count(group.span, group.given);
        if found.free == 0 || found.free + group.given == self.slots {
            self.settle(group.span, found.generation);
        }
    }

    #[cold]
    #[inline(never)]
    fn settle(&self, span: &Span, generation: u32) {
        let bin = self.central.bin(self.class);
        let kept_bytes = self.central.kept_bytes;
        if let Some(span) = bin.settle(span, generation, self.slots, kept_bytes) {
            // SAFETY: `settle` answers with a wholly free, unlisted span whose life it has ended.
            unsafe { self.central.source.give_back_span(span) };
        }
    }

    /// The lowest of the slots `twice` of a word was free already.
    #[cold]
    #[inline(never)]
    fn fail_twice(&mut self, word: usize, twice: u64) {
        let slot = word * WORD_BITS + twice.trailing_zeros() as usize;
        let base = self.group.as_ref().map_or(0, |group| group.base);
        self.fail(base + slot * self.slot_bytes, FlushErrorKind::DoubleFree);
    }

    #[cold]
    #[inline(never)]
    fn fail(&mut self, pointer: usize, kind: FlushErrorKind) {
        if self.result.is_ok() {
            self.result = Err(FlushError { pointer, kind });
        }
    }
}
