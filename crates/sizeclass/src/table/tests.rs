//! The derived tables against numbers, and every lookup against a search.

use std::vec::Vec;

use super::expected::ROWS;
use super::*;
use crate::{MAX_SLOTS_PER_SPAN, MAX_SMALL_SIZE, MAX_SPAN_PAGES, PAGE_BYTES};

fn class(number: u8) -> SizeClass {
    SizeClass::new(number).unwrap()
}

#[test]
fn both_tables_have_the_numbers_of_go() {
    for (table, old) in [(&GO_1_8, true), (&GO_1_16, false)] {
        let mut seen = 1;
        for row in &ROWS {
            let number = if old { row.old } else { row.new };
            if number == 0 {
                continue;
            }
            let class = class(number);
            assert_eq!(number, seen, "rows ascend without a gap");
            assert_eq!(table.slot_bytes(class), row.bytes);
            assert_eq!(table.pages(class), row.pages, "pages of {}", row.bytes);
            assert_eq!(table.span_bytes(class), row.pages * PAGE_BYTES);
            assert_eq!(table.slots(class), row.slots, "slots of {}", row.bytes);
            assert_eq!(table.align(class), row.align, "alignment of {}", row.bytes);
            assert_eq!(table.magic(class), row.magic, "magic of {}", row.bytes);
            let s = table.shift_mul(class);
            let s = (s.shift, s.shift2, s.mul, s.base_mask);
            assert_eq!(s, row.shift_mul, "shifts and factor of {}", row.bytes);
            let described = table.describe(class).unwrap();
            let waste = if old { row.waste.0 } else { row.waste.1 };
            assert_eq!(
                described.waste_per_10_000(),
                waste,
                "waste of {}",
                row.bytes
            );
            assert_eq!(described.tail_bytes, row.tail, "tail of {}", row.bytes);
            seen += 1;
        }
        assert_eq!(table.len(), usize::from(seen));
    }
}

#[test]
fn fingerprints() {
    let sums = |table: &Table| {
        table
            .classes()
            .fold((0, 0, 0, 0), |(n, bytes, pages, slots), class| {
                let (b, p, s) = (
                    table.slot_bytes(class),
                    table.pages(class),
                    table.slots(class),
                );
                (n + 1, bytes + b, pages + p, slots + s)
            })
    };
    assert_eq!(sums(&GO_1_8), (66, 372_744, 167, 3133));
    assert_eq!(sums(&GO_1_16), (67, 372_768, 168, 3474));
    assert_eq!(Table::DEFAULT, &GO_1_16);
    assert_eq!(Table::default(), GO_1_16);
    assert_ne!(GO_1_8, GO_1_16);
}

/// `index:class` wherever the class changes.
fn runs(lookup: &[u8]) -> Vec<(usize, u8)> {
    let mut runs: Vec<(usize, u8)> = Vec::new();
    for (index, &class) in lookup.iter().enumerate() {
        if runs.last().is_none_or(|last| last.1 != class) {
            runs.push((index, class));
        }
    }
    runs
}

fn parse(text: &str, add: u8) -> Vec<(usize, u8)> {
    let pair = |run: &str| {
        let (index, class) = run.split_once(':').unwrap();
        (index.parse().unwrap(), class.parse::<u8>().unwrap() + add)
    };
    text.split_whitespace().map(pair).collect()
}

fn sum(lookup: &[u8]) -> u32 {
    lookup.iter().map(|&class| u32::from(class)).sum()
}

#[test]
fn fine_lookups_have_the_numbers_of_go() {
    let old = "0:0 1:1 2:2 3:3 5:4 7:5 9:6 11:7 13:8 15:9 17:10 19:11 21:12 23:13 25:14 27:15 29:16 \
               31:17 33:18 37:19 41:20 45:21 49:22 53:23 57:24 61:25 65:26 73:27 81:28 89:29 97:30 113:31";
    assert_eq!(runs(GO_1_8.fine_lookup()), parse(old, 0));
    // One class more from index 4 on.
    let mut new = parse("0:0 1:1 2:2 3:3 4:4", 0);
    new.extend(parse(old, 1).into_iter().filter(|run| run.0 >= 5));
    assert_eq!(runs(GO_1_16.fine_lookup()), new);
    for (table, total) in [(&GO_1_8, 2847), (&GO_1_16, 2972)] {
        assert_eq!(table.fine_lookup().len(), 129);
        assert_eq!(sum(table.fine_lookup()), total);
    }
}

