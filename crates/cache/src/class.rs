//! How large the magazine of a class may become.
//!
//! Pure arithmetic on the size of a slot.
use crate::limits;

/// Capacity of the first magazine: a power of two from 2 to 8.
pub(crate) fn first_capacity(slot_bytes: usize) -> usize {
    let slots = limits::FIRST_BYTES / slot_bytes.max(1);
    1 << slots.clamp(2, limits::ARRAY_SLOTS_MIN).ilog2()
}

/// Capacity that a magazine may grow to: the largest power of two that holds at most
/// [`limits::MAGAZINE_BYTES`] of objects, within its bounds.
pub(crate) fn largest_capacity(slot_bytes: usize) -> usize {
    let slots = limits::MAGAZINE_BYTES / slot_bytes.max(1);
    1 << slots
        .clamp(limits::SLOTS_MAX_LEAST, limits::SLOTS_MAX)
        .ilog2()
}

/// Slots of the array of a magazine of this capacity: a power of two, so that arrays can be used
/// again by other classes.
pub(crate) fn array_slots(capacity: usize) -> usize {
    capacity.max(limits::ARRAY_SLOTS_MIN).next_power_of_two()
}

#[cfg(test)]
#[path = "class/tests.rs"]
mod tests;
