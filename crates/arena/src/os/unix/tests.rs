//! The kernel behaves as the state machine says.
#![expect(unsafe_code, reason = "maps and unmaps")]
use crate::testing::peek;
use crate::{Addr, ByteCount, Os, Unix};

#[test]
fn memory_climbs_the_states_and_comes_back_empty() {
    let os = Unix::new();
    let page = ByteCount::new(os.page_size());
    let bytes = ByteCount::new(page.get() * 4);
    let at = os.reserve(None, bytes).expect("four pages of addresses");
    // SAFETY: reserved above.
    unsafe { os.map(at, bytes) }.expect("four pages");
    // SAFETY: mapped above.
    let byte = unsafe { peek(at, page.get()) };
    assert_eq!(byte, 0, "fresh memory is zero");
    // SAFETY: mapped above.
    unsafe { at.write(7) };
    // SAFETY: ours, and its content is not needed.
    unsafe { os.fault(at, bytes) }.expect("back to Reserved");
    // SAFETY: reserved by `fault`.
    unsafe { os.map(at, bytes) }.expect("four pages again");
    // SAFETY: mapped above.
    assert_eq!(unsafe { peek(at, 0) }, 0, "the content is gone");
    // SAFETY: ours, and unused from here on.
    unsafe { os.free(at, bytes) }.expect("unmapped");
}

#[test]
fn a_free_hint_is_taken_and_an_occupied_one_is_not() {
    let os = Unix::new();
    let bytes = ByteCount::new(os.page_size());
    // Above a 32-bit program, and far below anything of a 64-bit one.
    let hint = Addr::new(0x3000_0000);
    let first = os.reserve(Some(hint), bytes).expect("one page");
    let second = os
        .reserve(Some(Addr::of(first.as_ptr())), bytes)
        .expect("one page");
    assert_ne!(first, second, "a hint never takes what is in use");
    for at in [first, second] {
        // SAFETY: reserved above.
        unsafe { os.free(at, bytes) }.expect("unmapped");
    }
}
