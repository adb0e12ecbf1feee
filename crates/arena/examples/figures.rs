//! What both layouts cost, side by side in one run: lookup, growth, start-up.
//!
//! `cargo run --release -p gomalloc-arena --example figures`
//!
//! Each figure is the median of rounds in which the candidates take turns. A lookup goes from a
//! random address of 1 GiB to its page's tag; a plain array that is indexed by the page number
//! stands beside it.
#![expect(clippy::print_stdout, reason = "prints its figures")]
#![expect(unsafe_code, reason = "sets entries of the pages that it grew")]

use core::hint::black_box;
use core::ptr;
use gomalloc_arena::{
    Addr, AddressSpace, ByteCount, Contiguous, ContiguousConfig, PAGE_BYTES, PAGE_SHIFT, PageCount,
    Sparse, SparseConfig, Unix,
};
use std::time::Instant;

const GIB: usize = 1 << 30;
const ROUNDS: usize = 31;
const LOOKUPS: usize = 1 << 16;

fn main() {
    lookups();
    growth();
    start();
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn nanoseconds(since: Instant, operations: usize) -> f64 {
    since.elapsed().as_secs_f64() * 1e9 / operations as f64
}

fn sparse(step: usize) -> Sparse<Unix> {
    let mut config = SparseConfig::default();
    config.step = ByteCount::new(step);
    Sparse::new(Unix::new(), config).expect("a layout")
}

fn contiguous(step: usize) -> Contiguous<Unix> {
    let mut config = ContiguousConfig::default();
    config.step = ByteCount::new(step);
    Contiguous::new(Unix::new(), config).expect("a layout")
}

/// A GiB whose pages have tags, and its first address.
fn tagged(space: &impl AddressSpace) -> usize {
    let growth = space.grow(PageCount::new(GIB / PAGE_BYTES)).expect("a GiB");
    let base = growth.base.addr().get();
    for page in 0..GIB / PAGE_BYTES {
        let tag = u8::try_from(page % 67).expect("small");
        let first = Addr::new(base + page * PAGE_BYTES);
        // SAFETY: the page was grown above.
        unsafe { space.set_entries(first, PageCount::new(1), ptr::null_mut(), tag) };
    }
    base
}

/// Time of one lookup by `look`, over random offsets.
fn time(offsets: &[usize], base: usize, look: impl Fn(Addr) -> u8) -> f64 {
    let start = Instant::now();
    let mut sum = 0_usize;
    for offset in offsets {
        sum += usize::from(look(Addr::new(base + offset)));
    }
    black_box(sum);
    nanoseconds(start, offsets.len())
}

fn lookups() {
    let (one, other) = (sparse(4 << 20), contiguous(4 << 20));
    let (first, second) = (tagged(&one), tagged(&other));
    let array: Vec<u8> = (0..GIB / PAGE_BYTES)
        .map(|page| u8::try_from(page % 67).expect("small"))
        .collect();
    let mut state = 1_usize;
    let offsets: Vec<usize> = (0..LOOKUPS)
        .map(|_| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (state >> 20) % GIB
        })
        .collect();
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let plain = |addr: Addr| array[(addr.get() - first) >> PAGE_SHIFT];
        times[0].push(time(&offsets, first, plain));
        times[1].push(time(&offsets, first, |addr| one.tag(addr)));
        times[2].push(time(&offsets, second, |addr| other.tag(addr)));
    }
    let [plain, one, other] = times.map(median);
    println!("lookup of a tag, ns: array {plain:.2}, sparse {one:.2}, contiguous {other:.2}");
}

fn growth() {
    const STEP: usize = 64 << 10;
    let mut times = [Vec::new(), Vec::new()];
    let grow = |space: &dyn Fn(PageCount) -> bool| {
        let start = Instant::now();
        for _ in 0..GIB / STEP {
            assert!(space(PageCount::new(STEP / PAGE_BYTES)));
        }
        nanoseconds(start, GIB / STEP)
    };
    for _ in 0..5 {
        let space = sparse(STEP);
        times[0].push(grow(&|pages| space.grow(pages).is_ok()));
        let space = contiguous(STEP);
        times[1].push(grow(&|pages| space.grow(pages).is_ok()));
    }
    let [one, other] = times.map(median);
    println!("growth by 64 KiB, ns: sparse {one:.0}, contiguous {other:.0}");
}

fn start() {
    let mut times = [Vec::new(), Vec::new()];
    let mut usages = [ByteCount::ZERO; 4];
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let space = sparse(4 << 20);
        space.grow(PageCount::new(1)).expect("a page");
        times[0].push(nanoseconds(start, 1));
        let usage = space.memory().usage();
        (usages[0], usages[1]) = (usage.total(), usage.reserved);
        drop(space);
        let start = Instant::now();
        let space = contiguous(4 << 20);
        space.grow(PageCount::new(1)).expect("a page");
        times[1].push(nanoseconds(start, 1));
        let usage = space.memory().usage();
        (usages[2], usages[3]) = (usage.total(), usage.reserved);
    }
    let [one, other] = times.map(median);
    println!("start and first growth, ns: sparse {one:.0}, contiguous {other:.0}");
    let [mapped, reserved, other_mapped, other_reserved] = usages.map(|bytes| bytes.get() >> 10);
    println!(
        "then mapped and reserved, KiB: sparse {mapped} and {reserved}, contiguous {other_mapped} \
         and {other_reserved}"
    );
}
