//! Publication of arenas and page entries, on the shipped code, by every interleaving.
#![expect(unsafe_code, reason = "sets entries")]
use crate::{
    Addr, AddressSpace, Host, PAGE_BYTES, PageCount, Platform, Sparse, SparseConfig, Window,
};
use core::ptr;
use sync::atomic::Ordering;
use sync::model::{Arc, Builder, thread};

type Space = Sparse<Host, Window>;

fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

fn space() -> Arc<Space> {
    Arc::new(Sparse::for_platform(Host::new(), SparseConfig::default()).expect("a layout"))
}

/// Where the first growth will be: the flat tag table has the first arena of the window.
fn base(space: &Space) -> Addr {
    use crate::Os;
    let (base, _) = space.memory().os().window().expect("a window");
    base.checked_add(Window::ARENA).expect("inside")
}

#[test]
fn a_reader_that_races_growth_sees_nothing_or_a_complete_entry() {
    explore(|| {
        let space = space();
        let at = base(&space);
        let reader = {
            let space = Arc::clone(&space);
            thread::spawn(move || {
                let Some(entry) = space.entry(at) else {
                    return;
                };
                assert!(
                    entry.span.load(Ordering::Acquire).is_null(),
                    "theorem 1: a published arena is complete: its spans are null"
                );
                assert_eq!(
                    entry.tag.load(Ordering::Acquire),
                    0,
                    "theorem 1: a published arena is complete: its tags are 0"
                );
                assert!(
                    space.pointer(at).is_some(),
                    "theorem 1: a published arena is complete: its head is written"
                );
            })
        };
        let growth = space.grow(PageCount::new(1)).expect("a page");
        assert_eq!(Addr::of(growth.base.as_ptr()), at);
        reader.join().expect("no reader fails");
    });
}

#[test]
fn a_reader_that_finds_a_span_sees_what_was_written_before() {
    explore(|| {
        let space = space();
        let at = base(&space);
        let header = Arc::new(sync::cell::UnsafeCell::new(0_u32));
        let reader = {
            let (space, header) = (Arc::clone(&space), Arc::clone(&header));
            thread::spawn(move || {
                let Some(entry) = space.entry(at) else {
                    return;
                };
                if !entry.span.load(Ordering::Acquire).is_null() {
                    // SAFETY: loom fails the model if the writer is not before us.
                    let value = header.with(|header| unsafe { *header });
                    assert_eq!(value, 7, "theorem 2: an entry publishes its span's header");
                }
            })
        };
        space.grow(PageCount::new(1)).expect("a page");
        // SAFETY: loom fails the model if a reader is not after us.
        header.with_mut(|header| unsafe { *header = 7 });
        let span = ptr::without_provenance_mut(64);
        // SAFETY: the page was grown above.
        unsafe { space.set_entries(at, PageCount::new(1), span, 3) };
        reader.join().expect("no reader fails");
    });
}

#[test]
fn two_growths_that_race_are_disjoint_and_both_known() {
    explore(|| {
        let space = space();
        let grow = |space: &Space| {
            let growth = space.grow(PageCount::new(1)).expect("a page");
            let at = Addr::of(growth.base.as_ptr());
            assert!(
                space.entry(at).is_some(),
                "theorem 3: who grew a page finds its entry"
            );
            at.get()
        };
        let other = {
            let space = Arc::clone(&space);
            thread::spawn(move || grow(&space))
        };
        let ours = grow(&space);
        let theirs = other.join().expect("no grower fails");
        assert_eq!(
            ours.abs_diff(theirs),
            PAGE_BYTES,
            "theorem 3: growths are disjoint and adjacent"
        );
    });
}
