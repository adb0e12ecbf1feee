//! Rounding, exhaustion and accounts of the linear allocator.
#![expect(unsafe_code, reason = "releases what it reserves")]
use super::{Backed, Linear};
use crate::{Addr, ByteCount, Category, Failing, Memory, Reason, Simulated, Usage};

const fn kib(kib: usize) -> ByteCount {
    ByteCount::kib(kib)
}

#[test]
fn it_maps_as_it_goes_and_nothing_beyond_a_page_boundary() {
    let os = Simulated::new(31);
    let memory = Memory::new(&os).expect("pages of 4 KiB");
    let base = memory
        .reserve(Some(Addr::new(0x1000_0000)), kib(64))
        .expect("room");
    let mut linear = Linear::new(base, kib(64), Backed::Mapped(Category::Metadata));
    let mut alloc = |bytes, align| {
        let at = linear.alloc(&memory, ByteCount::new(bytes), ByteCount::new(align));
        let at = at.expect("the system agrees").map(|at| at.addr().get());
        (at, memory.usage().of(Category::Metadata))
    };
    assert_eq!(alloc(100, 8), (Some(0x1000_0000), kib(4)));
    assert_eq!(alloc(8, 64), (Some(0x1000_0080), kib(4)));
    assert_eq!(
        alloc(4096 - 0x88, 1),
        (Some(0x1000_0088), kib(4)),
        "an exact page end"
    );
    assert_eq!(alloc(1, 1), (Some(0x1000_1000), kib(8)));
    assert_eq!(alloc(8192, 4096), (Some(0x1000_2000), kib(16)));
    assert_eq!(alloc(64 * 1024, 1), (None, kib(16)), "no room, no change");
    assert_eq!(alloc(48 * 1024, 1), (Some(0x1000_4000), kib(64)));
    assert_eq!(alloc(1, 1), (None, kib(64)));
    assert_eq!(memory.usage().reserved, ByteCount::ZERO);
    // SAFETY: nothing refers to it.
    unsafe { linear.release(&memory) }.expect("released");
    assert_eq!(memory.usage(), Usage::default());
    assert_eq!(os.held(), ByteCount::ZERO);
}

#[test]
fn a_refused_mapping_changes_nothing() {
    let os = Failing::new(Simulated::new(31));
    let memory = Memory::new(&os).expect("pages of 4 KiB");
    let base = memory.reserve(None, kib(64)).expect("room");
    let mut linear = Linear::new(base, kib(64), Backed::Mapped(Category::Metadata));
    os.fail_nth(0, Reason::OutOfMemory);
    let refused = linear.alloc(&memory, kib(4), kib(4));
    assert_eq!(refused.expect_err("by plan").reason, Reason::OutOfMemory);
    let at = linear.alloc(&memory, kib(4), kib(4)).expect("healed");
    assert_eq!(at, Some(base));
    // SAFETY: nothing refers to it.
    unsafe { linear.release(&memory) }.expect("released");
    assert_eq!(memory.usage(), Usage::default());
}

#[test]
fn address_space_can_be_handed_out_without_mapping_and_taken_back() {
    let os = Simulated::new(31);
    let memory = Memory::new(&os).expect("pages of 4 KiB");
    let base = memory.reserve(None, kib(64)).expect("room");
    let mut linear = Linear::new(base, kib(64), Backed::Reserved);
    let first = linear.alloc(&memory, kib(32), kib(32)).expect("no calls");
    assert_eq!(first, Some(base));
    let second = linear.alloc(&memory, kib(32), kib(32)).expect("no calls");
    let second = second.expect("room");
    assert_eq!(linear.alloc(&memory, kib(32), kib(32)), Ok(None));
    linear.undo(second);
    assert_eq!(linear.alloc(&memory, kib(32), kib(32)), Ok(Some(second)));
    assert_eq!(memory.usage().total(), ByteCount::ZERO);
    // SAFETY: nothing refers to it.
    unsafe { linear.release(&memory) }.expect("released");
    assert_eq!(os.held(), ByteCount::ZERO);
}
