//! Indices, levels and edges of the arena map.
use super::Map;
use crate::{Addr, Memory, Persistent, Platform, Simulated};

fn with_map<P: Platform>(check: impl FnOnce(&Map<P>)) {
    let os = Simulated::new(47);
    let memory = Memory::new(&os).expect("pages of 4 KiB");
    let mut persistent = Persistent::new();
    let offset = Addr::new(P::BASE_OFFSET);
    let map = Map::<P>::new(&memory, &mut persistent, offset).expect("tables");
    check(&map);
    #[expect(unsafe_code, reason = "gives the tables back")]
    // SAFETY: the map is not used any more.
    unsafe {
        persistent.release(&memory);
    }
    assert_eq!(os.held().get(), 0);
}

#[test]
fn thirty_two_bit_addresses_are_counted_from_zero() {
    with_map::<crate::Bits32>(|map| {
        assert_eq!(map.index(Addr::new(0)), 0);
        assert_eq!(map.index(Addr::new(0x40_0000)), 1);
        assert_eq!(map.index(Addr::new(0xffff_ffff)), 1023);
        assert!(map.covers(Addr::new(0xffff_ffff)));
    });
    with_map::<crate::Mips32>(|map| {
        assert!(map.covers(Addr::new(0x7fff_ffff)));
        assert!(!map.covers(Addr::new(0x8000_0000)));
    });
}

#[cfg(target_pointer_width = "64")]
#[test]
fn negative_addresses_are_neighbours_of_the_others_on_amd64() {
    with_map::<crate::UnixAmd64>(|map| {
        // 2^47 / 2^26.
        assert_eq!(map.index(Addr::new(0)), 0x20_0000);
        assert_eq!(map.index(Addr::new(0xc0_0000_0000)), 0x20_3000);
        assert_eq!(map.index(Addr::new(0xffff_8000_0000_0000)), 0);
        assert_eq!(map.index(Addr::new(usize::MAX)), 0x1f_ffff);
        assert_eq!(map.index(Addr::new(0x7fff_ffff_ffff)), 0x3f_ffff);
        assert!(
            !map.covers(Addr::new(0x8000_0000_0000)),
            "no canonical address"
        );
        assert!(!map.covers(Addr::new(0x7fff_ffff_ffff_ffff)));
    });
}

#[cfg(target_pointer_width = "64")]
#[test]
fn offsets_and_levels_are_the_platforms() {
    with_map::<crate::Unix64>(|map| {
        assert_eq!(map.index(Addr::new(0xc0_0000_0000)), 0x3000);
        assert!(!map.covers(Addr::new(1 << 48)));
    });
    with_map::<crate::WindowsAmd64>(|map| {
        assert_eq!(map.index(Addr::new(0xc0_0000_0000)), 0x203_0000);
        assert!(
            map.metadata(Addr::new(0xc0_0000_0000)).is_none(),
            "no table yet"
        );
    });
    with_map::<crate::Aix>(|map| {
        assert_eq!(map.index(Addr::new(0x0a00_0100_0000_0000)), 0x4000);
        assert!(!map.covers(Addr::new(0x09ff_ffff_ffff_ffff)));
        assert!(!map.covers(Addr::new(0x0a01_0000_0000_0000)));
    });
    with_map::<crate::Aix12>(|map| {
        assert_eq!(map.index(Addr::new(0x0a00_0100_0000_0000)), 0xa000_1000);
    });
}

#[cfg(target_pointer_width = "64")]
#[test]
fn metadata_has_the_size_that_the_documents_say() {
    use super::Metadata;
    assert_eq!(Metadata::<crate::UnixAmd64>::BYTES.get(), 72 * 1024 + 16);
    assert_eq!(Metadata::<crate::UnixAmd64>::BITMAP_BYTES, 2 << 20);
    assert_eq!(Metadata::<crate::Bits32>::BITMAP_BYTES, 256 << 10);
    assert_eq!(
        Metadata::<crate::Bits32>::LINEAR_BYTES.get(),
        258 * 1024 + 512 + 64
    );
}
