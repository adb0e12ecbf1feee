//! `gomalloc bench -- PROGRAM`: a program on the system's allocator, on ours and on others, side by side.
//!
//! Rounds alternate: in each the program runs once on every allocator, and the one that begins moves on by one,
//! so that what drifts (clocks, caches, neighbours on the machine) hits all alike. Compared are the pairs of a
//! round; medians and their intervals make no assumption about how times are distributed.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::Stdio;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::BenchArguments;
use crate::error::Failure;
use crate::library::Library;
use crate::output;
use crate::program::Program;
use crate::record::{DIR_VARIABLE, UNLINK_VARIABLE};

mod measure;
mod summary;

use measure::Measured;
use summary::Summary;

/// An allocator that takes part.
#[derive(Debug)]
struct Contender {
    name: String,
    /// None: what the program has without us.
    library: Option<Library>,
    measured: Vec<Measured>,
}

/// Runs all rounds and prints the comparison.
pub(crate) fn bench(arguments: &BenchArguments) -> Result<(), Failure> {
    let (name, rest) = arguments.program.split("bench")?;
    let program = Program::find(name)?;
    let mut contenders = contenders(arguments)?;
    for library in contenders
        .iter()
        .filter_map(|contender| contender.library.as_ref())
    {
        program.check(library)?;
    }
    if program.has_own_malloc() {
        return Err(Failure::cannot_run(
            Path::new(name),
            "it exports its own malloc: no library would have an effect",
        ));
    }
    run(arguments, &program, rest, &mut contenders)?;
    let summary = Summary::new(arguments.program.line(), arguments.rounds, &contenders);
    if arguments.json {
        return output::print_json(&summary);
    }
    output::print(summary.to_string().as_bytes())
}

fn contenders(arguments: &BenchArguments) -> Result<Vec<Contender>, Failure> {
    let new = |name: &str, library| Contender {
        name: name.to_owned(),
        library,
        measured: Vec::new(),
    };
    let ours = Library::find(arguments.library.library.as_deref())?;
    let mut contenders = vec![new("system", None), new("gomalloc", Some(ours))];
    for with in &arguments.with {
        let library = Library::open(&with.path)?;
        if contenders
            .iter()
            .any(|contender| contender.name == with.name)
        {
            return Err(Failure::usage(format!(
                "two allocators are called {}: --with NAME=FILE",
                with.name
            )));
        }
        contenders.push(new(&with.name, Some(library)));
    }
    Ok(contenders)
}

fn run(
    arguments: &BenchArguments,
    program: &Program,
    rest: &[OsString],
    contenders: &mut [Contender],
) -> Result<(), Failure> {
    let count = contenders.len();
    let rounds = arguments.warmup + arguments.rounds;
    let progress = progress(rounds * count);
    for round in 0..rounds {
        for place in 0..count {
            let contender = &mut contenders[(round + place) % count];
            let shown = if round < arguments.warmup {
                "warm-up"
            } else {
                "measured"
            };
            progress.set_message(format!("{}, {shown}", contender.name));
            let measured = once(arguments, program, rest, contender)?;
            if round >= arguments.warmup {
                contender.measured.push(measured);
            }
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    Ok(())
}

/// A bar on standard error where that is a terminal; nothing elsewhere.
fn progress(runs: usize) -> ProgressBar {
    let target = if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(runs as u64), target);
    // A template that is wrong leaves the default bar.
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {eta} left  {msg}") {
        bar.set_style(style);
    }
    bar
}

fn once(
    arguments: &BenchArguments,
    program: &Program,
    rest: &[OsString],
    contender: &Contender,
) -> Result<Measured, Failure> {
    let mut command = program.command(rest);
    command.stdin(Stdio::null());
    if !arguments.show_output {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    }
    // Nobody reads figures here; keeping them would be charged to us alone.
    command.env_remove(DIR_VARIABLE).env_remove(UNLINK_VARIABLE);
    if let Some(library) = &contender.library {
        command.env(
            "LD_PRELOAD",
            library.preload(env::var_os("LD_PRELOAD").as_deref()),
        );
    }
    let name = program.name();
    let (measured, status) =
        measure::run(&mut command).map_err(|error| Failure::cannot_run(Path::new(&name), error))?;
    if !status.success() && !arguments.ignore_failure {
        return Err(Failure::other(format!(
            "{name}: {status} on {} (--ignore-failure goes on, --show-output shows why)",
            contender.name
        )));
    }
    Ok(measured)
}
