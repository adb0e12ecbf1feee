//! The tables of every platform, as literals.
use super::{Bits32, Mips32, Platform, Wasm, Wasm11, Wasm13};

/// Address bits, arena bytes, first-level entries, second-level entries, pages of an arena.
fn numbers<P: Platform>() -> (u32, usize, usize, usize, usize) {
    assert_eq!(
        P::ADDRESS_BITS,
        P::ARENA_SHIFT + P::L1_BITS + P::L2_BITS,
        "2^bits = arena × L1 × L2"
    );
    let entries = (1 << P::L1_BITS, 1 << P::L2_BITS);
    (
        P::ADDRESS_BITS,
        P::ARENA.get(),
        entries.0,
        entries.1,
        P::PAGES,
    )
}

#[test]
fn thirty_two_bit_platforms_have_the_published_numbers() {
    assert_eq!(numbers::<Bits32>(), (32, 0x40_0000, 1, 1024, 512));
    assert_eq!(numbers::<Mips32>(), (31, 0x40_0000, 1, 512, 512));
    assert_eq!(numbers::<Wasm11>(), (32, 0x400_0000, 1, 64, 8192));
    assert_eq!(numbers::<Wasm13>(), (32, 0x40_0000, 1, 1024, 512));
    assert_eq!(numbers::<Wasm>(), (32, 0x8_0000, 1, 8192, 64));
}

#[cfg(target_pointer_width = "64")]
mod bits64 {
    //! Platforms that only a 64-bit machine has numbers for.
    use super::super::*;
    use super::numbers;
    use crate::HintPolicy;
    use std::vec::Vec;

    #[test]
    fn sixty_four_bit_platforms_have_the_published_numbers() {
        let unix = (48, 0x400_0000, 1, 4_194_304, 8192);
        assert_eq!(numbers::<Unix64>(), unix);
        assert_eq!(numbers::<UnixAmd64>(), unix);
        assert_eq!(numbers::<UnixArm64>(), unix);
        assert_eq!(numbers::<Riscv64Sv39>(), unix);
        assert_eq!(numbers::<Aix>(), unix);
        assert_eq!(numbers::<Aix12>(), (60, 0x1000_0000, 4096, 1 << 20, 32768));
        let windows = (48, 0x40_0000, 64, 1_048_576, 512);
        assert_eq!(numbers::<WindowsAmd64>(), windows);
        assert_eq!(numbers::<WindowsArm64>(), windows);
        assert_eq!(numbers::<Ios>(), (40, 0x40_0000, 1, 262_144, 512));
        assert_eq!(UnixAmd64::BASE_OFFSET, 0xffff_8000_0000_0000);
        assert_eq!(WindowsAmd64::BASE_OFFSET, 0xffff_8000_0000_0000);
        assert_eq!(Aix::BASE_OFFSET, 0x0a00_0000_0000_0000);
        assert_eq!(Unix64::BASE_OFFSET, 0);
    }

    fn platform_hints<P: Platform>() -> Vec<usize> {
        HintPolicy::Platform
            .addresses::<P>()
            .map(Addr::get)
            .collect()
    }

    /// `first`, then `step` further each, `count` of them.
    fn series(first: usize, step: usize, count: usize) -> Vec<usize> {
        (0..count).map(|number| first + number * step).collect()
    }

    const TIB: usize = 0x100_0000_0000;

    #[test]
    fn default_hints_run_from_00c0_to_7fc0() {
        let hints = platform_hints::<UnixAmd64>();
        assert_eq!(hints, series(0xc0_0000_0000, TIB, 128));
        assert_eq!(hints[1], 0x1c0_0000_0000);
        assert_eq!(hints[127], 0x7fc0_0000_0000);
        assert_eq!(platform_hints::<Unix64>(), hints);
        assert_eq!(platform_hints::<WindowsAmd64>(), hints);
    }

    #[test]
    fn arm64_hints_start_within_39_bits() {
        let hints = platform_hints::<UnixArm64>();
        assert_eq!(hints, series(0x40_0000_0000, TIB, 128));
        assert!(hints[0] < 1 << 39);
        assert_eq!(hints[127], 0x7f40_0000_0000);
        assert_eq!(platform_hints::<WindowsArm64>(), hints);
    }

