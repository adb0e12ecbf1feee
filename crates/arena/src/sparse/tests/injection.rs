//! Every call to the system fails once, in every scenario, until there is none left to fail.
#![expect(unsafe_code, reason = "releases the layout")]
#![expect(clippy::print_stdout, reason = "says how many calls there were")]
use crate::{
    Addr, AddressSpace, Bits32, ByteCount, Failing, GrowError, HeapBitmap, HintPolicy, LayoutError,
    PageCount, Platform, Reason, Simulated, Sparse, SparseConfig, UnixAmd64, Usage, WindowsAmd64,
};
use std::println;

/// The errors of a scenario are by plan, and carry the planned reason.
const PLANNED: Reason = Reason::Code(12345);

/// Makes a layout, grows it over several arenas, and maps bitmaps; each step may be refused once.
/// What was refused is asked for again, and must succeed.
fn live<P: Platform>(os: &Failing<Simulated>, hints: HintPolicy, arenas: &[usize]) {
    let config = SparseConfig::with_hints(hints);
    let space = Sparse::<_, P>::for_platform(os, config).or_else(|error| {
        assert!(is_planned_at_start(error), "{error}");
        Sparse::<_, P>::for_platform(os, config)
    });
    let mut space = space.expect("the second attempt succeeds");
    for arenas in arenas {
        let pages = PageCount::new(P::PAGES * arenas + 1);
        let growth = space.grow(pages).or_else(|error| {
            assert!(is_planned(error), "{error}");
            space.grow(pages)
        });
        let growth = growth.expect("the second attempt succeeds");
        let base = Addr::of(growth.base.as_ptr());
        assert!(space.entry(base).is_some());
        let mapped = space.map_bitmap(base, pages).or_else(|error| {
            assert!(is_planned(error), "{error}");
            space.map_bitmap(base, pages)
        });
        mapped.expect("the second attempt succeeds");
    }
    // SAFETY: nothing refers to the layout's memory.
    let usage = unsafe { space.release() };
    assert_eq!(usage, Usage::default(), "accounts return to zero");
}

fn is_planned_at_start(error: LayoutError) -> bool {
    matches!(error, LayoutError::ArenaMap(error) if error.reason == PLANNED)
}

fn is_planned(error: GrowError) -> bool {
    match error {
        // A range that the system refused to take back may be what is missing for once.
        GrowError::AddressSpace(error) => [PLANNED, Reason::OutOfMemory].contains(&error.reason),
        GrowError::ArenaMap(error) | GrowError::Metadata(error) | GrowError::OutOfMemory(error) => {
            error.reason == PLANNED
        }
        _ => false,
    }
}

fn inject<P: Platform>(
    name: &str,
    machine: impl Fn() -> Simulated,
    hints: HintPolicy,
    arenas: &[usize],
) {
    let mut number = 0;
    loop {
        let os = Failing::new(machine());
        os.fail_nth(number, PLANNED);
        live::<P>(&os, hints, arenas);
        assert_eq!(
            os.inner().held(),
            ByteCount::ZERO,
            "call {number}: nothing leaks"
        );
        if os.failures() == 0 {
            break;
        }
        number += 1;
    }
    println!("{name}: {number} calls, each of which was refused once");
    assert!(number > 10, "a scenario of {number} calls shows nothing");
}

#[test]
fn at_the_platforms_hints() {
    let machine = || Simulated::new(47);
    inject::<UnixAmd64>("hints", machine, HintPolicy::Platform, &[0, 1, 2]);
}

#[test]
fn where_the_system_likes_with_trimming() {
    let machine = || Simulated::new(47).with_taken(Addr::new(0x7fff_ffff_f000), ByteCount::kib(4));
    inject::<UnixAmd64>("anywhere", machine, HintPolicy::System, &[0, 1, 2]);
}

#[test]
fn with_occupied_hints() {
    let machine = || {
        let os = Simulated::new(47);
        for tib in 0..126 {
            os.take(Addr::new(tib << 40 | 0xc0 << 32), ByteCount::kib(4));
        }
        os
    };
    inject::<UnixAmd64>("occupied", machine, HintPolicy::Platform, &[0, 1]);
}

#[test]
fn on_a_32_bit_system() {
    let machine = || {
        let os = Simulated::new(32)
            .with_pointer_bytes(4)
            .with_taken(Addr::new(0x0800_0000), ByteCount::kib(0x130))
            .with_program_break(Addr::new(0x0804_c000));
        // 128 MiB fit above the break, so that 40 arenas need the system as well.
        os.with_taken(Addr::new(0x1100_0000), ByteCount::mib(3364))
    };
    inject::<Bits32>("32 bits", machine, HintPolicy::Platform, &[0, 1, 4, 34]);
}

#[test]
fn on_a_system_that_frees_no_parts() {
    let machine = || {
        let os = Simulated::new(47).without_partial_free();
        os.with_taken(Addr::new(0x7fff_ffe0_0000), ByteCount::mib(2))
    };
    inject::<WindowsAmd64>("windows", machine, HintPolicy::System, &[0, 1, 3]);
}
