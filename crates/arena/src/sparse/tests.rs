//! Growth, lookups and release of the sparse layout.
#![expect(unsafe_code, reason = "sets entries and touches grown pages")]
use super::{Sparse, SparseConfig};
use crate::testing::peek;
use crate::{
    Addr, AddressSpace, ByteCount, Category, GrowError, Host, Os, PAGE_BYTES, PageCount, Platform,
    Usage, Window,
};
use core::ptr;
use std::vec::Vec;
use sync::atomic::Ordering;

#[cfg(target_pointer_width = "64")]
mod collision;
#[cfg(target_pointer_width = "64")]
mod failures;
#[cfg(target_pointer_width = "64")]
mod injection;
mod platforms32;
#[cfg(target_pointer_width = "64")]
mod platforms64;
mod window;

fn window() -> Sparse<Host, Window> {
    Sparse::for_platform(Host::new(), SparseConfig::default()).expect("a layout in a window")
}

#[test]
fn growths_are_adjacent_zero_and_known() {
    let space = window();
    let step = SparseConfig::default().step.get();
    let first = space.grow(PageCount::new(1)).expect("a page");
    assert_eq!(first.pages.get() * PAGE_BYTES, step);
    let second = space.grow(PageCount::new(3)).expect("pages");
    let end = first.base.addr().get() + step;
    assert_eq!(
        second.base.addr().get(),
        end,
        "the second continues the first"
    );
    // SAFETY: grown above.
    assert_eq!(unsafe { peek(second.base, step - 1) }, 0);
    let entry = space.entry(Addr::new(end)).expect("a known page");
    assert!(entry.span.load(Ordering::Relaxed).is_null());
    assert_eq!(space.tag(Addr::new(end)), 0);
    assert_eq!(space.memory().usage().of(Category::Heap).get(), 2 * step);
}

#[test]
fn entries_are_set_across_arenas_and_nowhere_else() {
    let space = window();
    let arena = Window::ARENA.get();
    let pages = 2 * Window::PAGES;
    let growth = space.grow(PageCount::new(pages)).expect("two arenas");
    let base = growth.base.addr().get();
    let first = Addr::new(base + arena - PAGE_BYTES);
    let header = ptr::without_provenance_mut::<()>(0x40);
    // SAFETY: the pages were grown above.
    unsafe { space.set_entries(first, PageCount::new(2), header, 5) };
    let tags: Vec<u8> = (0..4)
        .map(|page| space.tag(Addr::new(first.get() - PAGE_BYTES + page * PAGE_BYTES)))
        .collect();
    assert_eq!(tags, [0, 5, 5, 0]);
    let entry = space.entry(Addr::new(base + arena + 100)).expect("known");
    assert_eq!(entry.span.load(Ordering::Relaxed), header);
}

#[test]
fn pointers_into_growths_can_be_used() {
    let space = window();
    let growth = space.grow(PageCount::new(4)).expect("pages");
    let addr = Addr::new(growth.base.addr().get() + 3 * PAGE_BYTES + 5);
    let at = space.pointer(addr).expect("inside");
    // SAFETY: inside the growth.
    unsafe { at.write(9) };
    // SAFETY: as above.
    assert_eq!(unsafe { peek(growth.base, 3 * PAGE_BYTES + 5) }, 9);
}

#[test]
fn addresses_outside_of_every_arena_are_unknown() {
    let space = window();
    for address in [0, 1, 4096, usize::MAX, usize::MAX / 2, 1 << 20] {
        assert!(space.entry(Addr::new(address)).is_none(), "{address:#x}");
        assert_eq!(space.tag(Addr::new(address)), 0);
        assert!(space.pointer(Addr::new(address)).is_none());
    }
}

#[test]
fn too_much_is_an_error_and_the_next_attempt_succeeds() {
    let space = window();
    assert_eq!(space.grow(PageCount::new(0)), Err(GrowError::Zero));
    let all = PageCount::new(usize::MAX);
    assert_eq!(space.grow(all), Err(GrowError::TooLarge(usize::MAX)));
    let (_, bytes) = space.memory().os().window().expect("a window");
    // The window is whole, but no answer could be aligned for sure.
    let refused = space.grow(bytes.pages_up());
    assert!(
        matches!(refused, Err(GrowError::AddressSpace(_))),
        "{refused:?}"
    );
    space.grow(PageCount::new(1)).expect("one page");
}

#[test]
fn everything_comes_back_on_release() {
    let mut space = window();
    for pages in [1, Window::PAGES + 1, 2 * Window::PAGES] {
        space.grow(PageCount::new(pages)).expect("pages");
    }
    let bytes = ByteCount::kib(8);
    space
        .memory()
        .transfer(bytes, Category::Heap, Category::Stack);
    // SAFETY: nothing refers to the layout's memory.
    let left = unsafe { space.release() };
    assert_eq!(left, Usage::default());
    // SAFETY: nothing is there any more.
    let again = unsafe { space.release() };
    assert_eq!(again, Usage::default());
}

#[cfg(all(unix, target_pointer_width = "64", not(miri)))]
mod real {
    //! The same on the real system.
    use super::*;
    use crate::Unix;

    #[test]
    fn the_first_page_is_where_the_go_runtime_has_it() {
        let space = Sparse::new(Unix::new(), SparseConfig::default()).expect("a layout");
        let growth = space.grow(PageCount::new(1)).expect("a page");
        let expected = if cfg!(target_arch = "aarch64") {
            0x40_0000_0000
        } else {
            0xc0_0000_0000
        };
        let base = growth.base.addr().get();
        // Other tests of this process may hold the first hints.
        assert_eq!(base & 0xff_ffff_ffff, expected, "{base:#x}");
        // SAFETY: grown above.
        unsafe { growth.base.write(1) };
    }

    #[test]
    fn growth_without_hints_lands_anywhere_and_goes_on() {
        let config = SparseConfig::with_hints(crate::HintPolicy::System);
        let mut space = Sparse::new(Unix::new(), config).expect("a layout");
        let arena = PageCount::new(crate::Native::PAGES);
        let mut grown = Vec::new();
        for _ in 0..4 {
            grown.push(space.grow(arena).expect("an arena"));
        }
        for growth in &grown {
            assert_eq!(growth.base.addr().get() % (64 << 20), 0);
            // SAFETY: grown above.
            unsafe { growth.base.write(1) };
        }
        // SAFETY: nothing refers to the layout's memory.
        assert_eq!(unsafe { space.release() }, Usage::default());
    }
}
