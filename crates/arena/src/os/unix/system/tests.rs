//! What the kernel says, and what moving pages does.
#![expect(unsafe_code, reason = "maps and moves pages")]
use super::{huge_page_size, name, page_size};
use crate::testing::peek;
use crate::{Advice, ByteCount, Category, Memory, Os, Reason, Unix};

#[cfg(target_os = "linux")]
#[test]
fn sizes_are_read_with_suspicion() {
    use super::imp::parse_size;
    assert_eq!(parse_size(b"2097152\n"), 2 << 20);
    assert_eq!(parse_size(b"2097152"), 2 << 20);
    for nonsense in [
        &b""[..],
        b"\n",
        b"-1\n",
        b"3000\n",
        b"2M\n",
        b"99999999999999999999999\n",
    ] {
        assert_eq!(parse_size(nonsense), 0, "{nonsense:?}");
    }
    assert!(page_size().is_power_of_two());
    let huge = huge_page_size();
    assert!(huge == 0 || huge > page_size());
}

#[cfg(target_os = "linux")]
#[test]
fn the_break_is_above_the_program() {
    let brk = super::program_break().expect("Linux has one");
    assert_ne!(brk.get(), 0);
}

#[test]
fn pages_move_and_the_old_range_stays_ours() {
    let os = Unix::new();
    let bytes = ByteCount::new(4 * os.page_size());
    let (from, to) = (
        os.alloc(bytes).expect("pages"),
        os.alloc(bytes).expect("pages"),
    );
    // SAFETY: mapped above.
    unsafe { from.write_bytes(7, bytes.get()) };
    // SAFETY: both are ours, disjoint, and the content of `to` is not needed.
    match unsafe { os.remap(from, to, bytes) } {
        Ok(()) => {
            // SAFETY: mapped.
            assert_eq!(unsafe { peek(to, bytes.get() - 1) }, 7);
            // SAFETY: still mapped; nobody can have taken the addresses.
            unsafe { from.write_bytes(9, bytes.get()) };
        }
        Err(reason) => assert_eq!(reason, Reason::Unsupported),
    }
    for at in [from, to] {
        // SAFETY: ours.
        unsafe { os.free(at, bytes) }.expect("unmapped");
    }
}

#[test]
fn wishes_are_rounded_inward_and_never_fail() {
    let memory = Memory::new(Unix::new()).expect("a usable page size");
    let bytes = ByteCount::mib(8);
    let at = memory.alloc(bytes, Category::Other).expect("8 MiB");
    // SAFETY: allocated above.
    unsafe { at.write(7) };
    for advice in [Advice::HugePages, Advice::Collapse, Advice::NoHugePages] {
        // SAFETY: ours.
        unsafe { memory.advise(at, bytes, advice) }.expect("only a wish");
        // SAFETY: mapped.
        assert_eq!(unsafe { peek(at, 0) }, 7, "{advice:?} keeps the content");
    }
    // SAFETY: ours; refused before the system hears of it.
    let odd = unsafe { memory.advise(at, ByteCount::new(100), Advice::Collapse) };
    assert_eq!(odd.expect_err("no page").reason, Reason::Unaligned);
    // SAFETY: ours; there is no huge page inside.
    unsafe { memory.advise(at, ByteCount::new(100), Advice::HugePages) }.expect("nothing to do");
    // SAFETY: allocated above.
    unsafe { memory.free(at, bytes, Category::Other) }.expect("unmapped");
}

#[test]
fn a_named_mapping_works_like_any_other() {
    let memory = Memory::new(Unix::new().with_names()).expect("a usable page size");
    let bytes = ByteCount::kib(64);
    let at = memory.alloc(bytes, Category::Span).expect("memory");
    // SAFETY: allocated above.
    unsafe { at.write(7) };
    // Kernels without names (this is about one in two) refuse silently.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let names: std::vec::Vec<&str> = maps.lines().filter(|line| line.contains("anon:")).collect();
    assert!(names.is_empty() || names.iter().any(|line| line.contains("gomalloc: spans")));
    name(at, bytes, c"renamed");
    // SAFETY: allocated above.
    unsafe { memory.free(at, bytes, Category::Span) }.expect("unmapped");
}
