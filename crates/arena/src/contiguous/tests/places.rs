//! Where everything goes on each platform, as literals.
use crate::{
    Addr, AddressSpace, Bits32, ByteCount, Call, Contiguous, ContiguousConfig, Ios, LayoutError,
    Mips32, PageCount, Platform, Regions, Reserve, Simulated, UnixAmd64, UnixArm64, WindowsAmd64,
};
use std::vec::Vec;

const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;
/// 512 MiB of spans, 16 GiB of bitmap, 512 GiB of arena, and a page for alignment.
const AMD64_BLOCK: usize = 528 * GIB + 512 * MIB + 8192;

fn layout<P: Platform>(os: &Simulated, reserve: Reserve) -> Contiguous<&Simulated, P> {
    let config = ContiguousConfig::with_reserve(reserve);
    Contiguous::for_platform(os, config).expect("a layout")
}

fn regions<P: Platform>(os: &Simulated, reserve: Reserve) -> Regions {
    let space = layout::<P>(os, reserve);
    let regions = space.regions();
    let growth = space.grow(PageCount::new(1)).expect("a page");
    assert_eq!(Addr::of(growth.base.as_ptr()), regions.arena_alloc);
    drop(space);
    assert_eq!(os.held(), ByteCount::ZERO);
    regions
}

/// Start and end of spans, end of bitmap, offset 0, used, alloc, end.
fn addresses(regions: &Regions) -> [usize; 7] {
    let spans = regions.spans;
    [
        spans.0.get(),
        spans.0.get() + spans.1.get(),
        regions.bitmap.0.get(),
        regions.arena_start.get(),
        regions.arena_used.get(),
        regions.arena_alloc.get(),
        regions.arena_end.get(),
    ]
}

/// Hint and size of every reservation but that of the tags, which Go does not have.
fn asked(os: &Simulated) -> Vec<(usize, usize)> {
    let events = os.take_events();
    let reserved = events.iter().filter(|event| event.call == Call::Reserve);
    reserved
        .skip(1)
        .map(|event| (event.addr.get(), event.bytes.get()))
        .collect()
}

const AMD64: [usize; 7] = [
    0xc0_0000_0000,
    0xc0_2000_0000,
    0xc4_2000_0000,
    0xc4_2000_0000,
    0xc4_2000_0000,
    0xc4_2000_0000,
    0x144_2000_2000,
];

#[test]
fn linux_amd64_has_the_published_addresses() {
    for (reserve, is_reserved) in [(Reserve::Whole, true), (Reserve::Probe, false)] {
        let regions = regions::<UnixAmd64>(&Simulated::new(47), reserve);
        assert_eq!(addresses(&regions), AMD64);
        assert_eq!(regions.is_reserved, is_reserved);
    }
}

#[test]
fn a_probe_maps_64_kib_and_keeps_nothing() {
    let os = Simulated::new(47);
    let space = layout::<UnixAmd64>(&os, Reserve::Probe);
    assert_eq!(asked(&os), [(0xc0_0000_0000, 64 << 10)]);
    assert_eq!(
        space.memory().usage().reserved,
        ByteCount::mib(64),
        "the tags"
    );
}

#[test]
fn other_64_bit_platforms_have_theirs() {
    let arm = regions::<UnixArm64>(&Simulated::new(40), Reserve::Whole);
    assert_eq!(
        addresses(&arm)[..3],
        [0x40_0000_0000, 0x40_2000_0000, 0x44_2000_0000]
    );
    let windows = regions::<WindowsAmd64>(&Simulated::new(43), Reserve::Whole);
    assert_eq!(
        addresses(&windows),
        [
            0xc0_0000_0000,
            0xc0_0200_0000,
            0xc0_4200_0000,
            0xc0_4200_0000,
            0xc0_4200_0000,
            0xc0_4200_0000,
            0xc8_4200_2000,
        ]
    );
    let darwin = regions::<Ios>(&Simulated::new(36), Reserve::Whole);
    assert_eq!(
        addresses(&darwin),
        [
            0x1_3000_0000,
            0x1_3020_0000,
            0x1_3420_0000,
            0x1_3420_0000,
            0x1_3420_0000,
            0x1_3420_0000,
            0x1_b420_2000,
        ]
    );
}