    #[test]
    fn ios_riscv_and_aix_hints_are_their_own() {
        let ios = platform_hints::<Ios>();
        assert_eq!(ios, series(0x1_3000_0000, TIB, 128));
        // Bit 32 is in every address already, so each is listed twice.
        let riscv = platform_hints::<Riscv64Sv39>();
        let once = series(0x1_3000_0000, 0x2_0000_0000, 64);
        let twice: Vec<usize> = once.into_iter().flat_map(|hint| [hint; 2]).collect();
        assert_eq!(riscv, twice);
        assert_eq!(riscv[127], 0x7f_3000_0000);
        let aix = platform_hints::<Aix>();
        assert_eq!(aix, series(0x0a00_0100_0000_0000, TIB, 127));
        assert_eq!(platform_hints::<Aix12>(), aix);
    }

    #[test]
    fn the_first_ios_hint_alone_fits_its_map() {
        let fits: Vec<usize> = platform_hints::<Ios>()
            .into_iter()
            .filter(|hint| hint >> 40 == 0)
            .collect();
        assert_eq!(fits, [0x1_3000_0000]);
    }

    #[test]
    fn every_other_hint_fits_its_platforms_map() {
        fn fit<P: Platform>() {
            for hint in platform_hints::<P>() {
                let index = hint.wrapping_sub(P::BASE_OFFSET) >> P::ARENA_SHIFT;
                assert!(index < 1 << (P::L1_BITS + P::L2_BITS), "{hint:#x}");
                assert_eq!(hint % P::ARENA.get(), 0, "{hint:#x}");
            }
        }
        fit::<Unix64>();
        fit::<UnixAmd64>();
        fit::<UnixArm64>();
        fit::<Riscv64Sv39>();
        fit::<WindowsAmd64>();
        fit::<WindowsArm64>();
        fit::<Aix>();
        fit::<Aix12>();
    }

    #[test]
    fn amd64_hints_lie_in_the_half_that_programs_have() {
        assert!(
            platform_hints::<UnixAmd64>()
                .iter()
                .all(|hint| hint >> 47 == 0)
        );
    }

    #[test]
    fn race_hints_cover_the_shadowed_window_and_repeat() {
        let hints: Vec<usize> = HintPolicy::Race
            .addresses::<UnixAmd64>()
            .map(Addr::get)
            .collect();
        let once = series(0xc0_0000_0000, 0x1_0000_0000, 32);
        assert_eq!(hints, [once.clone(), once].concat());
        assert!(
            hints
                .iter()
                .all(|hint| (0xc0_0000_0000..0xe0_0000_0000).contains(hint))
        );
    }

    #[test]
    fn riscv_race_hints_are_shorter_and_repeat_more() {
        let hints = HintPolicy::Race.addresses::<Riscv64Sv39>().map(Addr::get);
        let hints: Vec<usize> = hints.collect();
        assert_eq!(hints.len(), 128, "none is as high as 0xf_0000_0000");
        let mut distinct = hints.clone();
        distinct.dedup();
        assert_eq!(
            distinct[..5],
            [
                0x1_3000_0000,
                0x1_7000_0000,
                0x1_b000_0000,
                0x1_f000_0000,
                0x1_3000_0000
            ]
        );
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 16);
        assert_eq!(distinct[15], 0x7_f000_0000);
    }

    #[test]
    fn the_bytes_of_hints_are_never_text() {
        // A pointer into a heap at such a hint has these bytes at its top, most significant first:
        // 00 c0 … 00 df, so in memory, on a little-endian machine, c0 00 … df 00.
        for first in 0xc0..=0xdf_u8 {
            assert!(core::str::from_utf8(&[first, 0]).is_err());
            for next in 0..=0x7f_u8 {
                assert!(
                    core::str::from_utf8(&[first, next]).is_err(),
                    "{first:x} {next:x}"
                );
            }
        }
        for hint in platform_hints::<UnixAmd64>() {
            let bytes = hint.to_le_bytes();
            assert_eq!(bytes[4], 0xc0);
            assert!(bytes[5] <= 0x7f && !bytes.contains(&0xff));
        }
    }
}
