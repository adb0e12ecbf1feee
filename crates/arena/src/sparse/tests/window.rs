//! The window of the flat table, its edges, and what lies outside.
#![expect(unsafe_code, reason = "sets entries of grown pages")]
use crate::{
    Addr, AddressSpace, Host, PAGE_BYTES, PageCount, Platform, Sparse, SparseConfig, Window,
};
use core::ptr;
use sync::atomic::Ordering;

/// Arenas of the window that the table covers.
const COVERED: usize = 1 << (Window::TOTAL_BITS - Window::ARENA_SHIFT);

fn set(space: &Sparse<Host, Window>, at: usize, pages: usize, tag: u8) {
    let (at, pages) = (Addr::new(at), PageCount::new(pages));
    // SAFETY: the callers have grown the pages.
    unsafe { space.set_entries(at, pages, ptr::without_provenance_mut(64), tag) };
}

#[test]
fn tags_inside_and_outside_of_the_window_are_found_alike() {
    let space = Sparse::for_platform(Host::new(), SparseConfig::default()).expect("a layout");
    let arena = Window::ARENA.get();
    let growth = space.grow(PageCount::new(Window::PAGES)).expect("an arena");
    let base = growth.base.addr().get();
    assert!(space.lookup.flat.tag(Addr::new(base)).is_some());
    // One arena past the window's end. (The host gives neighbours.)
    let pages = Window::PAGES * COVERED;
    let growth = space.grow(PageCount::new(pages)).expect("more arenas");
    assert_eq!(growth.base.addr().get(), base + arena);
    let edge = base + COVERED * arena;
    assert!(space.lookup.flat.tag(Addr::new(edge - 1)).is_some());
    assert!(space.lookup.flat.tag(Addr::new(edge)).is_none());
    assert!(space.lookup.flat.tag(Addr::new(base - 1)).is_none());
    // A run over the edge: its tags are in two places.
    set(&space, edge - 2 * PAGE_BYTES, 4, 9);
    let tags = [-3_isize, -2, -1, 0, 1, 2].map(|page| {
        let at = edge.wrapping_add_signed(page * PAGE_BYTES.cast_signed());
        let entry = space.entry(Addr::new(at)).expect("known");
        let tag = space.tag(Addr::new(at));
        assert_eq!(entry.tag.load(Ordering::Relaxed), tag, "both ways are one");
        tag
    });
    assert_eq!(tags, [0, 9, 9, 9, 9, 0]);
}

#[test]
fn a_run_over_an_arena_boundary_is_tagged_in_one_go() {
    let space = Sparse::for_platform(Host::new(), SparseConfig::default()).expect("a layout");
    let growth = space
        .grow(PageCount::new(2 * Window::PAGES))
        .expect("two arenas");
    let edge = growth.base.addr().get() + Window::ARENA.get();
    set(&space, edge - PAGE_BYTES, 2, 5);
    let tag = |at: usize| space.tag(Addr::new(at));
    assert_eq!(
        [tag(edge - PAGE_BYTES - 1), tag(edge - 1), tag(edge)],
        [0, 5, 5]
    );
    assert_eq!(tag(edge + PAGE_BYTES), 0);
}