/// A 32-bit machine with a program at 128 MiB.
fn machine(bits: u32) -> Simulated {
    Simulated::new(bits)
        .with_pointer_bytes(4)
        .with_taken(Addr::new(0x0800_0000), ByteCount::kib(0x130))
        .with_program_break(Addr::new(0x0804_c000))
}

#[test]
fn thirty_two_bit_platforms_start_at_zero() {
    let os = machine(32);
    let regions32 = regions::<Bits32>(&os, Reserve::Whole);
    assert_eq!(
        addresses(&regions32),
        [
            0x0810_0000,
            0x0830_0000,
            0x1830_0000,
            0,
            0x1830_0000,
            0x1830_0000,
            0x3830_2000,
        ]
    );
    assert_eq!(asked(&os), [(0x0810_0000, 770 * MIB + 8192)]);
    let mips = regions::<Mips32>(&machine(31), Reserve::Whole);
    assert_eq!(
        addresses(&mips),
        [
            0x0810_0000,
            0x0820_0000,
            0x1020_0000,
            0,
            0x1020_0000,
            0x1020_0000,
            0x3020_2000,
        ]
    );
}

#[test]
fn the_fallback_shrinks_the_arena_to_nothing() {
    // 300 MiB are free above the program, and nothing anywhere else but for the tags.
    let os = machine(32).with_taken(
        Addr::new(0x1ac0_0000),
        ByteCount::kib(0xe4c0_0000_usize >> 10),
    );
    let space = layout::<Bits32>(&os, Reserve::Whole);
    assert_eq!(
        asked(&os),
        [
            (0x0810_0000, 770 * MIB + 8192),
            (0x0810_0000, 514 * MIB + 8192),
            (0x0810_0000, 386 * MIB + 8192),
            (0x0810_0000, 258 * MIB + 8192),
        ]
    );
    let regions = space.regions();
    assert_eq!(regions.arena_alloc, Addr::new(0x1830_0000));
    assert_eq!(
        regions.arena_end,
        Addr::new(0x1830_2000),
        "the slack is all there is"
    );
}

#[test]
fn a_break_in_the_way_moves_the_block_above_it() {
    let os = Simulated::new(32)
        .with_pointer_bytes(4)
        .with_data_end(Addr::new(0x0804_c000))
        .with_program_break(Addr::new(0x0a12_3000));
    let regions = regions::<Bits32>(&os, Reserve::Whole);
    assert_eq!(asked(&os), [(0x0a30_0000, 770 * MIB + 8192)]);
    assert_eq!(regions.spans.0, Addr::new(0x0a30_0000));
    let beyond = Simulated::new(32)
        .with_pointer_bytes(4)
        .with_data_end(Addr::new(0x0804_c000))
        .with_program_break(Addr::new(0x3890_0000));
    drop(layout::<Bits32>(&beyond, Reserve::Whole));
    assert_eq!(
        asked(&beyond),
        [(0x0810_0000, 770 * MIB + 8192)],
        "past the block's end"
    );
}

