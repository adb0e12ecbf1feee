//! Every page of a long run finds its header, whatever the run is used for.
use super::LANDMARK;
use crate::heap::tests::{free, heap};
use arena::{Addr, PAGE_BYTES, PageCount};

const PAGES: usize = 3 * LANDMARK + 5;

#[test]
fn every_page_of_a_long_run_finds_its_header() {
    let heap = heap();
    // At a landmark, and one page behind it.
    for align in [LANDMARK * PAGE_BYTES, PAGE_BYTES] {
        let one = heap.alloc_large(1, PAGE_BYTES).unwrap();
        let manual = heap.alloc_manual(PageCount::new(PAGES), align).unwrap();
        let large = heap.alloc_large(PAGES * PAGE_BYTES, align).unwrap();
        let first = Addr::of(large.pointer.as_ptr());
        for page in 0..PAGES {
            let inside = |base: Addr| Addr::new(base.get() + page * PAGE_BYTES);
            let found = heap.manual_span_of(inside(manual.addr()));
            assert_eq!(found.unwrap().addr(), manual.addr(), "page {page}");
            let found = heap.span_of(inside(first));
            assert_eq!(found.unwrap().addr(), first, "page {page}");
        }
        // SAFETY: allocated above, and not used.
        unsafe { heap.free_manual(manual) }.unwrap();
        free(&heap, large.pointer).unwrap();
        free(&heap, one.pointer).unwrap();
    }
}
