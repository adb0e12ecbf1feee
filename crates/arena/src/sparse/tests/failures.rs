//! What the sparse layout answers when the system's answers are no use.
#![expect(unsafe_code, reason = "a system that lies")]
use super::super::left::Range;
use crate::{
    Addr, AddressSpace, ByteCount, Call, Category, GrowError, HintPolicy, LayoutError, Os,
    PageCount, Reason, Simulated, Sparse, SparseConfig, Unix64, UnixAmd64, Unusable, Window,
};
use core::ptr::{self, NonNull};

const ARENA: usize = 64 << 20;

fn on_48_bits(os: &Simulated) -> Sparse<&Simulated, Unix64> {
    let config = SparseConfig::with_hints(HintPolicy::System);
    Sparse::for_platform(os, config).expect("a layout")
}

fn refusal(space: &impl AddressSpace) -> GrowError {
    space.grow(PageCount::new(1)).expect_err("no pages")
}

#[test]
fn a_region_past_the_map_is_named_with_its_reason() {
    let os = Simulated::new(57);
    let space = on_48_bits(&os);
    let expected = GrowError::Unusable {
        // The flat table lies above.
        base: Addr::new((1 << 57) - 3 * ARENA),
        bytes: ByteCount::new(2 * ARENA),
        reason: Unusable::Base,
    };
    assert_eq!(refusal(&space), expected);
    assert_eq!(
        space.memory().usage().reserved,
        ByteCount::new(ARENA),
        "but for the table"
    );
    use std::string::ToString;
    assert_eq!(
        expected.to_string(),
        "memory allocated by OS [0x1fffffff4000000, 0x1fffffff4000000 + 134217728) not in usable \
         address space: base outside usable address space"
    );
}

#[test]
fn a_region_over_the_edge_of_the_map_is_refused_too() {
    let above = (1 << 48) + 2 * ARENA;
    let os = Simulated::new(57).with_taken(Addr::new(above), ByteCount::new((1 << 57) - above));
    let space = on_48_bits(&os);
    let expected = GrowError::Unusable {
        base: Addr::new((1 << 48) - ARENA),
        bytes: ByteCount::new(2 * ARENA),
        reason: Unusable::End,
    };
    assert_eq!(refusal(&space), expected);
    os.take(Addr::new(1 << 48), ByteCount::new(ARENA));
    space
        .grow(PageCount::new(1))
        .expect("the next attempt succeeds");
}

