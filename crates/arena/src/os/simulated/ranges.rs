//! Which addresses are in which state: an ordered map of disjoint ranges.
//!
//! Belongs to the simulated address space, under its lock. Ends are exclusive and `u64`, so that a
//! 32-bit space has an end on a 32-bit machine too.
use std::collections::BTreeMap;
use std::vec::Vec;

/// What a range of addresses is. Addresses in no range are None.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Somebody else's.
    Taken,
    Reserved,
    Prepared,
    Ready,
}

#[derive(Clone, Copy, Debug)]
struct Range {
    end: u64,
    kind: Kind,
}

/// # Invariants
///
/// * I1: keys are starts; ranges are not empty and do not overlap.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    map: BTreeMap<u64, Range>,
}

impl Ranges {
    /// Is nothing between `start` and `end`?
    pub(super) fn is_free(&self, start: u64, end: u64) -> bool {
        self.overlapping(start, end).next().is_none()
    }

    /// Is everything between `start` and `end` of one of these kinds?
    pub(super) fn is_all(&self, start: u64, end: u64, kinds: &[Kind]) -> bool {
        let mut at = start;
        for (from, range) in self.overlapping(start, end) {
            if from > at || !kinds.contains(&range.kind) {
                return false;
            }
            at = range.end;
        }
        at >= end
    }

    /// How many bytes between `start` and `end` are of one of these kinds.
    pub(super) fn bytes(&self, start: u64, end: u64, kinds: &[Kind]) -> u64 {
        self.overlapping(start, end)
            .filter(|(_, range)| kinds.contains(&range.kind))
            .map(|(from, range)| range.end.min(end) - from.max(start))
            .sum()
    }

    /// Makes everything between `start` and `end` of this kind, or None.
    pub(super) fn set(&mut self, start: u64, end: u64, kind: Option<Kind>) {
        self.split(start);
        self.split(end);
        let inside: Vec<u64> = self.map.range(start..end).map(|(from, _)| *from).collect();
        for from in inside {
            self.map.remove(&from);
        }
        if let Some(kind) = kind {
            self.map.insert(start, Range { end, kind });
        }
    }

    /// The highest start of `bytes` free addresses in `low..high`, at a multiple of `align`.
    pub(super) fn highest_gap(&self, low: u64, high: u64, bytes: u64, align: u64) -> Option<u64> {
        let mut end = high;
        let below = self.map.range(..high).rev();
        for (from, range) in below
            .map(|(from, range)| (*from, range.end))
            .chain([(0, low)])
        {
            let start = end.checked_sub(bytes).map(|start| start / align * align);
            if let Some(start) = start.filter(|start| *start >= range.max(low)) {
                return Some(start);
            }
            end = end.min(from);
        }
        None
    }

    fn overlapping(&self, start: u64, end: u64) -> impl Iterator<Item = (u64, Range)> {
        let before = self.map.range(..start).next_back();
        let before = before.filter(move |(_, range)| range.end > start);
        let inside = self.map.range(start..end.max(start));
        before
            .into_iter()
            .chain(inside)
            .map(|(from, range)| (*from, *range))
    }

    /// Makes `at` a start or an end, if it is inside a range.
    fn split(&mut self, at: u64) {
        let Some((_, range)) = self.map.range_mut(..at).next_back() else {
            return;
        };
        if range.end > at {
            let rest = *range;
            range.end = at;
            self.map.insert(at, rest);
        }
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
