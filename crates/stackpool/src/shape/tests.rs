//! Sizes, buckets and where guards lie.
use super::*;
use crate::magazine::Local;

const BOTH: [Guarding; 2] = [Guarding::Plain, Guarding::Guarded];

#[test]
fn a_request_is_rounded_up_to_a_power_of_two() {
    for (guarding, bytes, expected) in [
        (Guarding::Plain, 0, FIXED_STACK.get()),
        (Guarding::Guarded, 0, 4096),
        (Guarding::Guarded, 4096, 4096),
        (Guarding::Guarded, 4097, 8192),
        (Guarding::Plain, 1 << 30, 1 << 30),
        (Guarding::Guarded, 1 << 30, 1 << 30),
        (Guarding::Guarded, (1 << 29) + 1, 1 << 30),
    ] {
        let size = stack_size(guarding, ByteCount::new(bytes));
        assert_eq!(size, Ok(ByteCount::new(expected)), "{guarding:?} {bytes}");
    }
    for guarding in BOTH {
        assert!(stack_size(guarding, ByteCount::new(usize::MAX)).is_err());
    }
}

#[test]
fn buckets_and_ranks_name_one_shape_each() {
    for guarding in BOTH {
        for bucket in 0..BUCKETS {
            let shape = Shape::of_bucket(guarding, bucket);
            assert_eq!(shape.bucket(), bucket);
            assert_eq!(Shape::exact(guarding, shape.bytes()), Ok(shape));
        }
        for rank in 0..20 {
            assert_eq!(Shape::of_rank(guarding, rank).rank(), rank);
        }
    }
    // Go: log2 of the pages.
    let plain = |kib| Shape::exact(Guarding::Plain, ByteCount::kib(kib)).unwrap();
    assert_eq!(plain(32).bucket(), 2);
    assert_eq!(plain(1024).bucket(), 7);
}

#[test]
fn every_array_of_a_magazine_is_found_by_its_shape() {
    for (local, shape) in Local::all() {
        assert_eq!(Local::of(shape), Some(local));
    }
    for guarding in BOTH {
        let shape = Shape::exact(guarding, ByteCount::kib(128)).unwrap();
        assert_eq!(Local::of(shape), None);
    }
}

#[test]
fn a_guard_is_one_system_page_whatever_that_is() {
    for page in [4 << 10, 16 << 10, 64 << 10] {
        let page = ByteCount::new(page);
        for bucket in 0..19 {
            let shape = Shape::of_bucket(Guarding::Guarded, bucket);
            let plan = shape.plan(page).unwrap();
            assert_eq!(plan.extent.guard, page);
            assert!(plan.extent.usable >= shape.bytes());
            assert_eq!(plan.pages.bytes(), Some(plan.extent.bytes()));
            assert_eq!(plan.align.get() % page.get(), 0);
            let waste = plan.extent.usable.get() - shape.bytes().get();
            assert!(waste < PAGE_BYTES, "{waste} bytes more than asked for");
        }
    }
}
