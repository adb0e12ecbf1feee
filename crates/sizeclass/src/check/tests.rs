//! The checks pass for Go's tables, and each fails for a table or rule made to break it.

use std::string::ToString;

use super::*;
use crate::derive::Params;
use crate::{GO_1_8, GO_1_16};

#[test]
fn both_tables_pass() {
    for table in [&GO_1_8, &GO_1_16] {
        assert_eq!(table.check(), Ok(()));
        assert_eq!(table.defer_sizes(DEFER_BYTES_64), Ok([48, 64, 80, 96, 112]));
        assert_eq!(table.defer_sizes(DEFER_BYTES_32), Ok([32, 48, 64, 80, 96]));
        for rule in [HeaderRule::BITS_64, HeaderRule::BITS_32, HeaderRule::HOST] {
            assert_eq!(table.check_headers(rule), Ok(()));
        }
    }
}

/// Go's loop, with what it reads spelled out.
fn defer_sizes_by_definition(table: &Table, record: usize) -> Option<[usize; 5]> {
    let smallest = record.next_multiple_of(16);
    let fits = smallest - record;
    let class = |n: usize| {
        if n <= fits {
            0
        } else {
            (n - fits).div_ceil(16)
        }
    };
    let total = |n: usize| if n <= fits { smallest } else { record + n };
    let mut sizes = [None; 5];
    for n in (0..).take_while(|&n| class(n) < 5) {
        let rounded = table.round_up(total(n));
        if *sizes[class(n)].get_or_insert(rounded) != rounded {
            return None;
        }
    }
    Some(sizes.map(|size| size.unwrap()))
}

#[test]
#[cfg_attr(miri, ignore = "exhaustive, and safe code only")]
fn defer_sizes_follow_their_definition() {
    let (mut good, mut bad) = (0, 0);
    for record in 0..2000 {
        let expected = defer_sizes_by_definition(&GO_1_16, record);
        assert_eq!(
            GO_1_16.defer_sizes(record).ok(),
            expected,
            "record of {record}"
        );
        *if expected.is_some() {
            &mut good
        } else {
            &mut bad
        } += 1;
    }
    assert!(good > 50 && bad > 3, "{good} {bad}");
}

#[test]
fn a_record_between_classes_is_named() {
    // Without arguments 16 bytes; with 1 to 16 bytes of them 17 to 32, for which there are two
    // classes since Go 1.16.
    let error = GO_1_16.defer_sizes(16).unwrap_err();
    let expected = CheckError::BadDeferSizeClass {
        arguments: 9,
        rounded: 32,
        expected: 24,
        class: 1,
    };
    assert_eq!(error, expected);
    let text = error.to_string();
    assert!(
        text.starts_with("bad defer size class: i=9 siz=32 defersc=1"),
        "{text}"
    );
    assert_eq!(GO_1_8.defer_sizes(16), Ok([16, 32, 48, 64, 80]));
    // Records beyond all classes are their own round-up, one byte apart.
    assert!(GO_1_16.defer_sizes(usize::MAX).is_ok(), "all saturate");
}

#[test]
fn a_table_without_16_bytes_has_no_tiny_class() {
    let coarse = Params {
        min_align: 16,
        wide_align: 32,
        wide_from: 32,
        ..Params::GO_1_16
    };
    let error = Table::derive(&coarse).unwrap().check_tiny().unwrap_err();
    assert_eq!(
        error,
        CheckError::BadTinySizeClass {
            expected: 16,
            slot_bytes: 32
        }
    );
    assert_eq!(
        error.to_string(),
        "bad TinySizeClass: its slots have 32 bytes, not 16"
    );
    let table = Table::derive(&coarse).unwrap();
    assert_eq!(table.check(), Err(error));
}

#[test]
fn headers_need_a_boundary_one_page_and_one_word() {
    let rule = HeaderRule {
        largest_without: 520,
        ..HeaderRule::BITS_64
    };
    let error = GO_1_16.check_headers(rule).unwrap_err();
    assert_eq!(
        error,
        CheckError::HeaderOffBoundary {
            largest_without: 520
        }
    );
    assert!(error.to_string().contains("not a size class boundary"));

    let rule = HeaderRule {
        largest_without: 1 << 20,
        ..HeaderRule::BITS_64
    };
    assert!(matches!(
        GO_1_16.check_headers(rule),
        Err(CheckError::HeaderOffBoundary { .. })
    ));

    // 1408 is the first class with two pages.
    let rule = HeaderRule {
        largest_without: 2048,
        ..HeaderRule::BITS_64
    };
    let error = GO_1_16.check_headers(rule).unwrap_err();
    assert_eq!(
        error,
        CheckError::HeaderlessSpanTooLong {
            slot_bytes: 1408,
            span_bytes: 16_384
        }
    );

    let rule = HeaderRule {
        largest_without: 576,
        ..HeaderRule::BITS_64
    };
    let error = GO_1_16.check_headers(rule).unwrap_err();
    assert_eq!(
        error,
        CheckError::HeaderlessBitmapTooLarge {
            words: 72,
            bits: 64
        }
    );

    let rule = HeaderRule {
        pointer_bytes: 0,
        ..HeaderRule::BITS_64
    };
    assert!(GO_1_16.check_headers(rule).is_err());
}

const _: () = assert!(GO_1_16.check().is_ok());
