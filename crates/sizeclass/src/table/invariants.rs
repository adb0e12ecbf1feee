//! The invariants of a table as assertions, for tests and fuzzing.

use super::{LOOKUP_CAPACITY, Row, Table};
use crate::class::SizeClass;

impl Table {
    /// Asserts every invariant of this table, each by a search or by trying every slot.
    ///
    /// # Panics
    ///
    /// If one does not hold.
    pub fn check_invariants(&self) {
        self.check_rows();
        self.check_lookup();
        for class in self.classes() {
            self.check_reciprocals(class);
        }
    }

    fn check_rows(&self) {
        assert!(2 <= self.len() && self.len() <= SizeClass::LIMIT);
        assert!(
            self.granule() >= self.min_align() && self.cut() >= self.granule(),
            "I2"
        );
        assert_eq!(self.rows[0], Row::NONE, "I1: class 0");
        let used = &self.rows[1..self.len()];
        assert!(
            used.is_sorted_by(|a, b| a.slot_bytes < b.slot_bytes),
            "I1: ascending"
        );
        assert!(
            self.rows[self.len()..].iter().all(|row| *row == Row::NONE),
            "I1: the rest"
        );
        assert_eq!(used.last().map(|row| row.slot_bytes), Some(self.max_size));
        for class in self.classes() {
            let (bytes, slots) = (self.slot_bytes(class), self.slots(class));
            let multiple = if bytes <= self.cut() {
                self.min_align()
            } else {
                self.granule()
            };
            assert_eq!(bytes % multiple, 0, "I2: {bytes}");
            assert!(slots * bytes <= self.span_bytes(class), "I4: {bytes}");
            assert!(self.span_bytes(class) < (slots + 1) * bytes, "I4: {bytes}");
            assert!(
                slots >= 1 && self.align(class) >= self.min_align(),
                "{bytes}"
            );
        }
    }

    fn check_lookup(&self) {
        let (fine, coarse) = (self.fine_lookup(), self.coarse_lookup());
        assert!(fine.len() + coarse.len() <= LOOKUP_CAPACITY);
        let sizes = (0..fine.len()).map(|at| at * self.min_align());
        let more = (0..coarse.len()).map(|at| self.cut() + at * self.granule());
        for (size, &found) in sizes.chain(more).zip(fine.iter().chain(coarse)) {
            let first = self
                .rows
                .iter()
                .position(|row| row.slot_bytes as usize >= size);
            assert_eq!(first, Some(usize::from(found)), "I3: {size}");
        }
    }

    /// Both reciprocals ascend with the offset, so the ends of the slots stand for all offsets.
    fn check_reciprocals(&self, class: SizeClass) {
        let (bytes, span) = (self.slot_bytes(class), self.span_bytes(class));
        let shift_mul = self.shift_mul(class);
        for slot in 0..=self.slots(class) {
            let start = slot * bytes;
            let last = (start + bytes).min(span).saturating_sub(1);
            for offset in [start, last].into_iter().filter(|&offset| start <= offset) {
                let inside = offset < span && (self.magic(class) != 0 || slot == 0);
                assert!(
                    !inside || self.slot_index(class, offset) == slot,
                    "I5: {offset} / {bytes}"
                );
                let offset = u32::try_from(offset).unwrap();
                let agrees = shift_mul.index(offset) as usize == slot;
                assert!(agrees || offset as usize >= span, "I5: {offset} / {bytes}");
                let found = shift_mul.slot_start(offset, self.row(class).slot_bytes);
                let agrees = found as usize == start;
                assert!(agrees || offset as usize >= span, "I5: {offset} / {bytes}");
            }
        }
        if self.magic(class) == 0 {
            assert_eq!(self.slots(class), 1, "I5: {bytes}");
        } else {
            assert_eq!(
                self.slot_index(class, span),
                span / bytes,
                "I5: the end of {bytes}"
            );
        }
    }
}
