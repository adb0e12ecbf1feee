//! `class_for` against a search, for every size and every alignment.

use super::*;
use crate::{GO_1_8, GO_1_16, MAX_SMALL_SIZE, PAGE_BYTES};

/// For each size 0..=32768 in descending order the smallest class that is a multiple of `align`.
fn for_each_expected(table: &Table, align: usize, mut check: impl FnMut(usize, Option<SizeClass>)) {
    for size in 0..=MAX_SMALL_SIZE + 1 {
        // Every slot of the class, from a span that starts at a page, is aligned.
        let suits = |class: &SizeClass| {
            let bytes = table.slot_bytes(*class);
            bytes >= size && bytes.is_multiple_of(align) && PAGE_BYTES.is_multiple_of(align)
        };
        check(size, table.classes().find(suits));
    }
}

#[test]
#[cfg_attr(miri, ignore = "exhaustive, and safe code only")]
fn every_size_and_alignment_has_the_smallest_class_that_suits_both() {
    for table in [&GO_1_8, &GO_1_16] {
        for align in (0..=16).map(|shift| 1 << shift) {
            let mut found = 0;
            for_each_expected(table, align, |size, expected| {
                assert_eq!(
                    table.class_for(size, align),
                    expected,
                    "size {size} align {align}"
                );
                found += usize::from(expected.is_some());
            });
            let all = if align <= PAGE_BYTES {
                MAX_SMALL_SIZE + 1
            } else {
                0
            };
            assert_eq!(found, all, "align {align}");
        }
    }
}

#[test]
fn slots_of_aligned_classes_are_aligned() {
    for class in GO_1_16.classes() {
        let align = GO_1_16.align(class);
        for slot in 0..GO_1_16.slots(class) {
            let address = 0xc000_0000 + slot * GO_1_16.slot_bytes(class);
            assert_eq!(address % align, 0);
        }
    }
}

#[test]
fn what_is_no_alignment_has_no_class() {
    for align in [
        0,
        3,
        24,
        PAGE_BYTES + 1,
        PAGE_BYTES * 2,
        1 << 30,
        usize::MAX,
        1 << (usize::BITS - 1),
    ] {
        assert_eq!(GO_1_16.class_for(8, align), None, "align {align}");
    }
    for size in [MAX_SMALL_SIZE + 1, usize::MAX, usize::MAX - 4095] {
        assert_eq!(GO_1_16.class_for(size, 4096), None, "size {size}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "exhaustive, and safe code only")]
fn the_walk_is_as_short_as_documented() {
    for (table, most) in [(&GO_1_8, 2), (&GO_1_16, 2)] {
        let mut longest = 0;
        for align in (0..=13).map(|shift| 1_usize << shift) {
            for size in 0..=MAX_SMALL_SIZE {
                let first = table.class_of(size.max(1).next_multiple_of(align)).unwrap();
                let last = table.class_for(size, align).unwrap();
                let steps = last.get() - first.get();
                assert!(align > 128 || steps == 0, "size {size} align {align}");
                longest = longest.max(steps);
            }
        }
        assert_eq!(longest, most);
    }
}
