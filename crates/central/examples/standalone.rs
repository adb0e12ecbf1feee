//! The exchange alone, over a heap of its own: two threads trade slots without a lock per slot.
//!
//! `cargo run -p gomalloc-central --example standalone`
#![expect(clippy::print_stdout, reason = "an example shows what it found")]
use arena::{Sparse, SparseConfig, System};
use central::{Central, Exchange};
use core::error::Error;
use gomalloc_central as central;
use heap::{Heap, HeapConfig};
use sizeclass::{Scan, SpanClass, Table};
use std::sync::mpsc;
use std::thread;

/// A batch on its way from one thread to the other.
struct Batch(Vec<*mut u8>);

// SAFETY: a slot may be used and freed by any thread that owns it.
unsafe impl Send for Batch {}

fn main() -> Result<(), Box<dyn Error>> {
    let space = Sparse::new(System::new(), SparseConfig::default())?;
    let central = Central::new(Heap::new(space, HeapConfig::default())?);
    let class = Table::DEFAULT.class_of(64).ok_or("64 is a small size")?;
    let class = SpanClass::new(class, Scan::No);

    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        let central = &central;
        scope.spawn(move || {
            for _ in 0..1000 {
                let mut slots = vec![core::ptr::null_mut(); 100];
                let count = central.refill(class, &mut slots);
                slots.truncate(count);
                sender.send(Batch(slots)).expect("the other thread listens");
            }
        });
        scope.spawn(move || {
            for Batch(mut slots) in receiver {
                // SAFETY: the batch came from `refill` of this exchange and class, once.
                unsafe { central.flush(class, &mut slots) }.expect("the slots are live");
            }
        });
    });
    println!("after 100,000 slots: {:?}", central.stats(class));
    println!("spans given back: {}", central.release_kept());
    println!("now: {:?}", central.stats(class));
    Ok(())
}
