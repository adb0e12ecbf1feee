//! Loops for counting instructions: `instructions WHAT N` runs N rounds of one small loop.
//!
//! Counted by callgrind from outside (`.ci/instructions.sh`), as the difference between two numbers
//! of rounds, so that start-up falls out, and less the empty loop, so that the loop itself does too.
//! What is left is a pair of allocate and free with everything between the call and the memory.
#![deny(unsafe_code)]
#![allow(clippy::std_instead_of_core, reason = "an ordinary program")]
#![expect(clippy::print_stderr, reason = "errors go where errors go")]

mod pairs {
    //! The loops.
    #![expect(
        unsafe_code,
        reason = "calls allocators as a compiler and a C program do"
    )]

    use core::hint::black_box;
    use std::alloc::{Layout, alloc, dealloc};

    /// The loop without anything in it but what keeps it from being removed.
    pub(super) fn empty(rounds: u64) {
        for _ in 0..rounds {
            black_box(black_box(64_usize));
        }
    }

    /// A pair through the global allocator, with a layout that the compiler knows.
    pub(super) fn fixed(rounds: u64) {
        for _ in 0..rounds {
            // What a `Box` of eight words does.
            black_box(Box::new(core::mem::MaybeUninit::<[u64; 8]>::uninit()));
        }
    }

    /// A pair through the global allocator, with a size that is known at run time only.
    pub(super) fn layout(rounds: u64) {
        for _ in 0..rounds {
            let size = black_box(64_usize);
            // SAFETY: 64 and 8 are a layout.
            let layout = unsafe { Layout::from_size_align_unchecked(size, 8) };
            // SAFETY: the size is not zero.
            let block = black_box(unsafe { alloc(layout) });
            // SAFETY: the block has just been allocated with this layout.
            unsafe { dealloc(block, layout) };
        }
    }

    /// A pair through whatever `malloc` and `free` this process has.
    pub(super) fn c(rounds: u64) {
        for _ in 0..rounds {
            // SAFETY: `malloc` takes any size.
            let block = black_box(unsafe { libc::malloc(black_box(64)) });
            // SAFETY: the block has just been allocated.
            unsafe { libc::free(block) };
        }
    }
}

#[global_allocator]
static GLOBAL: gomalloc::GoMalloc = gomalloc::GoMalloc::new();

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let rounds = arguments.get(2).and_then(|number| number.parse().ok());
    let what = arguments.get(1).map_or("", String::as_str);
    match (what, rounds) {
        ("empty", Some(rounds)) => pairs::empty(rounds),
        ("fixed", Some(rounds)) => pairs::fixed(rounds),
        ("layout", Some(rounds)) => pairs::layout(rounds),
        ("c", Some(rounds)) => pairs::c(rounds),
        _ => {
            eprintln!("usage: instructions empty|fixed|layout|c ROUNDS");
            return std::process::ExitCode::from(2);
        }
    }
    std::process::ExitCode::SUCCESS
}
