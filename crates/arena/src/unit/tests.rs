//! Edges of the units' arithmetic.
use super::{Addr, ByteCount, PAGE_BYTES, PageCount, PageId};

#[test]
fn a_page_is_8_kib_and_an_address_knows_its_page() {
    assert_eq!(PAGE_BYTES, 8192);
    assert_eq!(Addr::new(0x1_ffff).page(), PageId::new(15));
    assert_eq!(Addr::new(0x2_0000).page(), PageId::new(16));
    assert_eq!(PageId::new(16).addr(), Addr::new(0x2_0000));
}

#[test]
fn sums_that_leave_the_numbers_are_refused() {
    let last = Addr::new(usize::MAX);
    assert_eq!(last.checked_add(ByteCount::new(1)), None);
    assert_eq!(last.checked_add(ByteCount::ZERO), Some(last));
    assert_eq!(Addr::new(4).checked_sub(ByteCount::new(5)), None);
    assert_eq!(PageCount::new(usize::MAX >> 12).bytes(), None);
    assert_eq!(
        PageCount::new(usize::MAX >> 13).bytes(),
        Some(ByteCount::new(usize::MAX & !8191))
    );
    assert_eq!(
        PageId::new(usize::MAX >> 13).checked_add(PageCount::new(1)),
        None
    );
    assert_eq!(ByteCount::new(1).checked_sub(ByteCount::new(2)), None);
    assert_eq!(
        ByteCount::new(1).saturating_sub(ByteCount::new(2)),
        ByteCount::ZERO
    );
}

#[test]
fn alignment_rounds_outward_and_says_when_it_cannot() {
    let page = ByteCount::new(4096);
    assert_eq!(ByteCount::new(1).align_up(page), Some(page));
    assert_eq!(ByteCount::new(4096).align_up(page), Some(page));
    assert_eq!(ByteCount::new(4097).align_down(page), page);
    assert_eq!(ByteCount::new(usize::MAX).align_up(page), None);
    assert_eq!(Addr::new(4097).align_up(page), Some(Addr::new(8192)));
    assert!(Addr::new(8192).is_aligned(page));
    assert!(!Addr::new(8193).is_aligned(page));
}

#[test]
fn bytes_become_pages_in_both_directions() {
    assert_eq!(ByteCount::new(0).pages_up(), PageCount::new(0));
    assert_eq!(ByteCount::new(8193).pages_up(), PageCount::new(2));
    assert_eq!(ByteCount::new(16383).pages_down(), PageCount::new(1));
    assert_eq!(ByteCount::kib(8), ByteCount::new(8192));
    assert_eq!(ByteCount::mib(64), ByteCount::new(0x400_0000));
}

#[test]
fn a_pointer_gives_its_address() {
    let value = 7_u64;
    let pointer = &raw const value;
    assert_eq!(Addr::of(pointer).get(), pointer.addr());
    assert_eq!(
        Addr::new(100).bytes_above(Addr::new(60)),
        Some(ByteCount::new(40))
    );
    assert_eq!(Addr::new(60).bytes_above(Addr::new(100)), None);
}
