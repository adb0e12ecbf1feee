//! The stand-in keeps the states apart.
#![expect(unsafe_code, reason = "drives the seam")]
use crate::testing::peek;
use crate::{Addr, ByteCount, Host, Os, Reason};
use core::ptr::NonNull;

const PAGE: ByteCount = ByteCount::new(4096);

fn small() -> Host {
    Host::with_window(ByteCount::new(1))
}

#[test]
fn reservations_are_disjoint_and_end_with_the_window() {
    let host = small();
    let (base, bytes) = host.window().expect("a host has a window");
    let first = host.reserve(None, PAGE).expect("a page");
    assert_eq!(Addr::of(first.as_ptr()), base);
    let hint = base.checked_add(PAGE).expect("inside");
    let second = host.reserve(Some(hint), PAGE).expect("the next page");
    assert_eq!(Addr::of(second.as_ptr()), hint, "a free hint is taken");
    let third = host.reserve(Some(hint), PAGE).expect("some page");
    assert!(third != second && third != first, "an occupied hint is not");
    assert_eq!(host.reserve(None, bytes), Err(Reason::OutOfMemory));
}

#[test]
fn mapped_memory_is_zero_and_unused_memory_is_not() {
    let host = small();
    let at = host.reserve(None, PAGE).expect("a page");
    // SAFETY: reserved above.
    unsafe { host.map(at, PAGE) }.expect("hosts map");
    // SAFETY: mapped above.
    unsafe { host.used(at, PAGE) }.expect("hosts use");
    // SAFETY: ready.
    assert_eq!(unsafe { peek(at, 4095) }, 0);
    // SAFETY: ready.
    unsafe { host.unused(at, PAGE) }.expect("hosts unuse");
    // SAFETY: the block stays readable.
    let byte = unsafe { peek(at, 0) };
    assert_ne!(byte, 0, "unused memory is not to be trusted");
    // SAFETY: ours.
    unsafe { host.free(at, PAGE) }.expect("hosts free");
    let again: NonNull<u8> = host.reserve(None, PAGE).expect("a page");
    assert_eq!(again, at, "freed pages are found again");
}

#[test]
#[should_panic(expected = "Reserved → Ready")]
fn a_skipped_transition_is_caught() {
    let host = small();
    let at = host.reserve(None, PAGE).expect("a page");
    // SAFETY: the host refuses before it touches anything.
    let _ = unsafe { host.used(at, PAGE) };
}
