//! The sparse layout on 64-bit platforms, over simulated ones: where everything goes, as literals.
use crate::{
    Addr, AddressSpace, Aix, ByteCount, Call, Category, Direction, Hint, HintPolicy, Ios,
    PageCount, Platform, Riscv64Sv39, Simulated, Sparse, SparseConfig, Unix64, UnixAmd64,
    UnixArm64, WindowsAmd64,
};
use std::vec::Vec;

const ARENA: usize = 64 << 20;
const TIB: usize = 1 << 40;

fn layout<P: Platform>(os: &Simulated, hints: HintPolicy) -> Sparse<&Simulated, P> {
    Sparse::for_platform(os, SparseConfig::with_hints(hints)).expect("a layout")
}

fn grow<P: Platform>(space: &Sparse<&Simulated, P>, pages: usize) -> usize {
    let growth = space.grow(PageCount::new(pages)).expect("pages");
    growth.base.addr().get()
}

fn first_address<P: Platform>(bits: u32) -> usize {
    let os = Simulated::new(bits);
    let space = layout::<P>(&os, HintPolicy::Platform);
    let at = grow(&space, 1);
    assert_eq!(space.tag(Addr::new(at)), 0);
    assert!(space.entry(Addr::new(at)).is_some());
    drop(space);
    assert_eq!(os.held(), ByteCount::ZERO);
    at
}

#[test]
fn first_addresses_are_the_published_ones() {
    assert_eq!(first_address::<UnixAmd64>(47), 0xc0_0000_0000);
    assert_eq!(first_address::<Unix64>(47), 0xc0_0000_0000);
    assert_eq!(first_address::<UnixArm64>(39), 0x40_0000_0000);
    assert_eq!(first_address::<Riscv64Sv39>(38), 0x1_3000_0000);
    assert_eq!(first_address::<Ios>(36), 0x1_3000_0000);
    assert_eq!(first_address::<WindowsAmd64>(47), 0xc0_0000_0000);
    assert_eq!(first_address::<Aix>(60), 0x0a00_0100_0000_0000);
}

#[test]
fn a_heap_grows_where_it_began() {
    let os = Simulated::new(47);
    let space = layout::<UnixAmd64>(&os, HintPolicy::Platform);
    assert_eq!(grow(&space, 1), 0xc0_0000_0000);
    assert_eq!(grow(&space, 1), 0xc0_0040_0000, "steps of 4 MiB");
    assert_eq!(
        grow(&space, 8192),
        0xc0_0080_0000,
        "over the end of the first arena"
    );
    assert_eq!(grow(&space, 1), 0xc0_0480_0000);
    assert_eq!(space.next_hint(), Some(Hint::up(Addr::new(0xc0_0800_0000))));
    let usage = space.memory().usage();
    assert_eq!(usage.of(Category::Heap), ByteCount::mib(64 + 12));
    // Of the flat table of 64 MiB, 8 KiB are mapped for each of two arenas.
    assert_eq!(usage.reserved, ByteCount::kib((64 - 12 + 64) * 1024 - 16));
}

#[test]
fn an_occupied_hint_is_left_for_good() {
    // What AddressSanitizer takes.
    let os = Simulated::new(47).with_taken(Addr::new(1 << 16), ByteCount::new(TIB - (1 << 16)));
    let space = layout::<UnixAmd64>(&os, HintPolicy::Platform);
    assert_eq!(grow(&space, 1), 0x1c0_0000_0000);
    let asked: Vec<usize> = os
        .take_events()
        .iter()
        .filter(|event| event.call == Call::Reserve)
        .map(|event| event.addr.get())
        .collect();
    assert_eq!(
        asked,
        [0, 0xc0_0000_0000, 0x1c0_0000_0000],
        "after the flat table"
    );
    os.take(Addr::new(0x1c0_0400_0000), ByteCount::kib(4));
    assert_eq!(
        grow(&space, 8192),
        0x2c0_0000_0000,
        "the next one failed too"
    );
    assert_eq!(
        grow(&space, 1),
        0x1c0_0040_0000,
        "what was left is not lost"
    );
    let usage = space.memory().usage();
    assert_eq!(
        os.held(),
        ByteCount::new(usage.total().get() + usage.reserved.get())
    );
}

