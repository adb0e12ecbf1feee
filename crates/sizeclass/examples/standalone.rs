//! Size classes on their own: the slot of a request, the slot of an address, a table of one's own.

use core::alloc::Layout;
use std::io::{self, Write};

use gomalloc_sizeclass::Table;
use gomalloc_sizeclass::derive::Params;

/// For objects of up to 2 KiB: fewer classes, so that fewer spans are half empty. Derived at
/// compile time.
static FEW: Table = match Table::derive(&Params {
    max_size: 2048,
    step_divisor: 4,
    ..Params::GO_1_16
}) {
    Ok(table) => table,
    Err(_) => panic!("no table has these parameters"),
};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let go = Table::DEFAULT;

    // The smallest class that holds a layout, its alignment included; none for large objects.
    let line = Layout::new::<[u8; 100]>()
        .align_to(64)
        .expect("64 is a power of two");
    for layout in [Layout::new::<[u16; 12]>(), Layout::new::<[u64; 6]>(), line] {
        let class = go.class_for(layout.size(), layout.align());
        let bytes = class.map(|class| go.slot_bytes(class));
        writeln!(out, "{layout:?} gets {bytes:?} bytes")?;
    }

    // From an address in a span of 48-byte slots back to the slot, without a division.
    let class = go.class_of(48).expect("48 is at most 32768");
    let slots = go.slots(class);
    let slot = go.slot_index(class, 0xc000_0157 - 0xc000_0000);
    writeln!(out, "0xc0000157 is in slot {slot} of {slots} of its span")?;

    // Every class of the table of one's own, with what it wastes at worst.
    write!(out, "{FEW}")
}