#[test]
fn after_128_refusals_a_64_bit_system_falls_back_too() {
    let os = Simulated::new(47)
        .without_moved_hints()
        .with_data_end(Addr::new(0x0804_c000))
        .with_program_break(Addr::new(0x0a12_3000));
    for tib in 0..128 {
        os.take(Addr::new(tib << 40 | 0xc0 << 32), ByteCount::kib(4));
    }
    let space = layout::<UnixAmd64>(&os, Reserve::WholeOrProbe);
    let asked = asked(&os);
    let hint = |number: usize| number << 40 | 0xc0 << 32;
    let whole: Vec<(usize, usize)> = (0..128).map(|n| (hint(n), AMD64_BLOCK)).collect();
    let probes: Vec<(usize, usize)> = (0..128).map(|n| (hint(n), 64 << 10)).collect();
    assert_eq!(asked[..128], whole);
    assert_eq!(asked[128..256], probes);
    assert_eq!(
        asked[256..],
        [(0x0a30_0000, 17 * GIB + 8192)],
        "16.5 GiB and 512 MiB"
    );
    let regions = space.regions();
    assert_eq!(regions.arena_start, Addr::new(0x4_2a30_0000));
    assert_eq!(regions.arena_end, Addr::new(0x4_4a30_2000));
    assert!(regions.is_reserved);
}

#[test]
fn an_occupied_hint_is_passed_over_by_probes_and_moved_by_reservations() {
    let taken = Addr::new(0xc0_0000_8000);
    let os = Simulated::new(47).with_taken(taken, ByteCount::kib(4));
    let probed = regions::<UnixAmd64>(&os, Reserve::Probe);
    assert_eq!(probed.spans.0, Addr::new(0x1c0_0000_0000));
    os.take_events();
    let moved = regions::<UnixAmd64>(&os, Reserve::Whole);
    // The tags have the last 64 MiB; any answer is accepted.
    let p = (1 << 47) - (64 * MIB) - AMD64_BLOCK;
    assert_eq!(p, 0x7f7b_dbff_e000);
    assert_eq!(addresses(&moved)[..2], [p, p + 512 * MIB]);
    assert_eq!(moved.arena_end.get(), p + AMD64_BLOCK);
}

#[test]
fn an_answer_between_heap_pages_loses_its_head_and_as_much_of_its_tail() {
    let taken = Addr::new((1 << 47) - 4096);
    let os = Simulated::new(47).with_taken(taken, ByteCount::kib(4));
    os.take(Addr::new(0xc0_0000_0000), ByteCount::kib(4));
    let regions = regions::<UnixAmd64>(&os, Reserve::Whole);
    let p = 0x7f7b_dbff_d000;
    let expected = [
        p + 4096,
        p + 4096 + 512 * MIB,
        0x7f7f_fbff_e000,
        0x7f7f_fbff_e000,
        0x7f7f_fbff_e000,
        0x7f7f_fbff_e000,
        p + AMD64_BLOCK - 4096,
    ];
    assert_eq!(addresses(&regions), expected);
}

#[test]
fn no_room_for_any_block_is_an_error_with_its_numbers() {
    let os = machine(32).with_taken(
        Addr::new(0x1000_0000),
        ByteCount::kib(0xf000_0000_usize >> 10),
    );
    let config = ContiguousConfig::default();
    let refused = Contiguous::<_, Bits32>::for_platform(&os, config);
    let Err(LayoutError::CannotReserve(error)) = refused else {
        panic!("there is no room for 258 MiB");
    };
    assert_eq!(error.bytes, ByteCount::new(258 * MIB + 8192));
    assert_eq!(os.held(), ByteCount::ZERO);
    use std::string::ToString;
    assert_eq!(
        LayoutError::CannotReserve(error).to_string(),
        "cannot reserve arena virtual address space: Reserve of 270540800 bytes at 0x8100000 \
         failed: out of memory"
    );
}

#[test]
fn every_system_page_size_leaves_aligned_parts() {
    for page in [4 << 10, 16 << 10, 64 << 10, 512 << 10] {
        let os = Simulated::new(47).with_page_size(page);
        let space = layout::<UnixAmd64>(&os, Reserve::Whole);
        assert_eq!(addresses(&space.regions())[..3], AMD64[..3]);
        for pages in [1, 3, 70, 9000] {
            let growth = space.grow(PageCount::new(pages)).expect("pages");
            assert_eq!(growth.base.addr().get() % page, 0);
            assert!(growth.pages.get() >= pages);
        }
        drop(space);
        assert_eq!(os.held(), ByteCount::ZERO);
    }
}