#[test]
fn after_the_last_hint_the_system_chooses_and_two_new_ones_are_made() {
    let os = Simulated::new(47);
    let space = layout::<UnixAmd64>(&os, HintPolicy::System);
    assert_eq!(space.next_hint(), None);
    // 128 MiB below the flat table, aligned, so all of it is kept.
    assert_eq!(grow(&space, 1), 0x7fff_f400_0000);
    let up = space.next_hint().expect("two hints");
    assert_eq!(up, Hint::up(Addr::new(0x7fff_fc00_0000)));
    // Above is the table: the next growth goes below, and on below.
    assert_eq!(grow(&space, 16384), 0x7fff_ec00_0000);
    let down = space.next_hint().expect("one hint");
    assert_eq!(down, Hint::down(Addr::new(0x7fff_ec00_0000)));
    assert_eq!(grow(&space, 16384 * 2), 0x7fff_dc00_0000);
    assert_eq!(space.next_hint().expect("still").direction, Direction::Down);
}

#[test]
fn an_unaligned_answer_is_trimmed_to_arenas() {
    let os = Simulated::new(47).with_taken(Addr::new(0x7fff_ffff_f000), ByteCount::kib(4));
    let space = layout::<UnixAmd64>(&os, HintPolicy::System);
    assert_eq!(grow(&space, 1), 0x7fff_f400_0000);
    let usage = space.memory().usage();
    let all = usage.reserved.get() + usage.of(Category::Heap).get();
    assert_eq!(
        all,
        2 * ARENA - 8192,
        "head and tail went back; the flat table did not"
    );
}

#[test]
fn ios_asks_for_one_hint_only() {
    let os = Simulated::new(36).with_taken(Addr::new(0x1_3000_0000), ByteCount::kib(4));
    let space = layout::<Ios>(&os, HintPolicy::Platform);
    grow(&space, 1);
    let asked: Vec<usize> = os
        .take_events()
        .iter()
        .filter(|event| event.call == Call::Reserve)
        .map(|event| event.addr.get())
        .collect();
    assert_eq!(
        asked,
        [0, 0x1_3000_0000, 0],
        "127 hints do not fit its 40 bits"
    );
}

#[test]
fn windows_reserves_in_one_piece_and_fills_its_first_level_as_it_goes() {
    let os = Simulated::new(47).without_partial_free();
    os.take(Addr::new(0x7fff_ffe0_0000), ByteCount::mib(2));
    let space = layout::<WindowsAmd64>(&os, HintPolicy::Platform);
    let before = space.memory().usage().of(Category::Metadata);
    grow(&space, 1);
    let after = space.memory().usage().of(Category::Metadata);
    assert!(
        after.get() - before.get() >= 8 << 20,
        "one second-level table of 8 MiB"
    );
    assert!(after.get() - before.get() < 9 << 20, "and no other");
    drop(space);
    let space = layout::<WindowsAmd64>(&os, HintPolicy::System);
    assert_eq!(grow(&space, 1), 0x7fff_ff40_0000, "found again, exactly");
    drop(space);
    assert_eq!(os.held(), ByteCount::ZERO);
}

#[test]
fn a_random_base_moves_the_hints_and_the_first_page() {
    let os = Simulated::new(47);
    // Base 0xabcde << 26, chunk 2, page 1.
    let seed = 0xabcd_e000_0000_0000 | 0b0010 << 40 | 1 << 31;
    let space = layout::<UnixAmd64>(&os, HintPolicy::Random { seed });
    let first = 0x2af3_7800_0000 + (2 << 22) + 8192;
    assert_eq!(grow(&space, 1), first);
    assert_eq!(grow(&space, 1), first + (4 << 20));
    assert_eq!(
        space.next_hint(),
        Some(Hint::up(Addr::new(0x2af3_7c00_0000)))
    );
    drop(space);
    assert_eq!(os.held(), ByteCount::ZERO);
}

#[test]
fn every_system_page_size_is_served() {
    for page in [4 << 10, 16 << 10, 64 << 10, 512 << 10] {
        let os = Simulated::new(47).with_page_size(page);
        let seed = 0x1234_5678_9abc_def0;
        for policy in [
            HintPolicy::Platform,
            HintPolicy::System,
            HintPolicy::Random { seed },
        ] {
            let space = layout::<UnixAmd64>(&os, policy);
            for pages in [1, 3, 70, 9000] {
                let growth = space.grow(PageCount::new(pages)).expect("pages");
                assert_eq!(growth.base.addr().get() % page, 0, "{page}");
                assert!(growth.pages.get() >= pages);
            }
            drop(space);
            assert_eq!(os.held(), ByteCount::ZERO, "{page} {policy:?}");
        }
    }
}
