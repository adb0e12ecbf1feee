//! Central span exchange: one per span class, freed into from any thread without a lock.
//!
//! The layer between the per-thread caches and the span heap. A cache takes free slots of one
//! [`SpanClass`](sizeclass::SpanClass) by the batch ([`Exchange::refill`]) and gives slots back by
//! the batch ([`Exchange::flush`]); which span a slot came from, and which thread took it, does not
//! matter. Between two refills no thread owns a span.
//!
//! ```text
//!   cache ── refill ──▶ ┌ class lock ─────────────────┐ ── acquire_span ──▶ heap
//!                       │ partial: FIFO of spans with │
//!   cache ── flush ───▶ │   free slots                │ ◀─ give_back_span ─ (after unlocking)
//!    (no lock:          │ kept: a few wholly free     │
//!     OR, add, done)    └─────────────────────────────┘
//! ```
//!
//! * [`Central`] is the exchange over any [`SpanSource`](heap::SpanSource).
//! * [`Exchange`] is what a cache needs of it, so that a cache can be tested over a stand-in.
//! * [`FlushError`] tells of a pointer that was not the caller's to give: foreign, inside a slot,
//!   of another class, past the last slot, or free already.
//!
//! # The free protocol
//!
//! Go 1.15+ `mcentral` moves whole spans between caches and sets; objects come back by sweeping.
//! Here objects are freed one by one and from any thread, so a span carries out-of-band free bits
//! (1 = free) and one control word: its generation (high half) and its count of free slots (low).
//!
//! | step | who | what | ordering |
//! |---|---|---|---|
//! | F1 | flush | OR the group's bits into the free bits | Release |
//! | F2 | flush | add the number of bits to the count; **after** F1 | Release |
//! | S1 | settle, class lock | read the control word; another generation: do nothing | Acquire |
//! | S2 | settle, class lock | list, keep, or end the span's life: generation + 1 | Relaxed |
//! | R1 | refill, class lock | read the control word | Acquire |
//! | R2 | refill, class lock | subtract what will be taken; **before** R3 | Relaxed |
//! | R3 | refill, class lock | clear that many bits, word by word | Acquire |
//!
//! The value that F2 returned decides whether this flush settles: the group was the first into a
//! full span, or it made the span wholly free. F2 is the flusher's last access to the span outside
//! the class lock, since the next moment the span may be in the heap or in another life.
//!
//! # Invariants
//!
//! * I1: the count never promises more slots than bits are set; at rest both are equal.
//! * I2: a span is in exactly one state: *full* (in no list), *partial* (listed), *kept* (wholly
//!   free, in the kept list) or in the heap. The state is a field written under the class lock; it
//!   is never inferred from the count.
//! * I3: a span with a count above 0 is partial or kept, or the flusher whose addition found 0 is on
//!   its way to the class lock.
//! * I4: headers are type-stable and generations never go back: whoever holds an old generation can
//!   tell, under the class lock, that the span has had another life.
//! * I5: the subtraction and the clearing happen under the class lock, or on a span that nobody else
//!   has seen yet.
//!
//! # What the orderings are for
//!
//! The models in `central/models.rs` run this crate's own code on loom (two slots a span, up to
//! three threads, three preemptions). Each change below was made by hand, one at a time, and makes
//! models fail; "theorem" is the message of the first assertion that falls.
//!
//! | weakened | models that fail | theorem |
//! |---|---|---|
//! | F1 Relaxed | `last_frees…`, `two_caches…`, `a_late_settler…` | two owners meet in one slot |
//! | F2 Relaxed | the same | a span goes back wholly free |
//! | R1 and S1 Relaxed | the same | a span goes back wholly free |
//! | R3 Relaxed | the same | two owners meet in one slot |
//! | F2 before F1 | the same | a span goes back wholly free |
//! | S1 without the generation, or S2 without the + 1 | the same | a span goes back to the heap once |
//! | no settling by the first into a full span | `a_free_is_found…` | every freed slot is found again |
//! | no settling when wholly free | all but `a_free_is_found…` | a wholly free span is not listed as partial |
//!
//! R2 before R3 keeps I1 true at every moment; the class lock alone would also do, and the models
//! pass with the two exchanged.
//!
//! # Errors and panics
//!
//! Nothing here panics or allocates. Refilling answers with fewer slots than asked for, or 0.
#![no_std]
#![deny(unsafe_code)]

#[cfg(test)]
extern crate std;

mod central;
mod exchange;
#[cfg(test)]
mod fake;
mod limits;
mod protocol;
mod queue;

pub use central::{Central, ClassStats};
pub use exchange::{Exchange, FlushError, FlushErrorKind};
