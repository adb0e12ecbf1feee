//! Reserve, grow, look up and release address space, with this crate alone.
//!
//! `cargo run -p gomalloc-arena --example standalone`
#![expect(clippy::print_stdout, reason = "shows what happens")]
#![expect(unsafe_code, reason = "touches the pages that it grew")]

use core::error::Error;
use core::sync::atomic::Ordering;
use gomalloc_arena::{
    Addr, AddressSpace, Category, Contiguous, ContiguousConfig, PAGE_BYTES, PageCount, Sparse,
    SparseConfig, System,
};

fn main() -> Result<(), Box<dyn Error>> {
    show(
        "sparse",
        &Sparse::new(System::new(), SparseConfig::default())?,
    )?;
    show(
        "contiguous",
        &Contiguous::new(System::new(), ContiguousConfig::default())?,
    )?;
    // Dropping a layout has unmapped whatever it held.
    Ok(())
}

/// What one's own heap would do with a layout, whichever it is.
fn show(name: &str, space: &impl AddressSpace) -> Result<(), Box<dyn Error>> {
    // Three pages; the layout gives a whole step.
    let growth = space.grow(PageCount::new(3))?;
    println!("{name}: {} pages at {:p}", growth.pages.get(), growth.base);

    // Fresh pages are zero, and may be used as they are.
    // SAFETY: the page belongs to us, and nothing refers to it.
    unsafe { growth.base.cast::<u64>().write(42) };

    // Say whose pages they are: here, those of a span header on our stack, with a tag of our own.
    let header = String::from("a span of three pages");
    let first = Addr::of(growth.base.as_ptr());
    let span = (&raw const header).cast_mut().cast();
    // SAFETY: the pages were grown above.
    unsafe { space.set_entries(first, PageCount::new(3), span, 7) };

    // From any address of theirs, without a lock.
    let inside = Addr::new(first.get() + 2 * PAGE_BYTES + 100);
    let entry = space.entry(inside).ok_or("a page of ours")?;
    let found = entry.span.load(Ordering::Acquire).cast::<String>();
    // SAFETY: the entry is the one that was set above, and the header is still there.
    let found = unsafe { &*found };
    println!("  {inside} belongs to {found:?}, tag {}", space.tag(inside));
    println!("  address 16 has tag {}", space.tag(Addr::new(16)));

    let usage = space.memory().usage();
    println!(
        "  heap {} KiB, metadata {} KiB, reserved {} KiB",
        usage.of(Category::Heap).get() >> 10,
        (usage.total().get() - usage.of(Category::Heap).get()) >> 10,
        usage.reserved.get() >> 10,
    );
    Ok(())
}
