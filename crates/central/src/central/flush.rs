//! Flushing: neighbours of one span become one mask, one OR and one addition.
//!
//! Called by caches, from any thread, with slots that belong to the caller. No lock is taken unless
//! an addition says that there is something to settle.
use super::Central;
use crate::exchange::{FlushError, FlushErrorKind};
use crate::protocol;
use arena::Addr;
use heap::{Span, SpanSource};
use sizeclass::SpanClass;

pub(super) fn flush<S: SpanSource>(
    central: &Central<S>,
    class: SpanClass,
    slots: &[*mut u8],
) -> Result<(), FlushError> {
    let mut flusher = Flusher::new(central, class);
    let mut group: Option<Group<'_>> = None;
    for &slot in slots {
        let pointer = slot.addr();
        if let Some(group) = &mut group
            && flusher.add(group, pointer)
        {
            continue;
        }
        if let Some(full) = group.take() {
            flusher.finish(full);
        }
        group = flusher.open(pointer);
        if let Some(group) = &mut group
            && !flusher.add(group, pointer)
        {
            // A class without slots.
            flusher.fail(pointer, FlushErrorKind::NotASlot);
        }
    }
    if let Some(last) = group {
        flusher.finish(last);
    }
    flusher.result
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
    span_bytes: usize,
    /// The first error.
    result: Result<(), FlushError>,
}

/// Slots of one span that are on their way into its free bits.
struct Group<'s> {
    span: &'s Span,
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
            span_bytes: table.pages(size_class) * sizeclass::PAGE_BYTES,
            result: Ok(()),
        }
    }

    /// A group for the span that covers `pointer`, if that is one of this class.
    fn open(&mut self, pointer: usize) -> Option<Group<'c>> {
        let Some(span) = self.central.source.span_of(Addr::new(pointer)) else {
            self.fail(pointer, FlushErrorKind::Foreign);
            return None;
        };
        let found = span.class();
        if found != self.class {
            let expected = self.class;
            self.fail(pointer, FlushErrorKind::WrongClass { expected, found });
            return None;
        }
        Some(Group {
            span,
            base: span.addr().get(),
            word: 0,
            mask: 0,
            given: 0,
        })
    }

    /// Adds `pointer` to the group, or notes what is wrong with it; `false` if it belongs to
    /// another span.
    #[inline]
    fn add(&mut self, group: &mut Group<'_>, pointer: usize) -> bool {
        let offset = pointer.wrapping_sub(group.base);
        if offset >= self.span_bytes {
            return false;
        }
        // Below 2^32: a span of small slots has at most 80 KiB.
        let slot = ((offset as u64 * self.magic) >> 32) as usize;
        if slot * self.slot_bytes != offset {
            self.fail(pointer, FlushErrorKind::Interior);
            return true;
        }
        if slot >= self.slots {
            self.fail(pointer, FlushErrorKind::NotASlot);
            return true;
        }
        let word = slot / u64::BITS as usize;
        let bit = 1_u64 << (slot % u64::BITS as usize);
        if word != group.word {
            self.give_bits(group);
            group.word = word;
        }
        if group.mask & bit != 0 {
            self.fail(pointer, FlushErrorKind::DoubleFree);
        }
        group.mask |= bit;
        true
    }

    /// F1 for the group's mask.
    fn give_bits(&mut self, group: &mut Group<'_>) {
        if group.mask == 0 {
            return;
        }
        let twice = protocol::give_bits(group.span, group.word, group.mask);
        group.given += (group.mask & !twice).count_ones() as usize;
        group.mask = 0;
        if twice != 0 {
            let slot = group.word * u64::BITS as usize + twice.trailing_zeros() as usize;
            self.fail(
                group.base + slot * self.slot_bytes,
                FlushErrorKind::DoubleFree,
            );
        }
    }

    /// The rest of F1, F2, and settling if the addition asks for it.
    fn finish(&mut self, mut group: Group<'_>) {
        self.give_bits(&mut group);
        if group.given == 0 {
            return;
        }
        let found = protocol::give_count(group.span, group.given);
        if found.free != 0 && found.free + group.given != self.slots {
            return;
        }
        self.settle(group.span, found.generation);
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

    #[cold]
    #[inline(never)]
    fn fail(&mut self, pointer: usize, kind: FlushErrorKind) {
        if self.result.is_ok() {
            self.result = Err(FlushError { pointer, kind });
        }
    }
}
