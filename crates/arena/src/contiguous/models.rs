//! Publication of page entries in the contiguous layout, on the shipped code.
#![expect(unsafe_code, reason = "sets entries")]
use crate::{Addr, AddressSpace, Contiguous, ContiguousConfig, Host, PageCount, Window};
use core::ptr;
use sync::atomic::Ordering;
use sync::cell::UnsafeCell;
use sync::model::{Arc, Builder, thread};

type Space = Contiguous<Host, Window>;

fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

fn space() -> Arc<Space> {
    let config = ContiguousConfig::default();
    Arc::new(Contiguous::for_platform(Host::new(), config).expect("a layout"))
}

#[test]
fn a_reader_that_races_growth_sees_nothing_or_an_empty_entry() {
    explore(|| {
        let space = space();
        let at = space.regions().arena_used;
        let reader = {
            let space = Arc::clone(&space);
            thread::spawn(move || {
                let Some(entry) = space.entry(at) else {
                    return;
                };
                assert!(
                    entry.span.load(Ordering::Acquire).is_null()
                        && entry.tag.load(Ordering::Acquire) == 0,
                    "theorem 1: pages below the published end have entries, which are empty"
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
        let at = space.regions().arena_used;
        let header = Arc::new(UnsafeCell::new(0_u32));
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
        // SAFETY: the page was grown above.
        unsafe { space.set_entries(at, PageCount::new(1), ptr::without_provenance_mut(64), 3) };
        reader.join().expect("no reader fails");
    });
}
