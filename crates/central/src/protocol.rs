//! The free protocol on one span's two words of shared state: every ordering stands in this file.
//!
//! Shared by every thread that frees into the span and by the one that refills from it; the steps
//! F1–R3 and the invariants are those of the crate documentation. `R` and `S` steps belong to the
//! holder of the class lock.
use heap::Span;
use sync::atomic::Ordering;

/// Generation in the high half, count of free slots in the low half.
const GENERATION_SHIFT: u32 = u32::BITS;

/// A control word taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Control {
    pub(crate) generation: u32,
    pub(crate) free: usize,
}

impl Control {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "takes the word's halves apart"
    )]
    const fn of(word: u64) -> Self {
        Self {
            generation: (word >> GENERATION_SHIFT) as u32,
            free: word as u32 as usize,
        }
    }
}

/// F1: sets free bits; answers with those that were set before (each is a double free).
#[inline]
pub(crate) fn give_bits(span: &Span, word: usize, mask: u64) -> u64 {
    // Release: whatever the last owner did with the slots happens before their next owner has
    // them; pairs with the Acquire of R3.
    span.free_bits()[word].fetch_or(mask, Ordering::Release) & mask
}

/// F2: counts `slots` more as free, after their bits are set; answers with what it found. The
/// caller must not touch the span afterwards, except under the class lock.
#[inline]
pub(crate) fn give_count(span: &Span, slots: usize) -> Control {
    // Release: the bits of F1 are there before the count that promises them; pairs with R1 and S1.
    Control::of(span.control().fetch_add(slots as u64, Ordering::Release))
}

/// S1, R1: the control word, with all the bits that its count promises.
#[inline]
pub(crate) fn read(span: &Span) -> Control {
    // Acquire: pairs with F2.
    Control::of(span.control().load(Ordering::Acquire))
}

/// R1, R2: promises up to `want` slots to this refill; answers with how many, and whether any are
/// left. The count may rise meanwhile but not fall (I5).
#[inline]
pub(crate) fn take_count(span: &Span, want: usize) -> (usize, bool) {
    let taken = read(span).free.min(want);
    // Relaxed: it publishes nothing, and what it promises was acquired by `read`.
    let before = span.control().fetch_sub(taken as u64, Ordering::Relaxed);
    (taken, Control::of(before).free > taken)
}

/// R3: clears up to `want` bits of one word, the lowest first; answers with them.
#[inline]
pub(crate) fn take_bits(span: &Span, word: usize, want: usize) -> u64 {
    let bits = &span.free_bits()[word];
    // Relaxed: bits only appear behind our back (I5), and those that the count promised were
    // acquired with it.
    let chosen = lowest(bits.load(Ordering::Relaxed), want);
    if chosen != 0 {
        // Acquire: pairs with F1, also for bits that are set but not counted yet.
        bits.fetch_and(!chosen, Ordering::Acquire);
    }
    chosen
}

/// S2: ends the life of a wholly free span, before it goes to the heap. Nobody else can change the
/// word: every slot is free and every addition done.
#[inline]
pub(crate) fn end_life(span: &Span) {
    // Relaxed: read under the class lock only by those who look for the old generation (I4), and
    // passed on by the heap's lock.
    span.control()
        .fetch_add(1 << GENERATION_SHIFT, Ordering::Relaxed);
}

/// The lowest `count` set bits of `bits`, or all if there are not so many.
#[inline]
fn lowest(bits: u64, count: usize) -> u64 {
    if bits.count_ones() as usize <= count {
        return bits;
    }
    let mut rest = bits;
    for _ in 0..count {
        rest &= rest - 1;
    }
    bits ^ rest
}

#[cfg(test)]
#[path = "protocol/tests.rs"]
mod tests;
