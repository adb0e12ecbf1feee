//! The flat tables and the hit-path helpers against the table and against a search.

use super::*;
use crate::{GO_1_8, GO_1_16, PAGE_BYTES};

#[test]
#[cfg_attr(miri, ignore = "exhaustive, and safe code only")]
fn the_flat_table_is_the_lookup() {
    assert_eq!(FLAT.len(), 4097);
    assert_eq!(FLAT, FLAT_CLASSES);
    assert_eq!((FLAT[0], flat_class(0)), (0, 0));
    for size in 1..=MAX_SMALL_SIZE {
        let expected = GO_1_16.class_of(size).unwrap().get();
        assert_eq!(FLAT[(size + 7) >> 3], expected, "size {size}");
        assert_eq!(flat_class(size), expected, "size {size}");
    }
    for size in [MAX_SMALL_SIZE + 1, usize::MAX - 6, usize::MAX] {
        assert_eq!(flat_class(size), 0, "size {size}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "exhaustive, and safe code only")]
fn hits_find_the_smallest_class_that_suits_both() {
    for align in (0..=7).map(|shift| 1_usize << shift) {
        for size in 1..=MAX_SMALL_SIZE {
            let suits = |class: &SizeClass| {
                let bytes = GO_1_16.slot_bytes(*class);
                bytes >= size && bytes.is_multiple_of(align) && PAGE_BYTES.is_multiple_of(align)
            };
            let expected = GO_1_16.classes().find(suits).unwrap();
            assert_eq!(
                hit_class(size, align),
                expected.get(),
                "size {size} align {align}"
            );
        }
    }
}

#[test]
fn what_is_large_or_unusual_misses() {
    for align in (0..usize::BITS).map(|shift| 1 << shift) {
        assert_eq!(hit_class(0, align), 0);
        for size in [MAX_SMALL_SIZE + 1, isize::MAX as usize, usize::MAX] {
            assert_eq!(hit_class(size, align), 0, "size {size} align {align}");
        }
        if align > MAX_HIT_ALIGN {
            assert_eq!(hit_class(8, align), 0, "align {align}");
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "exhaustive, and safe code only")]
fn malloc_classes_are_aligned_for_c() {
    assert_eq!(malloc_class(0), 0);
    for size in 1..=MAX_SMALL_SIZE {
        let align = if size <= 8 { 8 } else { 16 };
        let expected = GO_1_16.class_for(size, align).unwrap();
        assert_eq!(malloc_class(size), expected.get(), "size {size}");
    }
    assert_eq!(malloc_class(MAX_SMALL_SIZE + 1), 0);
    let differs = FLAT.iter().zip(&FLAT_MALLOC).filter(|(rust, c)| rust != c);
    assert_eq!(differs.count(), 1, "24 bytes alone");
}

#[test]
fn hits_work_at_compile_time() {
    const CLASS: u8 = hit_class(100, 64);
    assert_eq!(CLASS, GO_1_16.class_of(128).unwrap().get());
    const _: () = assert!(malloc_class(24) == 4 && flat_class(24) == 3);
}

#[test]
#[cfg_attr(miri, ignore = "exhaustive, and safe code only")]
fn flattening_asks_for_the_right_length() {
    assert_eq!(GO_1_16.flatten::<4096>(), None);
    assert_eq!(GO_1_16.flatten::<4098>(), None);
    let old = GO_1_8.flatten::<4097>().unwrap();
    for size in 1..=MAX_SMALL_SIZE {
        assert_eq!(
            old[size.div_ceil(8)],
            GO_1_8.class_of(size).unwrap().get(),
            "size {size}"
        );
    }
}
