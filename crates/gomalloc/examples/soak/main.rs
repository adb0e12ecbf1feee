//! Mixed work on every path of the allocator for a given time, each block with a pattern of its own
//! that is looked at when the block is resized, freed, or handed to another thread.
//!
//! `cargo run --release -p gomalloc --example soak -- --seconds 60 --threads 4 --seed 1`
//!
//! Ends with 0 and one line of figures; with 1 at the first block that does not hold what was written
//! to it, or if more memory is resident at the end than the spans in use, caches and records need.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that says how it goes"
)]
mod options;
#[path = "../../tests/it/shadow.rs"]
mod shadow;
mod work;

use core::sync::atomic::Ordering;
use core::time::Duration;
use options::Options;
use shadow::Random;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use work::{Shared, Worker};

#[global_allocator]
static ALLOCATOR: gomalloc::GoMalloc = gomalloc::GoMalloc::new();

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("soak: {problem}\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    // A block that was torn ends the whole run, whichever thread finds it.
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::exit(1);
    }));
    let own = Own {
        resident: resident_bytes() as u64,
        records: gomalloc::stats().metadata_bytes,
    };
    let shared = Arc::new(Shared::new(options.threads));
    let begin = Instant::now();
    let workers: Vec<_> = (0..options.threads)
        .map(|index| {
            let mut worker = Worker::new(Arc::clone(&shared), index, options.seed);
            std::thread::spawn(move || {
                while !worker.shared.is_over.load(Ordering::Relaxed) {
                    worker.step();
                }
                worker.settle()
            })
        })
        .collect();
    supervise(&shared, &options, begin);
    shared.is_over.store(true, Ordering::Relaxed);
    let live: Vec<_> = workers
        .into_iter()
        .map(|worker| worker.join().unwrap())
        .collect();
    let verdict = finish(&shared, &options, begin, &own);
    // Every block is looked at once more.
    drop(live);
    shared.empty_mailboxes();
    verdict
}

/// What the program had before it began to work.
struct Own {
    /// Bytes in memory.
    resident: u64,
    /// Bytes of the allocator's records: most of these are a table of arenas that stays untouched.
    records: u64,
}

/// Says every few seconds how it goes; sets limits, takes them back, and gives memory back.
fn supervise(shared: &Shared, options: &Options, begin: Instant) {
    let mut random = Random::new(options.seed ^ 0x5afe);
    let mut next = Duration::from_secs(5);
    while begin.elapsed().as_secs() < options.seconds {
        std::thread::sleep(Duration::from_millis(50));
        match random.below(8) {
            0 => limit_for_a_while(shared, &mut random),
            1 => drop(gomalloc::release_memory()),
            _ => {}
        }
        if begin.elapsed() >= next {
            next += Duration::from_secs(5);
            let counts = shared.counts();
            eprintln!(
                "{:4} s: {} blocks, {} refused, {} resized, {} handed over, {} MB resident",
                begin.elapsed().as_secs(),
                counts.blocks,
                counts.refused,
                counts.resized,
                counts.handed,
                resident_bytes() >> 20
            );
        }
    }
}

/// A limit just above or below what is in use: requests are refused, or memory goes back early. Nobody
/// starts a thread meanwhile, since std ends the process when a thread finds no memory.
fn limit_for_a_while(shared: &Shared, random: &mut Random) {
    let _nobody_starts_threads = shared.starting.lock().unwrap();
    let stats = gomalloc::stats();
    let used = usize::try_from(stats.mapped_bytes + stats.metadata_bytes).unwrap();
    let around = used - used / 8 + random.below(used / 4);
    if random.below(2) == 0 {
        gomalloc::set_hard_limit(Some(around));
    } else {
        gomalloc::set_soft_limit(Some(around));
    }
    shared.is_limited.store(true, Ordering::Relaxed);
    std::thread::sleep(Duration::from_millis(20));
    shared.is_limited.store(false, Ordering::Relaxed);
    gomalloc::set_hard_limit(None);
    gomalloc::set_soft_limit(None);
}

/// The last line, and whether the memory that is resident is accounted for.
fn finish(shared: &Shared, options: &Options, begin: Instant, own: &Own) -> ExitCode {
    gomalloc::release_memory();
    let stats = gomalloc::stats();
    let resident = (resident_bytes() as u64).saturating_sub(own.resident);
    // After the release every run that is free has gone back: the rest is spans and large blocks.
    let in_use = stats.mapped_bytes - stats.released_bytes;
    let records = stats.metadata_bytes - own.records;
    let expected = in_use + records;
    let counts = shared.counts();
    println!(
        "soak: {} s, {} threads, seed {}: {} blocks, {} refused, {} resized, {} handed over, \
         {} threads died, no mismatch; {} live, {} in spans in use, {} in records, {} resident (KB)",
        begin.elapsed().as_secs(),
        options.threads,
        options.seed,
        counts.blocks,
        counts.refused,
        counts.resized,
        counts.handed,
        counts.died,
        stats.live_bytes >> 10,
        in_use >> 10,
        records >> 10,
        resident >> 10
    );
    if resident * 10 > expected * 11 {
        eprintln!("soak: {resident} bytes are resident, more than 1.10 x {expected}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// 0 where the system does not tell.
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1);
    pages.and_then(|pages| pages.parse().ok()).unwrap_or(0) * 4096
}
