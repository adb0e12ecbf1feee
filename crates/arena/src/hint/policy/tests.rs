//! Random bases: Go's formula, worked out by hand.
use super::HintPolicy;
use crate::{Bits32, Window};

#[test]
fn platforms_without_a_choice_have_no_hints() {
    for policy in [
        HintPolicy::Platform,
        HintPolicy::Race,
        HintPolicy::Random { seed: u64::MAX },
        HintPolicy::System,
    ] {
        assert_eq!(policy.addresses::<Bits32>().count(), 0, "{policy:?}");
        assert_eq!(policy.addresses::<Window>().count(), 0, "{policy:?}");
        assert_eq!(policy.first_offset::<Bits32>(), 0);
    }
}

#[cfg(target_pointer_width = "64")]
mod bits64 {
    //! Only a 64-bit machine has numbers for these.
    use super::super::HintPolicy;
    use crate::{Addr, Unix64, UnixAmd64, WindowsAmd64};
    use std::vec::Vec;

    fn hints<P: crate::Platform>(seed: u64) -> Vec<usize> {
        HintPolicy::Random { seed }
            .addresses::<P>()
            .map(Addr::get)
            .collect()
    }

    #[test]
    fn the_top_of_the_seed_is_the_base() {
        // 20 bits, 0xabcde, become the base 0xabcde << 26 = 0x2af3_7800_0000 of 46 bits.
        let seed = 0xabcd_e000_0000_0000;
        // Its prefix is its top byte, 0xab; the hints run through all of them and start there.
        let hints = hints::<UnixAmd64>(seed);
        assert_eq!(hints.len(), 128);
        // The mask takes bits 40 and up off, which leaves 0xf3_7800_0000; bits 38 and 39 of the
        // base stay and are OR-ed into every hint.
        assert_eq!(hints[0], 0xab << 38 | 0xf3_7800_0000);
        assert_eq!(hints[0], 0x2af3_7800_0000);
        assert_eq!(hints[1], 0xac << 38 | 0xf3_7800_0000);
        assert_eq!(hints[1], 0x2bf3_7800_0000);
        assert_eq!(hints[85], 0x00f3_7800_0000, "the prefix wraps around");
        let mut distinct = hints.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 33, "some coincide, as in Go");
    }

    #[test]
    fn other_platforms_have_one_bit_more_or_smaller_arenas() {
        // 21 bits, 0x1579b, of 47.
        let seed = 0xabcd_e000_0000_0000;
        assert_eq!(hints::<Unix64>(seed)[0], 0xabcd_e000_0000_0000 >> 17);
        // 24 bits of 46.
        assert_eq!(hints::<WindowsAmd64>(u64::MAX)[0], 0x3fff_ffc0_0000);
    }

    #[test]
    fn hints_stay_in_the_half_that_programs_have_and_are_arenas() {
        let mut seed = 1_u64;
        for _ in 0..50 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            for hint in hints::<UnixAmd64>(seed) {
                assert!(hint >> 46 == 0 && hint.trailing_zeros() >= 26, "{hint:#x}");
            }
        }
    }

    #[test]
    fn the_rest_of_the_seed_is_the_place_in_the_first_arena() {
        let offset = |seed| HintPolicy::Random { seed }.first_offset::<UnixAmd64>();
        assert_eq!(offset(0), 0);
        assert_eq!(offset(u64::MAX), 0x3ff_e000, "the last page of the arena");
        // After the 20 bits of the base: chunk 2 of 16, page 1 of 512.
        let seed = 0b0010 << 40 | 1 << 31;
        assert_eq!(offset(seed), 2 << 22 | 1 << 13);
        assert_eq!(HintPolicy::Platform.first_offset::<UnixAmd64>(), 0);
    }
}
