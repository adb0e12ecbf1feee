//! Go's `TestArenaCollision`: somebody takes the next address five times over.
use crate::{
    Addr, AddressSpace, ByteCount, Direction, Hint, Os, PAGE_BYTES, PageCount, Simulated, Sparse,
    SparseConfig, UnixAmd64,
};
use std::vec::Vec;

/// One megabyte.
const OBJECT: PageCount = PageCount::new(128);

/// Where a page must lie to be in the way of this hint.
fn in_the_way(hint: Hint, page: ByteCount) -> Addr {
    match hint.direction {
        Direction::Up => hint.addr,
        Direction::Down => hint.addr.checked_sub(page).expect("room below"),
    }
}

/// Keeps three hints, then lets `occupy` take one page at the next address, five times, and grows
/// until the hints have changed. Returns the growths, none of which touches an occupied page.
fn collide<O: Os>(space: &Sparse<O, UnixAmd64>, mut occupy: impl FnMut(Addr, ByteCount)) {
    space.keep_hints(3);
    let page = space.memory().page_size();
    let mut taken = Vec::new();
    let mut grown = Vec::new();
    for round in 0..5 {
        // The first growth makes hints when none is left.
        let Some(hint) = space.next_hint() else {
            grown.push(range(space));
            continue;
        };
        let at = in_the_way(hint, page);
        occupy(at, page);
        taken.push((at.get(), at.get() + page.get()));
        let mut attempts = 0;
        while space.next_hint() == Some(hint) {
            grown.push(range(space));
            attempts += 1;
            assert!(
                attempts < 200,
                "round {round}: the hint {hint:?} never changes"
            );
        }
    }
    assert!(!taken.is_empty() && !grown.is_empty());
    for &(start, end) in &grown {
        for &(from, to) in &taken {
            assert!(
                end <= from || to <= start,
                "{start:#x} lies in an occupied range"
            );
        }
        assert!(space.entry(Addr::new(start)).is_some());
        assert!(space.entry(Addr::new(end - 1)).is_some());
    }
    grown.sort_unstable();
    assert!(
        grown.windows(2).all(|two| two[0].1 <= two[1].0),
        "growths overlap"
    );
}

fn range<O: Os>(space: &Sparse<O, UnixAmd64>) -> (usize, usize) {
    let growth = space.grow(OBJECT).expect("the heap survives");
    let start = growth.base.addr().get();
    (start, start + growth.pages.get() * PAGE_BYTES)
}

#[test]
fn the_heap_survives_collisions_on_the_simulated_space() {
    let os = Simulated::new(47);
    let space = Sparse::for_platform(&os, SparseConfig::default()).expect("a layout");
    // The hint above what the system chose may be the layout's own table.
    collide(&space, |at, page| {
        os.try_take(at, page);
    });
    drop(space);
    assert_eq!(os.held(), ByteCount::ZERO);
}

#[cfg(all(unix, target_arch = "x86_64", not(miri)))]
#[test]
fn the_heap_survives_collisions_with_real_mappings() {
    use crate::Unix;
    let os = Unix::new();
    let space = Sparse::for_platform(Unix::new(), SparseConfig::default()).expect("a layout");
    let mut pages = Vec::new();
    collide(&space, |at, page| {
        // Tests run side by side: what another one has taken is in the way as well.
        let got = os.reserve(Some(at), page).expect("a page somewhere");
        pages.push((got, page));
    });
    for (at, page) in pages {
        #[expect(unsafe_code, reason = "gives the pages back")]
        // SAFETY: reserved above.
        unsafe { os.free(at, page) }.expect("unmapped");
    }
}
