//! The arithmetic of orders against the table of Go's platforms.
extern crate std;
use super::*;
use std::vec::Vec;

/// The cached sizes of a platform in KiB.
fn cached_kib(platform: Platform) -> Vec<usize> {
    (0..platform.stack_orders())
        .map(|order| platform.stack_bytes(order))
        .filter(|&bytes| platform.is_cached(bytes))
        .map(|bytes| bytes.get() >> 10)
        .collect()
}

#[test]
fn every_platform_matches_the_table() {
    use Release::{From1_24, UpTo1_23};
    use System::{DarwinArm, Other, Plan9, Windows};
    // System, pointer bytes, release, FixedStack in KiB, number of orders, cached sizes in KiB.
    type Row = (System, usize, Release, usize, usize, &'static [usize]);
    #[rustfmt::skip]
    let table: [Row; 12] = [
        (Other,     8, UpTo1_23, 2, 4, &[2, 4, 8, 16]),
        (Other,     4, UpTo1_23, 2, 4, &[2, 4, 8, 16]),
        (Other,     8, From1_24, 2, 4, &[2, 4, 8, 16]),
        (Other,     4, From1_24, 2, 4, &[2, 4, 8, 16]),
        (Windows,   8, UpTo1_23, 8, 2, &[8, 16]),
        (Windows,   8, From1_24, 8, 2, &[8, 16]),
        (Windows,   4, UpTo1_23, 4, 3, &[4, 8, 16]),
        (Windows,   4, From1_24, 8, 3, &[8, 16]),
        (Plan9,     8, From1_24, 4, 3, &[4, 8, 16]),
        (Plan9,     4, UpTo1_23, 4, 3, &[4, 8, 16]),
        (DarwinArm, 4, UpTo1_23, 4, 4, &[4, 8, 16]),
        (DarwinArm, 8, From1_24, 4, 4, &[4, 8, 16]),
    ];
    for (system, pointer_bytes, release, fixed, orders, cached) in table {
        let platform = Platform {
            system,
            pointer_bytes,
            release,
        };
        assert_eq!(
            platform.fixed_stack(),
            ByteCount::kib(fixed),
            "{platform:?}"
        );
        assert_eq!(platform.stack_orders(), orders, "{platform:?}");
        assert_eq!(cached_kib(platform), cached, "{platform:?}");
    }
}

#[test]
fn the_largest_cached_stack_is_16_kib_everywhere() {
    for system in [
        System::Windows,
        System::Plan9,
        System::DarwinArm,
        System::Other,
    ] {
        for pointer_bytes in [4, 8] {
            for release in [Release::UpTo1_23, Release::From1_24] {
                let platform = Platform {
                    system,
                    pointer_bytes,
                    release,
                };
                assert_eq!(cached_kib(platform).last(), Some(&16), "{platform:?}");
            }
        }
    }
}

#[test]
fn an_order_and_its_size_name_each_other() {
    assert_eq!(Order::all().count(), cached_kib(HOST).len());
    for order in Order::all() {
        assert_eq!(Order::of(order.bytes()), Some(order));
        assert_eq!(Order::new(order.get()), Some(order));
        assert_eq!(STACK_CACHE.get() % order.bytes().get(), 0);
    }
    for bytes in [0, 1, 1024, 2047, 2049, 3072, 32768, 65536, usize::MAX] {
        assert_eq!(Order::of(ByteCount::new(bytes)), None, "{bytes}");
    }
    assert_eq!(Order::new(ORDERS), None);
    assert_eq!(Order::new(usize::MAX), None);
}
