//! The sparse layout on 32-bit platforms, on any machine: where everything goes, as literals.
use crate::{
    Addr, AddressSpace, Bits32, ByteCount, Call, Category, Event, Hint, Mips32, PageCount,
    Platform, Simulated, Sparse, SparseConfig, Wasm, Wasm11,
};
use std::vec::Vec;

/// 258 MiB as Go has them, and 576 KiB for tags and heads.
const METADATA: usize = 0x1029_0000;
const MIB: usize = 1 << 20;

fn layout<P: Platform>(os: &Simulated) -> Sparse<&Simulated, P> {
    Sparse::for_platform(os, SparseConfig::default()).expect("a layout")
}

fn grow<P: Platform>(space: &Sparse<&Simulated, P>, pages: usize) -> usize {
    let growth = space.grow(PageCount::new(pages)).expect("pages");
    growth.base.addr().get()
}

/// Hint and answer of every reservation.
fn reservations(os: &Simulated) -> Vec<(usize, usize, Option<usize>)> {
    let events = os.take_events();
    let reserved = events.iter().filter(|event| event.call == Call::Reserve);
    let numbers = |event: &Event| {
        let answer = event.answer.ok().map(Addr::get);
        (event.addr.get(), event.bytes.get(), answer)
    };
    reserved.map(numbers).collect()
}

fn machine() -> Simulated {
    Simulated::new(32)
        .with_pointer_bytes(4)
        .with_taken(Addr::new(0x0800_0000), ByteCount::kib(0x130))
        .with_program_break(Addr::new(0x0804_c000))
}

#[test]
fn metadata_goes_to_the_top_and_arenas_above_the_break() {
    let os = machine();
    let space = layout::<Bits32>(&os);
    assert_eq!(
        reservations(&os),
        [
            (0, METADATA, Some(0xefd7_0000)),
            // 512 MiB and one arena for alignment, which is not needed and kept.
            (0x0840_0000, 516 * MIB, Some(0x0840_0000)),
        ]
    );
    assert_eq!(space.next_hint(), Some(Hint::up(Addr::new(0x2880_0000))));
    assert_eq!(grow(&space, 1), 0x0840_0000);
    assert_eq!(grow(&space, 512), 0x0880_0000, "the next arena");
    // Nothing more is reserved for them, but for tags: a byte for each page of 4 GiB.
    assert_eq!(reservations(&os), [(0, 512 << 10, Some(0xefcf_0000))]);
    let fit = grow(&space, 127 * 512);
    assert_eq!(fit, 0x08c0_0000, "508 MiB are left of the reservation");
    assert_eq!(grow(&space, 1), 0x2880_0000, "then comes the hint");
}

#[test]
fn metadata_of_an_arena_is_mapped_as_it_is_needed() {
    let os = machine();
    let space = layout::<Bits32>(&os);
    let before = space.memory().usage().of(Category::Metadata).get();
    grow(&space, 1);
    let after = space.memory().usage().of(Category::Metadata).get();
    assert_eq!(
        after - before,
        264_768_usize.next_multiple_of(4096) + (0x0880_0000_usize >> 13).next_multiple_of(4096),
        "258 KiB and a bit, and tags up to there"
    );
    let base = Addr::new(0x0840_0000);
    #[expect(unsafe_code, reason = "sets entries of grown pages")]
    // SAFETY: the pages were grown above.
    unsafe {
        space.set_entries(
            base,
            PageCount::new(512),
            core::ptr::without_provenance_mut(64),
            9,
        );
    }
    assert_eq!(space.tag(Addr::new(0x087f_ffff)), 9);
    assert_eq!(space.tag(Addr::new(0x0880_0000)), 0);
}

#[test]
fn the_linear_arenas_shrink_when_there_is_no_room() {
    // 400 MiB are free above the break, and 460 MiB, most of which is for metadata, at the top.
    let os = machine().with_taken(Addr::new(0x2140_0000), ByteCount::mib(3104));
    let space = layout::<Bits32>(&os);
    let asked: Vec<(usize, usize)> = reservations(&os).iter().map(|r| (r.0, r.1)).collect();
    assert_eq!(
        asked,
        [
            (0, METADATA),
            (0x0840_0000, 516 * MIB),
            (0x0840_0000, 260 * MIB)
        ]
    );
    assert_eq!(grow(&space, 1), 0x0840_0000);
    assert_eq!(space.next_hint(), Some(Hint::up(Addr::new(0x1880_0000))));
}

#[test]
fn without_any_of_it_the_heap_takes_what_it_is_given() {
    let os = machine()
        .with_taken(Addr::new(0x0900_0000), ByteCount::mib(3600))
        .with_taken(Addr::new(0xea80_0000), ByteCount::mib(300));
    let space = layout::<Bits32>(&os);
    // Neither 258 MiB nor 128 MiB are free anywhere, but some arenas are.
    assert!(
        reservations(&os)
            .iter()
            .all(|reservation| reservation.2.is_none())
    );
    let at = grow(&space, 1);
    assert_eq!(at, 0x0840_0000, "the hint above the break");
    assert_eq!(grow(&space, 1024), 0x0880_0000);
    assert_eq!(grow(&space, 512), 0xff80_0000, "8 MiB at the top");
    assert_eq!(space.tag(Addr::new(at)), 0);
}

#[test]
fn a_break_inside_the_metadata_moves_the_arenas_above_it() {
    // Everything else is taken, so the metadata lands around the break.
    let os = Simulated::new(32)
        .with_pointer_bytes(4)
        .with_program_break(Addr::new(0x2000_0000))
        .with_taken(Addr::new(0x2829_0000), ByteCount::kib(0xd7d7_0000 >> 10))
        .with_taken(Addr::new(0x2_0000), ByteCount::kib(0x17fe_0000 >> 10));
    let space = layout::<Bits32>(&os);
    let reserved = reservations(&os);
    assert_eq!(reserved[0], (0, METADATA, Some(0x1800_0000)));
    // End of the metadata, 0x2829_0000, and 256 KiB, rounded up to an arena.
    assert_eq!(reserved[1].0, 0x2840_0000);
    drop(space);
    assert_eq!(os.held(), ByteCount::ZERO);
}

#[test]
fn mips_has_half_of_everything() {
    let os = Simulated::new(31).with_pointer_bytes(4);
    let space = layout::<Mips32>(&os);
    assert_eq!(reservations(&os)[0].1, METADATA / 2);
    assert_eq!(grow(&space, 1), 0x40_0000, "no break: above 256 KiB");
}

#[test]
fn sbrk_systems_have_neither_hints_nor_reservations() {
    let os = Simulated::new(32).with_pointer_bytes(4);
    let space = layout::<Wasm>(&os);
    assert_eq!(reservations(&os), []);
    assert_eq!(space.next_hint(), None);
    // 512 KiB and as much for alignment, all of which is kept.
    assert_eq!(grow(&space, 1), 0xffe8_0000);
    assert_eq!(
        reservations(&os),
        [
            (0, 0x8_0000, Some(0xfff8_0000)),
            (0, 0x10_0000, Some(0xffe8_0000))
        ]
    );
    let space = layout::<Wasm11>(&os);
    grow(&space, 1);
    assert_eq!(reservations(&os)[1].1, 0x800_0000);
}

#[test]
fn everything_comes_back() {
    let os = machine();
    let space = layout::<Bits32>(&os);
    for pages in [1, 512, 5000, 100_000] {
        grow(&space, pages);
    }
    drop(space);
    assert_eq!(os.held(), ByteCount::ZERO);
}
