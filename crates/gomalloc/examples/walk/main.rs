//! The walk of `docs/ALLOCATION-WALK.md`: what each layer does for one block of each kind.
//!
//! `cargo run -p gomalloc --example walk`
//!
//! The layers are put together as the facade does it, over an operating system that writes down what
//! it is asked for. The process's own allocator is another one, so the addresses are the first that
//! a fresh process gets.
#![expect(clippy::print_stdout, reason = "an example shows what it found")]
mod recorder;
mod steps;
mod text;

use gomalloc::arena::{Native, System};
use recorder::Recorder;

fn main() {
    print!(
        "{}",
        steps::walk::<_, Native>(&Recorder::new(System::new()))
    );
}
