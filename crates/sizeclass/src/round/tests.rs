//! Round-up against Go's samples, and against the classes for every size.

use super::*;
use crate::{GO_1_8, GO_1_16, MAX_SMALL_SIZE, PAGE_BYTES};

#[test]
fn old_table_rounds_as_go_1_10() {
    let samples = [
        (0, 0),
        (1, 8),
        (9, 16),
        (17, 32),
        (24, 32),
        (25, 32),
        (33, 48),
        (1016, 1024),
        (1017, 1024),
        (1025, 1152),
        (2049, 2304),
        (32_767, 32_768),
        (32_768, 32_768),
        (32_769, 40_960),
    ];
    for (size, rounded) in samples {
        assert_eq!(GO_1_8.round_up(size), rounded, "size {size}");
    }
}

#[test]
fn new_table_rounds_as_go_1_22() {
    // Size, without pointers, with.
    let samples = [
        (0, 0, 0),
        (17, 24, 24),
        (512, 512, 512),
        (513, 576, 568),
        (1016, 1024, 1016),
        (1017, 1024, 1144),
        (1025, 1152, 1144),
        (2049, 2304, 2296),
        (32_752, 32_768, 32_760),
        (32_753, 32_768, 32_760),
        (32_760, 32_768, 32_760),
        (32_761, 32_768, 32_768),
        (32_769, 40_960, 40_960),
    ];
    for (size, noscan, scan) in samples {
        let round = |scan| GO_1_16.round_up_with_header(size, scan, HeaderRule::BITS_64);
        assert_eq!(
            (round(Scan::No), round(Scan::Yes)),
            (noscan, scan),
            "size {size}"
        );
    }
    let largest = MAX_SMALL_SIZE - 8;
    let class = |size, scan| GO_1_16.class_with_header(size, scan, HeaderRule::BITS_64);
    assert_eq!(class(largest, Scan::Yes).map(SizeClass::get), Some(67));
    assert_eq!(class(largest + 1, Scan::No), None, "a large object");
}

#[test]
fn narrow_pointers_have_headers_earlier() {
    let rule = HeaderRule::BITS_32;
    assert_eq!((rule.largest_without, rule.header_bytes), (128, 8));
    assert_eq!(HeaderRule::BITS_64.largest_without, 512);
    assert_eq!(GO_1_16.round_up_with_header(128, Scan::Yes, rule), 128);
    assert_eq!(GO_1_16.round_up_with_header(129, Scan::Yes, rule), 136);
    assert_eq!(GO_1_16.round_up_with_header(129, Scan::No, rule), 144);
}

#[test]
#[cfg_attr(miri, ignore = "exhaustive, and safe code only")]
fn every_size_rounds_to_what_its_object_may_use() {
    for size in 1..=2 * MAX_SMALL_SIZE {
        let plain = GO_1_16.round_up(size);
        let page = size.next_multiple_of(PAGE_BYTES);
        let expected = GO_1_16
            .class_of(size)
            .map_or(page, |class| GO_1_16.slot_bytes(class));
        assert_eq!(plain, expected, "size {size}");
        for scan in [Scan::Yes, Scan::No] {
            let got = GO_1_16.round_up_with_header(size, scan, HeaderRule::BITS_64);
            assert!(got >= size);
            let large = size > MAX_SMALL_SIZE - 8;
            let header = if !large && size > 512 && scan == Scan::Yes {
                8
            } else {
                0
            };
            let expected = if large {
                page
            } else {
                GO_1_16.round_up(size + header) - header
            };
            assert_eq!(got, expected, "size {size} {scan:?}");
        }
    }
}

#[test]
fn what_does_not_fit_stays_itself() {
    let last_page = usize::MAX - (PAGE_BYTES - 1);
    for size in [last_page + 1, usize::MAX - 7, usize::MAX] {
        assert_eq!(GO_1_16.round_up(size), size);
        assert_eq!(
            GO_1_16.round_up_with_header(size, Scan::Yes, HeaderRule::BITS_64),
            size
        );
    }
    assert_eq!(GO_1_16.round_up(last_page), last_page);
    assert_eq!(GO_1_16.round_up(last_page - 1), last_page);
}
