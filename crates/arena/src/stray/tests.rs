//! Trimming, retries, and ranges that come back late.
#![expect(unsafe_code, reason = "releases reservations")]
use super::Strays;
use crate::{Addr, ByteCount, Call, Failing, Memory, Reason, Simulated, Usage};

const ARENA: ByteCount = ByteCount::mib(4);

fn addr<T>(reserved: (core::ptr::NonNull<T>, ByteCount)) -> (usize, ByteCount) {
    (reserved.0.addr().get(), reserved.1)
}

#[test]
fn an_unaligned_answer_is_trimmed_at_both_ends() {
    let taken = Addr::new(0x7fff_0000);
    let os = Simulated::new(31).with_taken(taken, ByteCount::kib(64));
    let memory = Memory::new(&os).expect("pages of 4 KiB");
    let mut strays = Strays::new();
    let reserved = strays.reserve_aligned(&memory, None, ARENA, ARENA);
    // The system gives 0x7f7f_0000..0x7fff_0000.
    assert_eq!(addr(reserved.expect("room")), (0x7f80_0000, ARENA));
    assert_eq!(os.held(), ARENA, "head and tail went back");
    assert_eq!(memory.usage().reserved, ARENA);
}

#[test]
fn an_aligned_answer_is_kept_whole() {
    let os = Simulated::new(31);
    let memory = Memory::new(&os).expect("pages of 4 KiB");
    let reserved = Strays::new().reserve_aligned(&memory, None, ARENA, ARENA);
    assert_eq!(
        addr(reserved.expect("room")),
        (0x7f80_0000, ByteCount::mib(8))
    );
    assert_eq!(os.held(), ByteCount::mib(8));
}

#[test]
fn every_page_size_leaves_an_aligned_range() {
    for page in [4096, 16384, 65536, 524_288] {
        let taken = Addr::new(0x8000_0000 - page);
        let os = Simulated::new(31).with_page_size(page);
        os.take(taken, ByteCount::new(page));
        let memory = Memory::new(&os).expect("a usable page size");
        let reserved = Strays::new().reserve_aligned(&memory, None, ARENA, ARENA);
        assert_eq!(
            addr(reserved.expect("room")),
            (0x7f80_0000, ARENA),
            "{page}"
        );
        assert_eq!(os.held(), ARENA);
    }
}

#[test]
fn a_system_that_frees_no_parts_is_asked_again_for_the_exact_range() {
    let taken = Addr::new(0x7fff_0000);
    let os = Simulated::new(31).without_partial_free();
    os.take(taken, ByteCount::kib(64));
    let memory = Memory::new(&os).expect("pages of 4 KiB");
    let reserved = Strays::new().reserve_aligned(&memory, None, ARENA, ARENA);
    assert_eq!(addr(reserved.expect("room")), (0x7f80_0000, ARENA));
    let calls: std::vec::Vec<Call> = os.take_events().iter().map(|event| event.call).collect();
    assert_eq!(calls, [Call::Reserve, Call::Free, Call::Reserve]);
    assert_eq!(os.held(), ARENA);
}

#[test]
fn what_the_system_refuses_to_take_back_goes_later() {
    let os =
        Failing::new(Simulated::new(31).with_taken(Addr::new(0x7fff_0000), ByteCount::kib(64)));
    let memory = Memory::new(&os).expect("pages of 4 KiB");
    let mut strays = Strays::new();
    os.fail_every(Call::Free, Reason::OutOfMemory);
    let reserved = strays.reserve_aligned(&memory, None, ARENA, ARENA);
    let (base, bytes) = reserved.expect("trimming is not needed for success");
    assert_eq!(memory.usage().reserved, ByteCount::mib(8), "still counted");
    strays.retry(&memory);
    assert_eq!(memory.usage().reserved, ByteCount::mib(8));
    os.heal();
    strays.retry(&memory);
    assert_eq!(memory.usage().reserved, ARENA);
    // SAFETY: reserved above.
    unsafe { strays.release(&memory, base, bytes) };
    assert_eq!(memory.usage(), Usage::default());
    assert_eq!(os.inner().held(), ByteCount::ZERO);
}
