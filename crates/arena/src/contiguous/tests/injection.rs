//! Every call to the system fails once, in every scenario, until there is none left to fail.
#![expect(unsafe_code, reason = "releases the layout")]
#![expect(clippy::print_stdout, reason = "says how many calls there were")]
use crate::{
    Addr, AddressSpace, Bits32, ByteCount, Contiguous, ContiguousConfig, Failing, GrowError,
    HeapBitmap, LayoutError, OsError, PageCount, Platform, Reason, Reserve, Simulated, UnixAmd64,
    Usage,
};
use std::println;

const PLANNED: Reason = Reason::Code(12345);

/// What a scenario may fail with: the plan's reason, or an address that is in use for once because
/// the system refused to take it back.
fn is_planned(error: OsError) -> bool {
    [PLANNED, Reason::Conflict, Reason::OutOfMemory].contains(&error.reason)
}

fn check(error: GrowError) {
    match error {
        GrowError::AddressSpace(error)
        | GrowError::Metadata(error)
        | GrowError::OutOfMemory(error)
            if is_planned(error) => {}
        error => panic!("{error}"),
    }
}

fn live<P: Platform>(os: &Failing<Simulated>, reserve: Reserve, mib: &[usize]) {
    let config = ContiguousConfig::with_reserve(reserve);
    let make = || Contiguous::<_, P>::for_platform(os, config);
    let space = make().or_else(|error| {
        let planned = matches!(error, LayoutError::CannotReserve(error) if is_planned(error));
        assert!(planned, "{error}");
        make()
    });
    let mut space = space.expect("the second attempt succeeds");
    for mib in mib {
        let pages = PageCount::new(mib * 128);
        let growth = space.grow(pages).or_else(|error| {
            check(error);
            space.grow(pages)
        });
        let base = Addr::of(growth.expect("the second attempt succeeds").base.as_ptr());
        assert!(space.entry(base).is_some());
        let mapped = space.map_bitmap(base, pages).or_else(|error| {
            check(error);
            space.map_bitmap(base, pages)
        });
        mapped.expect("the second attempt succeeds");
    }
    // SAFETY: nothing refers to the layout's memory.
    let usage = unsafe { space.release() };
    assert_eq!(usage, Usage::default(), "accounts return to zero");
}

fn inject<P: Platform>(
    name: &str,
    machine: impl Fn() -> Simulated,
    reserve: Reserve,
    mib: &[usize],
) {
    let mut number = 0;
    loop {
        let os = Failing::new(machine());
        os.fail_nth(number, PLANNED);
        live::<P>(&os, reserve, mib);
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
fn in_a_reserved_block() {
    let machine = || Simulated::new(47);
    inject::<UnixAmd64>("whole", machine, Reserve::Whole, &[1, 4, 70, 600]);
}

#[test]
fn in_a_probed_block() {
    let machine = || Simulated::new(47);
    inject::<UnixAmd64>("probe", machine, Reserve::Probe, &[1, 4, 70, 600]);
}

#[test]
fn on_a_32_bit_system_behind_its_block_and_elsewhere() {
    let machine = || {
        Simulated::new(32)
            .with_pointer_bytes(4)
            .with_taken(Addr::new(0x0800_0000), ByteCount::kib(0x130))
            .with_program_break(Addr::new(0x0804_c000))
            .with_taken(Addr::new(0x5000_0000), ByteCount::kib(4))
    };
    inject::<Bits32>(
        "32 bits",
        machine,
        Reserve::Whole,
        &[500, 100, 200, 40, 300],
    );
}