#[test]
fn coarse_lookups_have_the_numbers_of_go() {
    let old = "0:31 1:32 2:33 3:34 4:35 5:36 7:37 9:38 11:39 14:40 17:41 18:42 20:43 25:44 31:45 35:46 \
               41:47 44:48 46:49 47:50 57:51 67:52 69:53 73:54 78:55 89:56 99:57 105:58 121:59 137:60 \
               142:61 153:62 163:63 185:64 206:65 217:66";
    for (table, add, total) in [(&GO_1_8, 0, 14_093), (&GO_1_16, 1, 14_342)] {
        assert_eq!(runs(table.coarse_lookup()), parse(old, add));
        assert_eq!(table.coarse_lookup().len(), 249);
        assert_eq!(sum(table.coarse_lookup()), total);
        assert_eq!(
            (table.cut(), table.granule(), table.min_align()),
            (1024, 128, 8)
        );
    }
}

#[test]
#[cfg_attr(miri, ignore = "exhaustive, and safe code only")]
fn every_size_has_the_smallest_class_that_holds_it() {
    for table in [&GO_1_8, &GO_1_16] {
        let mut expected = 1;
        for size in 0..=MAX_SMALL_SIZE {
            if table.slot_bytes(class(expected)) < size {
                expected += 1;
            }
            assert_eq!(table.class_of(size), Some(class(expected)), "size {size}");
        }
        for size in [MAX_SMALL_SIZE + 1, 1 << 20, usize::MAX - 7, usize::MAX] {
            assert_eq!(table.class_of(size), None, "size {size}");
        }
    }
}

#[test]
fn every_class_keeps_the_promises_of_the_table() {
    for table in [&GO_1_8, &GO_1_16] {
        let (mut slots, mut pages) = (0, 0);
        for class in table.classes() {
            let (bytes, span) = (table.slot_bytes(class), table.span_bytes(class));
            assert_eq!(table.slots(class), span / bytes);
            assert!(span % bytes <= span / 8, "tail of {bytes}");
            assert!(bytes % 8 == 0 && (bytes < 32 || bytes % 16 == 0));
            assert!(bytes <= 1024 || bytes % 128 == 0);
            slots = slots.max(table.slots(class));
            pages = pages.max(table.pages(class));
        }
        assert_eq!((slots, pages), (MAX_SLOTS_PER_SPAN, MAX_SPAN_PAGES));
        assert_eq!(
            (table.max_size(), table.page_bytes()),
            (MAX_SMALL_SIZE, PAGE_BYTES)
        );
    }
}

#[test]
fn classes_outside_the_table_are_nothing() {
    for number in [0, 67, 68, 127] {
        let class = class(number);
        assert!(!GO_1_8.contains(class));
        assert_eq!(GO_1_8.slot_bytes(class), 0);
        assert_eq!((GO_1_8.pages(class), GO_1_8.slots(class)), (0, 0));
        assert_eq!((GO_1_8.magic(class), GO_1_8.align(class)), (0, 0));
        // A large span's only slot is 0, wherever in it one asks.
        assert_eq!(GO_1_8.slot_index(class, 123_456), 0);
    }
    assert!(GO_1_8.contains(class(66)) && GO_1_16.contains(class(67)));
}

#[test]
fn a_table_stays_as_small_as_it_is() {
    // 20 bytes a class, a byte a lookup entry, and the rest.
    assert_eq!(size_of::<Row>(), 20);
    assert_eq!(size_of::<Table>(), 128 * 20 + 2560 + 16);
    assert_eq!(
        (size_of::<SizeClass>(), size_of::<crate::SpanClass>()),
        (1, 1)
    );
}

#[test]
fn classes_are_counted_exactly() {
    let mut classes = GO_1_16.classes();
    assert_eq!(classes.len(), 67);
    assert_eq!(classes.next(), SizeClass::new(1));
    assert_eq!(classes.len(), 66);
    assert_eq!(classes.last(), SizeClass::new(67));
}
