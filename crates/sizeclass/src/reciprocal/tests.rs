//! Both reciprocals at every offset of every span of both tables.

use super::*;
use crate::table::expected::ROWS;
use crate::{GO_1_8, GO_1_16, Table};

#[test]
#[cfg_attr(miri, ignore = "exhaustive, and safe code only")]
fn both_forms_divide_every_offset_of_every_span() {
    for table in [&GO_1_8, &GO_1_16] {
        for class in table.classes() {
            let bytes = table.slot_bytes(class);
            let (magic, shift_mul) = (table.magic(class), table.shift_mul(class));
            let (mut slot, mut within) = (0, 0);
            for offset in 0..table.span_bytes(class) {
                assert_eq!(magic_index(magic, offset), slot, "{offset} / {bytes}");
                let offset32 = u32::try_from(offset).unwrap();
                assert_eq!(
                    shift_mul.index(offset32) as usize,
                    slot,
                    "{offset} / {bytes}"
                );
                let start = shift_mul.slot_start(offset32, u32::try_from(bytes).unwrap());
                assert_eq!(start as usize, offset - within, "{offset} / {bytes}");
                within += 1;
                if within == bytes {
                    (slot, within) = (slot + 1, 0);
                }
            }
            // The 32-bit form holds at the end of the span as well.
            let end = table.span_bytes(class);
            assert_eq!(table.slot_index(class, end), end / bytes);
        }
    }
}

/// `is_exact` looks at two numbers; this one looks at all of them.
fn is_exact_by_trial(d: u64, mul: u64, shift: u32, most: u64) -> bool {
    (0..=most).all(|n| (n * mul) >> shift == n / d)
}

#[test]
#[cfg_attr(miri, ignore = "exhaustive, and safe code only")]
fn the_exactness_test_agrees_with_trial() {
    let mut exact = 0;
    for d in 1..=40_u64 {
        for shift in 0..14 {
            let mul = (1_u64 << shift).div_ceil(d);
            for most in 0..=130 {
                let expected = is_exact_by_trial(d, mul, shift, most);
                assert_eq!(
                    is_exact(d, mul, shift, most),
                    expected,
                    "{d} {shift} {most}"
                );
                exact += u32::from(expected);
            }
        }
    }
    assert!(exact > 10_000, "the comparison saw both answers: {exact}");
}

#[test]
#[cfg_attr(miri, ignore = "exhaustive, and safe code only")]
fn no_smaller_shift_would_do() {
    for row in &ROWS {
        let (shift, shift2, mul, mask) = row.shift_mul;
        if mask != 0 || shift2 == 0 {
            continue;
        }
        let odd = (row.bytes >> shift) as u64;
        let most = ((row.pages * crate::PAGE_BYTES - 1) >> shift) as u64;
        assert!(is_exact_by_trial(
            odd,
            u64::from(mul),
            u32::from(shift2),
            most
        ));
        for smaller in 0..u32::from(shift2) {
            let mul = (1_u64 << smaller).div_ceil(odd);
            assert!(
                !is_exact_by_trial(odd, mul, smaller, most),
                "{} {smaller}",
                row.bytes
            );
        }
    }
}

#[test]
fn sizes_without_a_reciprocal() {
    assert_eq!(magic_for(0), 0);
    assert_eq!(magic_for(1), 0);
    assert_eq!(ShiftMul::new(0, 8192), None);
    assert_eq!(ShiftMul::new(8193, 8192), None);
    // An odd size of 2^17 and a span of 2^31: no factor of 16 bits reaches that far.
    assert_eq!(ShiftMul::new((1 << 17) + 1, 1 << 31), None);
}

#[test]
fn powers_of_two_beyond_the_mask_shift() {
    // Either the size or its span is too long for 16 bits.
    for shift in [15, 16] {
        let big = ShiftMul::new(1 << shift, 1 << 18).unwrap();
        assert_eq!(big.base_mask, 0);
        for offset in (0..1 << 18).step_by(1021) {
            assert_eq!(big.index(offset), offset >> shift);
            assert_eq!(big.slot_start(offset, 1 << shift), offset >> shift << shift);
        }
    }
    assert_eq!(ShiftMul::new(1 << 15, 1 << 17).unwrap().base_mask, 0);
    assert_eq!(ShiftMul::new(1 << 15, 1 << 16).unwrap().base_mask, 1 << 15);
    let small = Table::DEFAULT.shift_mul(Table::DEFAULT.class_of(32_768).unwrap());
    assert_eq!(small.slot_start(32_767, 32_768), 0);
}
