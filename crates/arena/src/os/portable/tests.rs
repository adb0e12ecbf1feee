//! The portable system under both layouts.
#![expect(unsafe_code, reason = "touches what it maps")]
use super::Portable;
use crate::testing::peek;
use crate::{
    Addr, AddressSpace, ByteCount, Contiguous, ContiguousConfig, GrowError, Os, PAGE_BYTES,
    PageCount, Sparse, SparseConfig, Window,
};

#[test]
fn ranges_are_zero_aligned_and_freed_whole() {
    let os = Portable::new();
    let bytes = ByteCount::kib(192);
    let align = ByteCount::mib(4);
    let at = os
        .reserve_aligned(bytes, align)
        .expect("it can align")
        .expect("a mapping");
    assert!(Addr::of(at.as_ptr()).is_aligned(align));
    // SAFETY: mapped above.
    assert_eq!(unsafe { peek(at, bytes.get() - 1) }, 0);
    // SAFETY: as above.
    unsafe { at.write_bytes(7, bytes.get()) };
    // SAFETY: ours.
    unsafe { os.fault(at, bytes) }.expect("nothing can fail");
    // SAFETY: accessible still, since this system protects nothing.
    assert_eq!(unsafe { peek(at, 5) }, 0, "what is mapped next is zero");
    // SAFETY: ours, and unused from here on.
    unsafe { os.free(at, bytes) }.expect("unmapped");
    let absurd = os.reserve(None, ByteCount::new(usize::MAX & !0xffff));
    assert!(absurd.is_err());
}

#[test]
fn the_sparse_layout_stands_on_it_without_asking_for_hints() {
    let space = Sparse::new(Portable::new(), SparseConfig::default()).expect("a layout");
    for pages in [1, 700, 9000] {
        let growth = space.grow(PageCount::new(pages)).expect("pages");
        // SAFETY: grown above.
        unsafe { growth.base.write_bytes(1, pages * PAGE_BYTES) };
        let last = Addr::new(growth.base.addr().get() + pages * PAGE_BYTES - 1);
        assert!(space.entry(last).is_some());
    }
}

#[test]
fn the_contiguous_layout_stands_on_it_in_a_small_world() {
    let config = ContiguousConfig::default();
    let space = Contiguous::<_, Window>::for_platform(Portable::new(), config).expect("a layout");
    let growth = space.grow(PageCount::new(1000)).expect("pages");
    // SAFETY: grown above.
    unsafe { growth.base.write_bytes(1, 1000 * PAGE_BYTES) };
    let too_many = space.grow(PageCount::new(1 << 17));
    assert!(
        matches!(too_many, Err(GrowError::AddressSpace(_))),
        "{too_many:?}"
    );
}
