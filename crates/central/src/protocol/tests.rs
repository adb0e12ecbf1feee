//! Arithmetic of the protocol: control words and the choice of bits.
use super::{Control, lowest};

#[test]
fn a_control_word_has_the_generation_above_the_count() {
    let control = Control::of(7 << 32 | 1024);
    assert_eq!(control.generation, 7);
    assert_eq!(control.free, 1024);
}

#[test]
fn lowest_takes_the_lowest_bits_and_no_more() {
    for bits in [0, 1, 0b1010_1100, u64::MAX, 1 << 63, 0xAAAA_AAAA_AAAA_AAAA] {
        for count in 0..=64 {
            let chosen = lowest(bits, count);
            assert_eq!(chosen & !bits, 0, "only bits that are set");
            assert_eq!(
                chosen.count_ones() as usize,
                count.min(bits.count_ones() as usize)
            );
            let rest = bits ^ chosen;
            assert!(
                rest == 0
                    || chosen == 0
                    || chosen.leading_zeros() > rest.trailing_zeros().abs_diff(63),
                "whatever is left lies above what was chosen"
            );
        }
    }
}
