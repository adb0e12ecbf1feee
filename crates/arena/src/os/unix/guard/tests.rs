//! Guards fault and go again; residency is the kernel's.
#![expect(unsafe_code, reason = "maps, guards and forks")]
use crate::testing::peek;
use crate::{ByteCount, GuardMethod, Os, Reason, Unix};
use core::ptr::NonNull;

/// Four pages that may be used.
fn pages() -> (NonNull<u8>, usize, ByteCount) {
    let os = Unix::new();
    let page = os.page_size();
    let bytes = ByteCount::new(4 * page);
    (os.alloc(bytes).expect("four pages"), page, bytes)
}

/// The signal that a child dies of when it touches `at + offset`; 0 if it lives.
fn signal_of_touching(at: NonNull<u8>, offset: usize) -> i32 {
    // SAFETY: the child only reads memory and leaves.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: mapped; that it may be guarded is what the caller wants to know.
        let byte = unsafe { peek(at, offset) };
        core::hint::black_box(byte);
        // SAFETY: leaves without running what the parent registered.
        unsafe { libc::_exit(0) };
    }
    let mut status = 0;
    // SAFETY: waits for the child above.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    if libc::WIFSIGNALED(status) {
        libc::WTERMSIG(status)
    } else {
        0
    }
}

#[test]
fn a_guard_faults_until_it_is_taken_away() {
    let os = Unix::new();
    for method in [GuardMethod::Install, GuardMethod::Protect] {
        let (at, page, bytes) = pages();
        let one = ByteCount::new(page);
        // SAFETY: ours, and nothing refers to it.
        match unsafe { os.guard(at, one, method) } {
            Err(Reason::Unsupported) if method == GuardMethod::Install => {}
            result => {
                result.expect("a guard");
                assert_eq!(signal_of_touching(at, page - 1), libc::SIGSEGV);
                assert_eq!(signal_of_touching(at, page), 0, "the neighbour is no guard");
                // SAFETY: guarded above.
                unsafe { os.unguard(at, one, method) }.expect("no guard");
                assert_eq!(signal_of_touching(at, 0), 0);
            }
        }
        // SAFETY: ours, and unused from here on.
        unsafe { os.free(at, bytes) }.expect("unmapped");
    }
}

#[test]
fn residency_follows_touching_and_giving_back() {
    let os = Unix::new();
    let (at, page, bytes) = pages();
    assert_eq!(os.resident(at, bytes), Some(ByteCount::ZERO));
    // SAFETY: ours.
    unsafe { at.write(1) };
    assert_eq!(os.resident(at, bytes), Some(ByteCount::new(page)));
    // SAFETY: ours, and its content is not needed.
    unsafe { os.unused(at, bytes) }.expect("given back");
    // SAFETY: ours.
    let byte = unsafe { peek(at, 0) };
    assert!(byte == 0 || !<Unix as Os>::UNUSED_IS_ZERO);
    // SAFETY: ours, and unused from here on.
    unsafe { os.free(at, bytes) }.expect("unmapped");
    assert_eq!(os.resident(at, bytes), None, "not mapped");
}
