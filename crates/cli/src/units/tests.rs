//! Rounding at the borders between units.

use core::time::Duration;

use super::{Bytes, Count, Time};

#[test]
fn counts_have_a_comma_every_three_digits() {
    let cases = [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (123_456, "123,456"),
        (1_234_567, "1,234,567"),
    ];
    for (count, text) in cases {
        assert_eq!(Count(count).to_string(), text);
    }
    assert_eq!(Count(u64::MAX).to_string(), "18,446,744,073,709,551,615");
    assert_eq!(format!("{:>8}", Count(1000)), "   1,000");
}

#[test]
fn bytes_show_three_digits_and_never_1024_of_a_unit() {
    let cases = [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (10 * 1024, "10.0 KiB"),
        (1_048_063, "1023 KiB"),
        (1_048_575, "1.00 MiB"),
        (5 * 1024 * 1024 / 2, "2.50 MiB"),
        (123 << 30, "123 GiB"),
        (u64::MAX, "16.0 EiB"),
    ];
    for (bytes, text) in cases {
        assert_eq!(Bytes(bytes).to_string(), text);
    }
}

#[test]
fn times_change_their_unit_where_they_would_be_rounded_up_to_it() {
    let cases = [
        (1, "1.00 µs"),
        (999, "999 µs"),
        (1_000, "1.00 ms"),
        (12_345, "12.3 ms"),
        (999_499, "999 ms"),
        (999_600, "1.00 s"),
        (60_000_000, "60.0 s"),
        (123_000_000, "2 min 03 s"),
    ];
    for (micros, text) in cases {
        assert_eq!(Time(Duration::from_micros(micros)).to_string(), text);
    }
}
