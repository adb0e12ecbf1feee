//! Refilling: from the spans of the class first, then from fresh ones.
//!
//! Called by caches. The class lock is held while listed spans give (R1–R3); fresh spans give
//! without it, since nobody else knows them (I5).
use super::Central;
use crate::protocol;
use crate::queue::{set_state, state};
use heap::{Span, SpanSource};
use sizeclass::SpanClass;

pub(super) fn refill<S: SpanSource>(
    central: &Central<S>,
    class: SpanClass,
    out: &mut [*mut u8],
) -> usize {
    let slot_bytes = central.source.table().slot_bytes(class.size_class());
    let mut filled = refill_from_lists(central, class, slot_bytes, out);
    while filled < out.len() {
        let Some(span) = central.source.acquire_span(class) else {
            if filled == 0 && central.release_kept() > 0 {
                // What waits in other classes may be enough for this one.
                continue;
            }
            break;
        };
        filled += take_fresh(central, class, span, slot_bytes, &mut out[filled..]);
    }
    filled
}

/// Takes from the listed and kept spans of the class.
fn refill_from_lists<S>(
    central: &Central<S>,
    class: SpanClass,
    slot_bytes: usize,
    out: &mut [*mut u8],
) -> usize {
    let mut lists = central.bin(class).lists.lock();
    let mut filled = 0;
    while filled < out.len() {
        let Some(span) = lists.next() else { break };
        let span: *const Span = span;
        // SAFETY: a listed span's header outlives the exchange, and the lists don't own it.
        let span = unsafe { &*span };
        let (taken, has_more) = take(span, slot_bytes, &mut out[filled..]);
        filled += taken;
        // SAFETY: the answer of `next`, under the same guard.
        unsafe { lists.note_taken(span, has_more) };
    }
    filled
}

/// Takes from a span that the source has just given, and lists what is left of it.
fn take_fresh<S>(
    central: &Central<S>,
    class: SpanClass,
    span: &Span,
    slot_bytes: usize,
    out: &mut [*mut u8],
) -> usize {
    let bin = central.bin(class);
    bin.count_span();
    // SAFETY: nobody else knows the span in this life.
    unsafe { set_state(span, state::FULL) };
    let (taken, has_more) = take(span, slot_bytes, out);
    if has_more {
        // SAFETY: the span belongs to this class, is in no list, and headers are type-stable.
        unsafe { bin.lists.lock().list(span) };
    }
    taken
}

/// R1–R3 on one span: fills `out` as far as the span can; says whether more is left.
fn take(span: &Span, slot_bytes: usize, out: &mut [*mut u8]) -> (usize, bool) {
    let (taken, has_more) = protocol::take_count(span, out.len());
    let base = span.base().as_ptr();
    let mut filled = 0;
    for word in 0..span.free_bits().len() {
        if filled == taken {
            break;
        }
        let mask = protocol::take_bits(span, word, taken - filled);
        filled += write_slots(base, word, mask, slot_bytes, &mut out[filled..taken]);
    }
    debug_assert_eq!(
        filled, taken,
        "I1: the count promised more than the bits hold"
    );
    (filled, has_more)
}

/// Writes the addresses of the slots in `mask`, run by run; says how many.
fn write_slots(
    base: *mut u8,
    word: usize,
    mut mask: u64,
    slot_bytes: usize,
    out: &mut [*mut u8],
) -> usize {
    let mut filled = 0;
    while mask != 0 {
        let first = mask.trailing_zeros();
        let run = (!(mask >> first)).trailing_zeros();
        let offset = (word * u64::BITS as usize + first as usize) * slot_bytes;
        for (index, slot) in out[filled..][..run as usize].iter_mut().enumerate() {
            *slot = base.wrapping_add(offset + index * slot_bytes);
        }
        filled += run as usize;
        if first + run == u64::BITS {
            break;
        }
        mask &= u64::MAX << (first + run);
    }
    filled
}
