//! Tables of one's own, and parameters that give none.

use std::string::ToString;
use std::vec::Vec;

use super::*;
use crate::{GO_1_8, GO_1_16, Table};

const GO: Params = Params::GO_1_16;

fn slots(table: &Table) -> Vec<usize> {
    table
        .classes()
        .map(|class| table.slot_bytes(class))
        .collect()
}

#[test]
#[cfg_attr(miri, ignore = "derives whole tables, and safe code only")]
fn go_tables_are_what_their_parameters_give() {
    assert_eq!(Table::derive(&Params::GO_1_16).as_ref(), Ok(&GO_1_16));
    assert_eq!(Table::derive(&Params::GO_1_8).as_ref(), Ok(&GO_1_8));
    assert_eq!(Params::default(), Params::GO_1_16);
    GO_1_8.check_invariants();
    GO_1_16.check_invariants();
}

#[test]
#[cfg_attr(miri, ignore = "exhaustive, and safe code only")]
fn other_tables_keep_their_promises() {
    // Parameters, entries, and the largest size.
    let cases = [
        (Params { max_size: 8, ..GO }, 2, 8),
        (
            Params {
                max_size: 1024,
                ..GO
            },
            33,
            1024,
        ),
        (
            Params {
                max_size: 64 << 10,
                ..GO
            },
            75,
            64 << 10,
        ),
        (
            Params {
                max_size: 256 << 10,
                ..GO
            },
            99,
            256 << 10,
        ),
        (
            Params {
                max_size: 1 << 20,
                max_step: 1 << 20,
                granule: 512,
                ..GO
            },
            95,
            1 << 20,
        ),
        (
            Params {
                max_size: 33_024,
                ..GO
            },
            69,
            36_864,
        ),
        (
            Params {
                tail_divisor: 16,
                ..GO
            },
            90,
            32_768,
        ),
        (
            Params {
                step_divisor: 16,
                ..GO
            },
            75,
            32_768,
        ),
        (
            Params {
                step_divisor: 4,
                ..GO
            },
            55,
            32_768,
        ),
        (
            Params {
                page_bytes: 4 << 10,
                ..GO
            },
            62,
            32_768,
        ),
        (
            Params {
                page_bytes: 64 << 10,
                ..GO
            },
            74,
            32_768,
        ),
        (
            Params {
                min_align: 16,
                ..GO
            },
            66,
            32_768,
        ),
        (Params { min_align: 4, ..GO }, 72, 32_768),
    ];
    for (params, len, max_size) in cases {
        let table = Table::derive(&params).unwrap();
        assert_eq!(
            (table.len(), table.max_size()),
            (len, max_size),
            "{params:?}"
        );
        table.check_invariants();
        for class in table.descriptions() {
            assert!(
                class.tail_bytes <= class.span_bytes / params.tail_divisor,
                "{params:?}"
            );
        }
        // Every size of the table has its class, and not the one below.
        for size in 1..=table.max_size() {
            let class = table.class_of(size).unwrap();
            assert!(table.slot_bytes(class) >= size, "{params:?} size {size}");
            let below = SizeClass::new(class.get() - 1).unwrap();
            assert!(table.slot_bytes(below) < size, "{params:?} size {size}");
        }
        assert_eq!(table.class_of(table.max_size() + 1), None);
    }
}

#[test]
fn small_tables_by_hand() {
    let powers = Params {
        min_align: 2,
        wide_align: 2,
        wide_from: 2,
        step_divisor: 1,
        ..GO
    };
    let powers = Params {
        granule: 64,
        max_step: 64,
        max_size: 64,
        ..powers
    };
    assert_eq!(
        slots(&Table::derive(&powers).unwrap()),
        [2, 4, 8, 16, 32, 64]
    );

    let halves = Params {
        max_size: 64,
        wide_from: 16,
        step_divisor: 2,
        ..GO
    };
    assert_eq!(slots(&Table::derive(&halves).unwrap()), [8, 16, 32, 48, 64]);
}

