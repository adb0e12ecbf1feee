//! The facade as a program sees it: installed as the global allocator of this very test binary.
//!
//! Everything that the test harness itself allocates goes through it, too.
mod blocks;
#[cfg(target_os = "linux")]
mod busy;
mod child;
#[cfg(target_os = "linux")]
mod crowd;
#[cfg(target_os = "linux")]
mod early_late;
#[cfg(target_os = "linux")]
mod exec;
#[cfg(target_os = "linux")]
mod exits;
#[cfg(target_os = "linux")]
mod fork;
mod misuse;
#[cfg(target_os = "linux")]
mod pthread;
mod settings;
mod shadow;
#[cfg(target_os = "linux")]
mod signals;
mod stats;
mod threads;

#[global_allocator]
static ALLOCATOR: gomalloc::GoMalloc = gomalloc::GoMalloc::new();

/// Resident bytes of this process by the kernel's figures; 0 where there is no such file.
fn resident_bytes() -> usize {
    let Ok(statm) = std::fs::read_to_string("/proc/self/statm") else {
        return 0;
    };
    let pages: usize = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .unwrap_or(0);
    pages * 4096
}

/// The low byte: what a block of that size, number or place is filled with.
fn low(number: usize) -> u8 {
    number.to_le_bytes()[0]
}
