//! The contiguous layout over real memory; over simulated platforms in the files beside.
#![expect(unsafe_code, reason = "sets entries and touches grown pages")]
use super::{Contiguous, ContiguousConfig, MapBitmap};
use crate::testing::peek;
use crate::{
    Addr, AddressSpace, ByteCount, Category, GrowError, HeapBitmap, Host, PAGE_BYTES, PageCount,
    Platform, Usage, Window, WordBits,
};
use core::ptr;
use sync::atomic::Ordering;

#[cfg(target_pointer_width = "64")]
mod growth;
#[cfg(target_pointer_width = "64")]
mod injection;
#[cfg(target_pointer_width = "64")]
mod places;

fn window() -> Contiguous<Host, Window> {
    let config = ContiguousConfig::default();
    Contiguous::for_platform(Host::new(), config).expect("a layout in a window")
}

#[test]
fn growths_are_adjacent_zero_and_known() {
    let space = window();
    let step = space.config().step.get();
    let before = space.regions();
    assert_eq!(
        before.spans_mapped,
        ByteCount::ZERO,
        "nothing is mapped ahead"
    );
    assert!(space.entry(before.arena_used).is_none());
    let first = space.grow(PageCount::new(1)).expect("a page");
    assert_eq!(Addr::of(first.base.as_ptr()), before.arena_alloc);
    let second = space.grow(PageCount::new(3)).expect("pages");
    let end = first.base.addr().get() + step;
    assert_eq!(second.base.addr().get(), end);
    // SAFETY: grown above.
    assert_eq!(unsafe { peek(second.base, step - 1) }, 0);
    assert_eq!(space.regions().arena_used, Addr::new(end + step));
    let entry = space.entry(Addr::new(end)).expect("known");
    assert!(entry.span.load(Ordering::Relaxed).is_null());
    assert!(space.entry(Addr::new(end + step)).is_none());
    assert_eq!(space.memory().usage().of(Category::Heap).get(), 2 * step);
}

#[test]
fn entries_are_set_for_their_pages_and_pointers_can_be_used() {
    let space = window();
    let growth = space.grow(PageCount::new(4)).expect("pages");
    let first = Addr::new(growth.base.addr().get() + PAGE_BYTES);
    let header = ptr::without_provenance_mut::<()>(0x40);
    // SAFETY: the pages were grown above.
    unsafe { space.set_entries(first, PageCount::new(2), header, 5) };
    let tag = |page: usize| space.tag(Addr::new(growth.base.addr().get() + page * PAGE_BYTES));
    assert_eq!([tag(0), tag(1), tag(2), tag(3)], [0, 5, 5, 0]);
    let entry = space.entry(first).expect("known");
    assert_eq!(entry.span.load(Ordering::Relaxed), header);
    let at = space.pointer(first).expect("inside");
    // SAFETY: inside the growth.
    unsafe { at.write(9) };
    // SAFETY: as above.
    assert_eq!(unsafe { peek(growth.base, PAGE_BYTES) }, 9);
    for address in [0, 1, usize::MAX, growth.base.addr().get() - 1] {
        assert_eq!(space.tag(Addr::new(address)), 0);
        assert!(space.pointer(Addr::new(address)).is_none());
    }
}

#[test]
fn the_bitmap_grows_down_from_the_arena() {
    let space = window();
    let growth = space.grow(PageCount::new(2)).expect("pages");
    let base = Addr::of(growth.base.as_ptr());
    assert!(space.bitmap_byte(base).is_none());
    space.map_bitmap(base, PageCount::new(2)).expect("metadata");
    let byte = space.bitmap_byte(base).expect("mapped");
    let end = space.regions().bitmap.0.get();
    assert_eq!(ptr::from_ref(byte).addr(), end - 1);
    let group = 4 * size_of::<usize>();
    let next = space
        .bitmap_byte(Addr::new(base.get() + group))
        .expect("mapped");
    assert_eq!(ptr::from_ref(next).addr(), end - 2);
    let bitmap = space.bitmap();
    bitmap.set(base, WordBits::POINTER).expect("mapped");
    assert_eq!(bitmap.get(base), Some(WordBits::POINTER));
    assert_eq!(bitmap.pointers(base, ByteCount::new(64)).count(), 1);
    let outside = Addr::new(base.get() - 1);
    let refused = space.map_bitmap(outside, PageCount::new(1));
    assert_eq!(refused, Err(GrowError::Outside(outside)));
}

#[test]
fn the_bitmap_can_come_with_growth() {
    let config = ContiguousConfig::default().with_bitmap(MapBitmap::WithGrowth);
    let space = Contiguous::<_, Window>::for_platform(Host::new(), config).expect("a layout");
    let growth = space.grow(PageCount::new(1)).expect("a page");
    let bitmap = space.bitmap();
    let last = growth.base.addr().get() + growth.pages.get() * PAGE_BYTES - 1;
    assert_eq!(bitmap.get(Addr::new(last)), Some(WordBits::DEAD));
}

#[test]
fn a_full_arena_is_an_error_and_everything_comes_back() {
    let mut space = window();
    // The slack for alignment may be left, but nothing has entries for it.
    let all = (1 << <Window as Platform>::TOTAL_BITS) / PAGE_BYTES;
    let refused = space.grow(PageCount::new(all + 1));
    assert!(
        matches!(refused, Err(GrowError::AddressSpace(_))),
        "{refused:?}"
    );
    assert_eq!(space.grow(PageCount::new(0)), Err(GrowError::Zero));
    assert!(matches!(
        space.grow(PageCount::new(usize::MAX)),
        Err(GrowError::TooLarge(_))
    ));
    space.grow(PageCount::new(all)).expect("exactly all of it");
    assert!(space.grow(PageCount::new(1)).is_err());
    let stack = ByteCount::new(PAGE_BYTES);
    space
        .memory()
        .transfer(stack, Category::Heap, Category::Stack);
    // SAFETY: nothing refers to the layout's memory.
    let left = unsafe { space.release() };
    assert_eq!(left, Usage::default());
}

#[cfg(all(unix, target_pointer_width = "64", not(miri)))]
mod real {
    //! The same on the real system.
    use super::*;
    use crate::{Reserve, Unix};

    #[test]
    fn the_real_system_has_a_block_whole_or_probed() {
        for reserve in [Reserve::Whole, Reserve::Probe] {
            let config = ContiguousConfig::with_reserve(reserve);
            let space = Contiguous::<_>::new(Unix::new(), config).expect("a layout");
            let mut last = 0;
            for pages in [1, 600, 5000] {
                let growth = space.grow(PageCount::new(pages)).expect("pages");
                let base = growth.base.addr().get();
                assert!(base > last, "upward");
                last = base;
                // SAFETY: grown above.
                unsafe { growth.base.write(1) };
                let header = ptr::without_provenance_mut::<()>(0x40);
                // SAFETY: as above.
                unsafe { space.set_entries(Addr::new(base), growth.pages, header, 7) };
                assert_eq!(space.tag(Addr::new(base + pages * PAGE_BYTES - 1)), 7);
                space
                    .map_bitmap(Addr::new(base), growth.pages)
                    .expect("metadata");
                let set = space.bitmap().set(Addr::new(base), WordBits::POINTER);
                set.expect("mapped");
            }
            assert_eq!(space.regions().is_reserved, reserve == Reserve::Whole);
        }
    }
}
