//! The simulated system follows the state machine and remembers what it was asked.
#![expect(unsafe_code, reason = "drives the seam")]
use super::{Event, Simulated};
use crate::testing::peek;
use crate::{Addr, ByteCount, Call, Os, Reason};
use core::ptr::NonNull;

const PAGE: ByteCount = ByteCount::new(4096);

fn reserve(os: &Simulated, hint: usize, bytes: usize) -> usize {
    let hint = (hint != 0).then_some(Addr::new(hint));
    let at = os.reserve(hint, ByteCount::new(bytes)).expect("room");
    at.addr().get()
}

fn pointer(addr: usize) -> NonNull<u8> {
    NonNull::new(core::ptr::without_provenance_mut(addr)).expect("no null")
}

#[test]
fn a_free_hint_is_honoured_and_everything_else_comes_from_the_top() {
    let os = Simulated::new(31).with_taken(Addr::new(0x2000_0000), PAGE);
    assert_eq!(reserve(&os, 0x1000_0000, 8192), 0x1000_0000);
    assert_eq!(
        reserve(&os, 0x1000_1000, 4096),
        0x7fff_f000,
        "occupied by ourselves"
    );
    assert_eq!(
        reserve(&os, 0x1fff_f000, 8192),
        0x7fff_d000,
        "occupied by another"
    );
    assert_eq!(reserve(&os, 0, 4096), 0x7fff_c000);
    assert_eq!(reserve(&os, 0x8000_0000, 4096), 0x7fff_b000, "past the end");
    let too_large = os.reserve(None, ByteCount::new(0x7000_0000));
    assert_eq!(too_large, Err(Reason::OutOfMemory), "no gap is that large");
}

#[test]
fn a_hint_may_be_refused_instead() {
    let taken = Addr::new(0x2000_0000);
    let os = Simulated::new(31)
        .with_taken(taken, PAGE)
        .without_moved_hints();
    assert_eq!(os.reserve(Some(taken), PAGE), Err(Reason::OutOfMemory));
    let expected = Event {
        call: Call::Reserve,
        addr: taken,
        bytes: PAGE,
        answer: Err(Reason::OutOfMemory),
    };
    assert_eq!(os.take_events(), [expected]);
    assert_eq!(os.take_events(), []);
}

#[test]
fn strict_overcommit_refuses_before_anything_changes() {
    let os = Simulated::new(31).with_commit_limit(ByteCount::new(8192));
    let at = pointer(reserve(&os, 0x1000_0000, 0x10_0000));
    // SAFETY: reserved above.
    unsafe { os.map(at, ByteCount::new(8192)) }.expect("within the limit");
    let next = pointer(0x1000_2000);
    // SAFETY: reserved above.
    let refused = unsafe { os.map(next, PAGE) };
    assert_eq!(refused, Err(Reason::OutOfMemory));
    assert_eq!(os.alloc(PAGE), Err(Reason::OutOfMemory));
    // SAFETY: mapped above.
    unsafe { os.fault(at, PAGE) }.expect("back to Reserved");
    // SAFETY: reserved above, and still.
    unsafe { os.map(next, PAGE) }.expect("there is room again");
    assert_eq!(os.held(), ByteCount::new(0x10_0000));
}

#[test]
fn tables_in_reservations_are_backed_and_cleared() {
    let os = Simulated::new(31).with_pointer_bytes(4);
    let at = pointer(reserve(&os, 0, 8192));
    // SAFETY: reserved above.
    unsafe { os.map(at, ByteCount::new(8192)) }.expect("no limit");
    let first = os.backing(at, PAGE);
    let word = size_of::<usize>() / 4;
    let later = os.backing(pointer(at.addr().get() + 12), ByteCount::new(4));
    assert_eq!(later.addr().get() - first.addr().get(), 12 * word);
    // SAFETY: backed above.
    unsafe { first.cast::<usize>().write(usize::MAX) };
    // SAFETY: ours.
    unsafe { os.fault(at, ByteCount::new(8192)) }.expect("back to Reserved");
    // SAFETY: reserved.
    unsafe { os.map(at, ByteCount::new(8192)) }.expect("no limit");
    let again = os.backing(at, PAGE);
    // SAFETY: backed above.
    assert_eq!(unsafe { peek(again, 0) }, 0);
    // SAFETY: ours.
    unsafe { os.free(at, ByteCount::new(8192)) }.expect("freed");
    assert_eq!(os.held(), ByteCount::ZERO);
}

#[test]
#[should_panic(expected = "which are not all [Reserved]")]
fn a_skipped_transition_is_caught() {
    let os = Simulated::new(31);
    // SAFETY: nothing is touched.
    let _ = unsafe { os.map(pointer(0x1000_0000), PAGE) };
}

#[test]
#[should_panic(expected = "in one piece")]
fn a_system_that_frees_no_parts_says_so() {
    let os = Simulated::new(31).without_partial_free();
    let at = pointer(reserve(&os, 0, 8192));
    // SAFETY: reserved above.
    let _ = unsafe { os.free(at, PAGE) };
}
