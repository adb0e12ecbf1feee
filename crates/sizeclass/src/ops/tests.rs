//! The fuzzing driver on inputs that are the same in every run.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed};

use super::*;

#[test]
#[cfg_attr(miri, ignore = "exhaustive, and safe code only")]
fn every_set_of_changed_parameters_is_tried() {
    // A xorshift generator; each input starts with its mask.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut derived = 0;
    for round in 0..2048_u32 {
        let mut data = [0; 40];
        for byte in &mut data {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state.to_le_bytes()[3];
        }
        data[0] = round.to_le_bytes()[0];
        fuzz_one(&data);
        derived += u32::from(Table::derive(&Input { data: &data }.params()).is_ok());
    }
    assert!(derived > 100, "the driver saw tables: {derived}");
}

proptest! {
    #![proptest_config(Config {
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(1_010),
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    #[cfg_attr(miri, ignore = "derives whole tables, and safe code only")]
    fn any_bytes_are_survived(data in proptest::collection::vec(any::<u8>(), 0..200)) {
        fuzz_one(&data);
    }

    #[test]
    fn requests_to_the_default_table_agree(size in any::<usize>(), shift in 0..usize::BITS) {
        check_request(&GO_1_16, size, 1 << shift);
        check_hit(size, 1 << shift);
    }
}
