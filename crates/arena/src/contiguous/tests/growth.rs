//! Growth behind the block, around obstacles, and the order in which it is published.
use crate::{
    Addr, AddressSpace, Bits32, ByteCount, Call, Contiguous, ContiguousConfig, Event, GrowError,
    MapBitmap, Mips32, PageCount, Platform, Reason, Reserve, Simulated, UnixAmd64,
};
use std::vec::Vec;

const MIB: usize = 1 << 20;

/// A 32-bit machine with a program at 128 MiB, whose block is `0x0810_0000..0x3830_2000`.
fn machine() -> Simulated {
    Simulated::new(32)
        .with_pointer_bytes(4)
        .with_taken(Addr::new(0x0800_0000), ByteCount::kib(0x130))
        .with_program_break(Addr::new(0x0804_c000))
}

fn layout<P: Platform>(os: &Simulated) -> Contiguous<&Simulated, P> {
    Contiguous::for_platform(os, ContiguousConfig::default()).expect("a layout")
}

fn grow<P: Platform>(space: &Contiguous<&Simulated, P>, mib: usize) -> usize {
    let growth = space.grow(PageCount::new(mib * 128)).expect("pages");
    growth.base.addr().get()
}

fn reservations(os: &Simulated) -> Vec<(usize, usize)> {
    let events = os.take_events();
    let reserved = events.iter().filter(|event| event.call == Call::Reserve);
    reserved
        .map(|event| (event.addr.get(), event.bytes.get()))
        .collect()
}

#[test]
fn the_end_moves_by_256_mib_while_the_system_agrees() {
    let os = machine();
    let space = layout::<Bits32>(&os);
    assert_eq!(
        grow(&space, 512),
        0x1830_0000,
        "all of the block but the slack"
    );
    os.take_events();
    assert_eq!(grow(&space, 4), 0x3830_0000, "the slack is used");
    assert_eq!(reservations(&os), [(0x3830_2000, 256 * MIB)]);
    assert_eq!(space.regions().arena_end, Addr::new(0x4830_2000));
    assert_eq!(grow(&space, 300), 0x3870_0000);
    // 300 MiB and a page, rounded up to 256 MiB.
    assert_eq!(reservations(&os), [(0x4830_2000, 512 * MIB)]);
    assert_eq!(space.regions().arena_end, Addr::new(0x6830_2000));
}

#[test]
fn little_is_stranded_and_the_arena_goes_on_elsewhere() {
    let os = machine();
    let space = layout::<Bits32>(&os);
    grow(&space, 500);
    os.take(Addr::new(0x3830_2000), ByteCount::kib(4));
    let tags = 512 << 10;
    // 12 MiB are left, less than the limit of 16: the arena moves to the top, below the tags.
    let moved = (1_usize << 32) - tags - 256 * MIB;
    assert_eq!(grow(&space, 16), moved);
    let regions = space.regions();
    assert_eq!(regions.arena_end, Addr::new(moved + 256 * MIB));
    assert_eq!(regions.arena_alloc, Addr::new(moved + 16 * MIB));
    assert!(space.entry(Addr::new(moved)).is_some());
    drop(space);
    assert_eq!(os.held(), ByteCount::ZERO);
}

#[test]
fn much_is_not_stranded_and_the_system_chooses_once() {
    let os = machine();
    let space = layout::<Bits32>(&os);
    grow(&space, 492);
    os.take(Addr::new(0x3830_2000), ByteCount::kib(4));
    let before = space.regions();
    os.take_events();
    // 20 MiB are left: the reservation elsewhere is given back, and exactly 24 MiB are taken.
    let at = grow(&space, 24);
    assert_eq!(
        reservations(&os),
        [(0x3830_2000, 256 * MIB), (0, 24 * MIB + 8192)]
    );
    assert_eq!(at, (1_usize << 32) - (512 << 10) - 24 * MIB - 8192);
    let after = space.regions();
    assert_eq!(after.arena_alloc, before.arena_alloc);
    assert_eq!(
        after.arena_used,
        Addr::new(at + 24 * MIB),
        "readers may ask up to there"
    );
    assert_eq!(space.tag(Addr::new(at)), 0);
    assert_eq!(
        grow(&space, 20),
        before.arena_alloc.get(),
        "what was left is still used"
    );
    drop(space);
    assert_eq!(os.held(), ByteCount::ZERO);
}

