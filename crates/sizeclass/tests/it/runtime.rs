//! What somebody else's heap does with a table: spans, slots and addresses, in one walk.

use gomalloc_sizeclass::derive::Params;
use gomalloc_sizeclass::{
    BINS, FLAT_CLASSES, FLAT_LEN, GO_1_8, GO_1_16, HeaderRule, MAX_SMALL_SIZE, PAGE_BYTES, Scan,
    SizeClass, SpanClass, Table, flat_class, hit_class, hit_class_in, magic_index,
};

/// Sizes and alignments of every slot of a span, from a table that the heap does not know.
fn walk_spans(table: &'static Table) {
    // A multiple of the largest page below.
    let base = 0xc000_0000_usize;
    for class in table.classes() {
        let (bytes, magic) = (table.slot_bytes(class), table.magic(class));
        for slot in 0..table.slots(class) {
            let start = base + slot * bytes;
            assert_eq!(start % table.align(class), 0);
            for address in [start, start + bytes / 2, start + bytes - 1] {
                assert_eq!(magic_index(magic, address - base), slot);
                assert_eq!(table.slot_index(class, address - base), slot);
            }
            assert!(start + bytes <= base + table.span_bytes(class));
        }
    }
}

#[test]
fn spans_of_any_table_are_cut_without_overlap() {
    static WIDE: Table = match Table::derive(&Params {
        page_bytes: 64 << 10,
        ..Params::GO_1_16
    }) {
        Ok(table) => table,
        Err(_) => panic!("no table"),
    };
    for table in [&GO_1_8, &GO_1_16, &WIDE] {
        walk_spans(table);
    }
    assert_eq!(WIDE.page_bytes(), 8 * PAGE_BYTES);
}

#[test]
fn a_cache_finds_its_bin_at_compile_time() {
    // What a hit path does: a static table of its own, and an array with a place per bin.
    static MINE: [u8; FLAT_LEN] = FLAT_CLASSES;
    const CLASS: u8 = hit_class(100, 4);
    const BIN: usize = SpanClass::new(SizeClass::new(CLASS).unwrap(), Scan::No).bin();
    let capacities = [0_u16; BINS];
    assert_eq!(BIN, 68 + 9);
    assert_eq!(capacities[BIN], 0);
    assert_eq!(hit_class_in(&MINE, 100, 4), CLASS);
    assert_eq!(flat_class(100), CLASS);
}

#[test]
fn every_bin_of_the_default_table_names_a_class() {
    let named = (0..BINS).filter_map(SpanClass::from_bin);
    let bytes = named
        .map(|class| Table::DEFAULT.slot_bytes(class.size_class()))
        .sum::<usize>();
    assert_eq!(bytes, 2 * 372_768);
}

#[test]
fn values_are_shared_between_threads_and_printed() {
    fn shared<T: Send + Sync + Unpin + 'static>() {}
    shared::<Table>();
    shared::<SpanClass>();
    let text = format!("{:?}", Table::DEFAULT);
    assert!(
        text.contains("len: 68") && text.contains("max_size: 32768"),
        "{text}"
    );
}

#[test]
fn alignments_are_those_of_the_generator() {
    let list = |table: &Table| {
        table
            .alignments()
            .map(|step| (step.align, step.from_slot_bytes))
            .collect::<Vec<_>>()
    };
    let new = [
        (8, 8),
        (16, 32),
        (32, 256),
        (64, 512),
        (128, 768),
        (4096, 28_672),
        (8192, 32_768),
    ];
    assert_eq!(list(&GO_1_16), new);
    // Without the class of 24 bytes everything but 8 bytes is aligned to 16.
    assert_eq!(list(&GO_1_8)[1], (16, 16));
    assert_eq!(list(&GO_1_8)[2..], new[2..]);
}

#[test]
fn the_host_has_a_header_rule() {
    let rule = HeaderRule::HOST;
    assert_eq!(rule.pointer_bytes, size_of::<usize>());
    assert_eq!(Table::DEFAULT.check(), Ok(()));
    let class = Table::DEFAULT.class_with_header(MAX_SMALL_SIZE - 8, Scan::Yes, rule);
    assert_eq!(class.map(SizeClass::get), Some(67));
}