#[test]
#[cfg_attr(miri, ignore = "derives whole tables, and safe code only")]
fn large_slots_alone_in_their_span_need_no_reciprocal() {
    let table = Table::derive(&Params {
        max_size: 256 << 10,
        ..GO
    })
    .unwrap();
    let class = table.class_of(114_688).unwrap();
    assert_eq!((table.slot_bytes(class), table.slots(class)), (114_688, 1));
    assert_eq!(
        table.magic(class),
        0,
        "2^32 / 114688, rounded up, is not exact up to there"
    );
    assert_eq!(table.slot_index(class, 114_687), 0);
}

#[test]
fn ranges_are_checked_against_each_other() {
    use Parameter as P;
    let cases = [
        (
            P::PageBytes,
            255,
            Params {
                page_bytes: 255,
                ..GO
            },
        ),
        (
            P::PageBytes,
            2 << 20,
            Params {
                page_bytes: 2 << 20,
                ..GO
            },
        ),
        (P::MaxSize, 7, Params { max_size: 7, ..GO }),
        (
            P::MaxSize,
            (1 << 20) + 1,
            Params {
                max_size: (1 << 20) + 1,
                ..GO
            },
        ),
        (P::MinAlign, 1, Params { min_align: 1, ..GO }),
        (
            P::WideAlign,
            4,
            Params {
                wide_align: 4,
                ..GO
            },
        ),
        (
            P::WideAlign,
            512,
            Params {
                wide_align: 512,
                ..GO
            },
        ),
        (P::WideFrom, 8, Params { wide_from: 8, ..GO }),
        (
            P::StepDivisor,
            0,
            Params {
                step_divisor: 0,
                ..GO
            },
        ),
        (
            P::StepDivisor,
            128,
            Params {
                step_divisor: 128,
                ..GO
            },
        ),
        (P::MaxStep, 64, Params { max_step: 64, ..GO }),
        (
            P::TailDivisor,
            1,
            Params {
                tail_divisor: 1,
                ..GO
            },
        ),
        (
            P::TailDivisor,
            1025,
            Params {
                tail_divisor: 1025,
                ..GO
            },
        ),
        (P::Granule, 4, Params { granule: 4, ..GO }),
    ];
    for (expected, number, params) in cases {
        match Table::derive(&params).unwrap_err() {
            DeriveError::OutOfRange {
                parameter, value, ..
            } => {
                assert_eq!((parameter, value), (expected, number));
            }
            other => panic!("{expected}: {other}"),
        }
    }
    let error = Table::derive(&Params {
        step_divisor: 3,
        ..GO
    })
    .unwrap_err();
    let expected = DeriveError::NotPowerOfTwo {
        parameter: P::StepDivisor,
        value: 3,
    };
    assert_eq!(error, expected);
    assert_eq!(error.to_string(), "step_divisor = 3 is not a power of two");
    let error = Table::derive(&Params { min_align: 1, ..GO }).unwrap_err();
    assert_eq!(error.to_string(), "min_align = 1 is not within 2..=8192");
}

#[test]
#[cfg_attr(miri, ignore = "derives whole tables, and safe code only")]
fn impossible_tables_say_why() {
    let cases = [
        (
            Params {
                max_size: 33_000,
                ..GO
            },
            DeriveError::MaxSizeUnreachable {
                max_size: 33_000,
                last: 32_768,
            },
            "the steps pass over max_size = 33000: the last size below it is 32768",
        ),
        (
            Params {
                tail_divisor: 64,
                ..GO
            },
            DeriveError::TooManyClasses {
                size: 25_856,
                limit: 128,
            },
            "a table has 128 entries; there is none left for size 25856",
        ),
        (
            Params {
                max_size: 1 << 20,
                max_step: 1 << 20,
                ..GO
            },
            DeriveError::LookupTooLarge {
                entries: 129 + 8185,
                limit: 2560,
            },
            "the lookup tables need 8314 entries, and there are 2560",
        ),
        (
            Params {
                page_bytes: 256,
                max_size: 1 << 20,
                max_step: 1 << 20,
                granule: 256,
                ..GO
            },
            DeriveError::SpanTooLarge {
                size: 294_912,
                limit: 1024,
            },
            "no span of at most 1024 pages holds size 294912 within the waste bound",
        ),
    ];
    for (params, expected, text) in cases {
        let error = Table::derive(&params).unwrap_err();
        assert_eq!(error, expected);
        assert_eq!(error.to_string(), text);
    }
}