#[test]
fn an_address_that_the_tables_do_not_reach_is_refused() {
    // A 32-bit kernel under a platform of 31 bits.
    let os = machine();
    let space = layout::<Mips32>(&os);
    os.take(
        Addr::new(0x3020_2000),
        ByteCount::new(0x8000_0000 - 0x3020_2000),
    );
    grow(&space, 512);
    let refused = space
        .grow(PageCount::new(512))
        .expect_err("no address below 2 GiB");
    let GrowError::OutsideRange { base, low, high } = refused else {
        panic!("{refused}");
    };
    assert!(base.get() > 0x8000_0000);
    assert_eq!((low, high), (Addr::new(0), Addr::new(0x7fff_ffff)));
    assert_eq!(os.held().get() % MIB, held_metadata(&space), "it went back");
}

/// What is held beside whole MiB: the slack, the tags and the chunk of records.
fn held_metadata<P: Platform>(space: &Contiguous<&Simulated, P>) -> usize {
    let usage = space.memory().usage();
    (usage.total().get() + usage.reserved.get()) % MIB
}

#[test]
fn a_full_64_bit_arena_is_full() {
    let os = Simulated::new(47);
    let space = layout::<UnixAmd64>(&os);
    let refused = space
        .grow(PageCount::new(1 << 26 | 2))
        .expect_err("512 GiB and two pages");
    let GrowError::AddressSpace(error) = refused else {
        panic!("{refused}");
    };
    assert_eq!(error.reason, Reason::OutOfMemory);
    assert_eq!(grow(&space, 4), 0xc4_2000_0000);
}

#[test]
fn tables_are_mapped_before_the_pages_and_only_as_far_as_needed() {
    let os = Simulated::new(47);
    let config = ContiguousConfig::default().with_bitmap(MapBitmap::WithGrowth);
    let space = Contiguous::<_, UnixAmd64>::for_platform(&os, config).expect("a layout");
    os.take_events();
    assert_eq!(grow(&space, 4), 0xc4_2000_0000);
    let mapped: Vec<(usize, usize)> = os
        .take_events()
        .iter()
        .filter(|event| event.call == Call::Map)
        .map(|event: &Event| (event.addr.get(), event.bytes.get()))
        .collect();
    let tags = (1 << 47) - 64 * MIB;
    assert_eq!(
        mapped,
        [
            // 4 MiB / 32, below the arena.
            (0xc4_2000_0000 - 0x2_0000, 0x2_0000),
            (0xc0_0000_0000, 4096),
            (tags, 4096),
            (0xc4_2000_0000, 4 * MIB),
        ]
    );
    let regions = space.regions();
    assert_eq!(regions.spans_mapped, ByteCount::kib(4));
    assert_eq!(regions.bitmap.1, ByteCount::kib(128));
    assert_eq!(regions.arena_used, Addr::new(0xc4_2040_0000));
}

#[test]
fn what_was_only_believed_to_be_free_may_be_taken_meanwhile() {
    let os = Simulated::new(47);
    let config = ContiguousConfig::with_reserve(Reserve::Probe);
    let space = Contiguous::<_, UnixAmd64>::for_platform(&os, config).expect("a layout");
    assert_eq!(grow(&space, 4), 0xc4_2000_0000);
    os.take(Addr::new(0xc4_2080_0000), ByteCount::kib(4));
    let refused = space
        .grow(PageCount::new(1024))
        .expect_err("somebody is in the way");
    let GrowError::OutOfMemory(error) = refused else {
        panic!("{refused}");
    };
    assert_eq!(error.reason, Reason::Conflict);
    assert_eq!(error.address, Addr::new(0xc4_2040_0000));
    assert_eq!(grow(&space, 4), 0xc4_2040_0000, "less is free");
    drop(space);
    assert_eq!(os.held(), ByteCount::ZERO);
}

#[test]
fn strict_overcommit_leaves_an_exact_fit() {
    // Tables and the chunk of records take 256 + 4 + 4 KiB and another page with the second step.
    let os = Simulated::new(47).with_commit_limit(ByteCount::kib(256 + 8 + 8 + 6 * 1024));
    let space = layout::<UnixAmd64>(&os);
    assert_eq!(grow(&space, 4), 0xc4_2000_0000);
    let growth = space
        .grow(PageCount::new(200))
        .expect("less than a step is left");
    assert_eq!(growth.pages, PageCount::new(200));
    let refused = space.grow(PageCount::new(100)).expect_err("over the limit");
    assert!(matches!(refused, GrowError::OutOfMemory(_)), "{refused}");
}
