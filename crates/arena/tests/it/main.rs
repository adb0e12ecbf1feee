//! The crate as a process sees it: under limits of the system, in children of this binary.
//!
//! A child is this binary again, told by an environment variable which part to play, so that a
//! limit set on it does not hit the other tests.
#![cfg(all(target_os = "linux", target_pointer_width = "64", not(miri)))]

use gomalloc_arena::{
    Addr, AddressSpace, Contiguous, ContiguousConfig, PAGE_BYTES, PageCount, Sparse, SparseConfig,
    Unix,
};
use std::process::Command;

/// Which part a child plays.
const PART: &str = "GOMALLOC_ARENA_PART";

/// Runs this test again in a child under `ulimit` arguments; true in the child itself.
fn in_child(test: &str, limit: &str) -> bool {
    if std::env::var(PART).as_deref() == Ok(test) {
        return true;
    }
    let binary = std::env::current_exe().expect("a test has a file");
    let script = format!("ulimit {limit} && exec \"$0\" --exact {test} --test-threads 1");
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(binary)
        .env(PART, test)
        .output()
        .expect("a shell");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    false
}

/// Grows by 500 MiB in pieces, and writes to every heap page.
#[expect(unsafe_code, reason = "touches what was grown")]
fn serve_500_mib(space: &impl AddressSpace) {
    let mut served = 0;
    while served < 500 << 20 {
        let growth = space.grow(PageCount::new(800)).expect("500 MiB fit");
        for page in 0..growth.pages.get() {
            // SAFETY: inside the growth.
            let at = unsafe { growth.base.add(page * PAGE_BYTES) };
            // SAFETY: as above.
            unsafe { at.write(1) };
        }
        assert!(space.entry(Addr::of(growth.base.as_ptr())).is_some());
        served += growth.pages.get() * PAGE_BYTES;
    }
}

/// 1 GiB of address space, in KiB.
const ONE_GIB: &str = "-v 1048576";

#[test]
fn the_sparse_layout_serves_500_mib_of_1_gib() {
    if in_child("the_sparse_layout_serves_500_mib_of_1_gib", ONE_GIB) {
        let space = Sparse::new(Unix::new(), SparseConfig::default()).expect("a layout");
        serve_500_mib(&space);
    }
}

#[test]
fn the_contiguous_layout_probes_and_serves_500_mib_of_1_gib() {
    if in_child(
        "the_contiguous_layout_probes_and_serves_500_mib_of_1_gib",
        ONE_GIB,
    ) {
        let config = ContiguousConfig::default();
        let space = Contiguous::new(Unix::new(), config).expect("a layout");
        assert!(!space.regions().is_reserved);
        serve_500_mib(&space);
    }
}

#[test]
fn a_limit_that_is_reached_is_an_error_and_nothing_is_lost() {
    if in_child(
        "a_limit_that_is_reached_is_an_error_and_nothing_is_lost",
        ONE_GIB,
    ) {
        let space = Sparse::new(Unix::new(), SparseConfig::default()).expect("a layout");
        let mut grown = 0;
        while let Ok(growth) = space.grow(PageCount::new(8192)) {
            grown += growth.pages.get() * PAGE_BYTES;
        }
        assert!(grown >= 700 << 20, "{grown} of 1 GiB");
        let after = space.memory().usage();
        assert!(space.grow(PageCount::new(8192)).is_err());
        assert_eq!(
            space.memory().usage(),
            after,
            "a refusal changes no account"
        );
        drop(space);
        let again = Sparse::new(Unix::new(), SparseConfig::default()).expect("it all went back");
        assert!(again.grow(PageCount::new(8192)).is_ok());
    }
}

#[test]
fn both_layouts_start_at_the_published_addresses() {
    if in_child("both_layouts_start_at_the_published_addresses", "-c 0") {
        let arm = cfg!(target_arch = "aarch64");
        let base = if arm { 0x40_0000_0000 } else { 0xc0_0000_0000 };
        let space = Sparse::new(Unix::new(), SparseConfig::default()).expect("a layout");
        let growth = space.grow(PageCount::new(1)).expect("a page");
        assert_eq!(growth.base.addr().get(), base);
        drop(space);
        let config = ContiguousConfig::default();
        let space = Contiguous::new(Unix::new(), config).expect("a layout");
        let growth = space.grow(PageCount::new(1)).expect("a page");
        assert_eq!(growth.base.addr().get(), base + (16 << 30) + (512 << 20));
    }
}
