//! Every rung gives memory back, and a refused one is left for good.
#![expect(unsafe_code, reason = "maps and gives back")]
use super::{DONT_NEED, FREE, FRESH, Ladder};
use crate::testing::peek;
use crate::{ByteCount, Os, Unix};
use core::ptr::NonNull;
use sync::atomic::Ordering;

fn page() -> (NonNull<u8>, ByteCount) {
    let os = Unix::new();
    let bytes = ByteCount::new(os.page_size());
    let at = os.alloc(bytes).expect("a page");
    // SAFETY: mapped above.
    unsafe { at.write(7) };
    (at, bytes)
}

#[test]
fn every_rung_leaves_accessible_memory() {
    for rung in [FREE, DONT_NEED, FRESH] {
        let ladder = Ladder::new(false);
        ladder.rung.store(rung, Ordering::Relaxed);
        let (at, bytes) = page();
        // SAFETY: ours, and its content is not needed.
        unsafe { ladder.give_back(at, bytes) }.expect("this kernel knows every advice");
        // SAFETY: ours, and still mapped.
        let byte = unsafe { peek(at, 0) };
        let lazy = rung == FREE && byte == 7;
        assert!(
            byte == 0 || lazy || !<Unix as Os>::UNUSED_IS_ZERO,
            "{rung}: {byte}"
        );
        assert_eq!(
            ladder.rung.load(Ordering::Relaxed),
            rung,
            "nothing was refused"
        );
        // SAFETY: ours.
        unsafe { Unix::new().free(at, bytes) }.expect("unmapped");
    }
}

#[test]
fn emptying_leaves_zeroes_whatever_the_ladder_likes() {
    let ladder = Ladder::new(true);
    let (at, bytes) = page();
    // SAFETY: ours, and its content is not needed.
    unsafe { ladder.empty(at, bytes) }.expect("emptied");
    // SAFETY: ours, and still mapped.
    assert_eq!(unsafe { peek(at, 0) }, 0);
    // SAFETY: ours.
    unsafe { Unix::new().free(at, bytes) }.expect("unmapped");
}

#[cfg(target_os = "linux")]
#[test]
fn locked_memory_is_refused_and_mapped_afresh_from_then_on() {
    let ladder = Ladder::new(true);
    let (at, bytes) = page();
    // SAFETY: ours.
    if unsafe { libc::mlock(at.as_ptr().cast(), bytes.get()) } == 0 {
        // SAFETY: ours, and its content is not needed.
        unsafe { ladder.give_back(at, bytes) }.expect("a fresh mapping");
        assert_eq!(ladder.rung.load(Ordering::Relaxed), FRESH);
        // SAFETY: ours, and mapped afresh.
        assert_eq!(unsafe { peek(at, 0) }, 0);
    }
    // SAFETY: ours.
    unsafe { Unix::new().free(at, bytes) }.expect("unmapped");
}