#[test]
fn checks_name_every_reason() {
    let os = Simulated::new(47);
    let space = on_48_bits(&os);
    let check = |base: usize, arenas: usize| {
        let base = NonNull::new(ptr::without_provenance_mut(base)).expect("no null");
        let bytes = ByteCount::new(arenas * ARENA);
        space.check(&Range { base, bytes })
    };
    assert_eq!(check(ARENA, 1), Ok(()));
    let reason = |result| match result {
        Err(GrowError::Unusable { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    let last = usize::MAX - ARENA + 1;
    assert_eq!(reason(check(last, 2)), Unusable::ExceedsAddresses);
    assert_eq!(reason(check(1 << 48, 1)), Unusable::Base);
    assert_eq!(reason(check((1 << 48) - ARENA, 2)), Unusable::End);
    let misrounded = check(ARENA + 4096, 1);
    assert!(matches!(misrounded, Err(GrowError::Misrounded { .. })));
}

#[test]
fn race_mode_fails_instead_of_leaving_its_window() {
    let (base, bytes) = (0xc0_0000_0000, 0x20_0000_0000);
    let os = Simulated::new(47).with_taken(Addr::new(base), ByteCount::new(bytes));
    let config = SparseConfig::with_hints(HintPolicy::Race);
    let space = Sparse::<_, UnixAmd64>::for_platform(&os, config).expect("a layout");
    assert_eq!(refusal(&space), GrowError::RaceCollisions);
    let events = os.take_events();
    let asked = events
        .iter()
        .filter(|event| event.call == Call::Reserve && event.addr != Addr::NULL);
    assert_eq!(asked.count(), 64, "each of the 32 addresses twice");
    let os = Simulated::new(47);
    let space = Sparse::<_, UnixAmd64>::for_platform(&os, config).expect("a layout");
    let growth = space.grow(PageCount::new(1)).expect("a page");
    assert_eq!(growth.base.addr().get(), base);
}

#[test]
fn strict_overcommit_is_charged_by_the_step_and_an_exact_fit_succeeds() {
    let limit = ByteCount::mib(32 + 1 + 6);
    let os = Simulated::new(47).with_commit_limit(limit);
    let space = on_48_bits(&os);
    let first = space.grow(PageCount::new(1)).expect("4 MiB");
    assert_eq!(first.pages, PageCount::new(512));
    let second = space
        .grow(PageCount::new(100))
        .expect("less than a step is left");
    assert_eq!(second.pages, PageCount::new(100));
    assert_eq!(
        second.base.addr().get(),
        first.base.addr().get() + (4 << 20)
    );
    let refused = space.grow(PageCount::new(1000));
    assert!(
        matches!(refused, Err(GrowError::OutOfMemory(_))),
        "{refused:?}"
    );
    space.grow(PageCount::new(1)).expect("one page is left");
    assert!(space.memory().usage().total() <= limit);
}

#[test]
fn a_limit_on_mapped_memory_holds_for_growth() {
    let os = Simulated::new(47);
    let space = on_48_bits(&os);
    let used = space.memory().usage().total().get();
    space
        .memory()
        .set_limit(Some(ByteCount::new(used + (2 << 20))));
    space
        .grow(PageCount::new(100))
        .expect("100 pages and metadata fit");
    assert_eq!(
        space.memory().usage().of(Category::Heap),
        ByteCount::new(100 * 8192)
    );
    let GrowError::OutOfMemory(error) = refusal_of(&space, 400) else {
        panic!("the pages are what does not fit");
    };
    assert_eq!(error.reason, Reason::OutOfMemory);
}

fn refusal_of(space: &impl AddressSpace, pages: usize) -> GrowError {
    space.grow(PageCount::new(pages)).expect_err("no pages")
}

#[test]
fn a_window_platform_needs_a_window_that_fits() {
    let os = Simulated::new(47);
    let config = SparseConfig::default();
    let refused = Sparse::<_, Window>::for_platform(&os, config);
    assert_eq!(refused.err(), Some(LayoutError::NoWindow));
    for (base, bytes) in [(ARENA + 4096, ARENA), (ARENA, 1 << 40)] {
        let (base, bytes) = (Addr::new(base), ByteCount::new(bytes));
        let refused = Sparse::<_, Window>::for_platform(Windowed(base, bytes), config);
        assert_eq!(refused.err(), Some(LayoutError::BadWindow { base, bytes }));
    }
}

/// A system that only has a window.
#[derive(Debug)]
struct Windowed(Addr, ByteCount);

// SAFETY: it never returns any memory.
unsafe impl Os for Windowed {
    const PROTECTS: bool = false;

    fn page_size(&self) -> usize {
        4096
    }

    fn window(&self) -> Option<(Addr, ByteCount)> {
        Some((self.0, self.1))
    }

    fn alloc(&self, _bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        Err(Reason::OutOfMemory)
    }

    fn reserve(&self, _hint: Option<Addr>, _bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        Err(Reason::OutOfMemory)
    }

    unsafe fn map(&self, _at: NonNull<u8>, _bytes: ByteCount) -> Result<(), Reason> {
        Err(Reason::Unsupported)
    }

    unsafe fn used(&self, _at: NonNull<u8>, _bytes: ByteCount) -> Result<(), Reason> {
        Err(Reason::Unsupported)
    }

    unsafe fn unused(&self, _at: NonNull<u8>, _bytes: ByteCount) -> Result<(), Reason> {
        Err(Reason::Unsupported)
    }

    unsafe fn fault(&self, _at: NonNull<u8>, _bytes: ByteCount) -> Result<(), Reason> {
        Err(Reason::Unsupported)
    }

    unsafe fn free(&self, _at: NonNull<u8>, _bytes: ByteCount) -> Result<(), Reason> {
        Err(Reason::Unsupported)
    }
}
