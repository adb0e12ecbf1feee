//! What reservations have left: address space that is Reserved and not handed out yet.
//!
//! Belongs to the layout's [`Inner`](super::Inner), under its lock. After Go 1.14 `mheap.curArena`,
//! which keeps one such range and maps the rest of the old one when a new one lies elsewhere; here
//! the rest stays Reserved, so that it is not charged before somebody needs it.
#![expect(unsafe_code, reason = "moves the base pointers of ranges it owns")]
use crate::{Addr, ByteCount};
use core::ptr::NonNull;

/// How many ranges are kept. A range is only left behind when the next reservation lies elsewhere,
/// which happens once per hint that fails; when there are more, the smallest is given up.
const RANGES: usize = 8;

#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) base: NonNull<u8>,
    pub(super) bytes: ByteCount,
}

impl Range {
    /// What follows the first `bytes`, which the range has.
    pub(super) fn without_first(mut self, bytes: ByteCount) -> Self {
        self.bytes = self.bytes.saturating_sub(bytes);
        // SAFETY: inside the reservation, or at its end.
        self.base = unsafe { self.base.add(bytes.get()) };
        self
    }

    fn end(&self) -> Option<Addr> {
        Addr::of(self.base.as_ptr()).checked_add(self.bytes)
    }
}

/// The ranges; the last one is the newest, and is used first.
#[derive(Debug)]
pub(super) struct Left {
    ranges: [Option<Range>; RANGES],
}

impl Left {
    pub(super) const fn new() -> Self {
        Self {
            ranges: [None; RANGES],
        }
    }

    /// Adds a fresh reservation, behind the newest range if they touch.
    pub(super) fn add(&mut self, range: Range) {
        if let Some(newest) = &mut self.ranges[RANGES - 1] {
            let touches = newest.end() == Some(Addr::of(range.base.as_ptr()));
            if let (true, Some(bytes)) = (touches, newest.bytes.checked_add(range.bytes)) {
                newest.bytes = bytes;
                return;
            }
        }
        // The smallest (or an empty place) goes, the others move down.
        let size = |range: &Option<Range>| range.map_or(0, |range| range.bytes.get());
        let mut smallest = 0;
        for place in 1..RANGES {
            if size(&self.ranges[place]) < size(&self.ranges[smallest]) {
                smallest = place;
            }
        }
        self.ranges.copy_within(smallest + 1.., smallest);
        self.ranges[RANGES - 1] = Some(range);
    }

    /// The range that a request of this size is cut from: the newest that has room.
    pub(super) fn find(&self, bytes: ByteCount) -> Option<(usize, NonNull<u8>)> {
        self.ranges
            .iter()
            .enumerate()
            .rev()
            .find_map(|(place, range)| {
                range
                    .filter(|range| range.bytes >= bytes)
                    .map(|range| (place, range.base))
            })
    }

    /// Cuts `bytes` from the front of the range that [`Left::find`] returned for them.
    pub(super) fn take(&mut self, place: usize, bytes: ByteCount) {
        let Some(range) = self.ranges[place] else {
            return;
        };
        let rest = range.without_first(bytes);
        // The newest stays even when it is empty: the next reservation may continue it.
        let is_kept = !rest.bytes.is_zero() || place == RANGES - 1;
        self.ranges[place] = is_kept.then_some(rest);
    }
}
