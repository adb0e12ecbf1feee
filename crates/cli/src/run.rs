//! `gomalloc run`: a program on the library.
//!
//! Without figures to print, this process becomes the program: nothing stands between it and its caller.
//! With `--stats` it waits, passes signals on, and ends as the program ended.

use core::iter;
use core::time::Duration;
use std::collections::BTreeSet;
use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Instant;

use serde::Serialize;

use crate::args::RunArguments;
use crate::error::Failure;
use crate::library::Library;
use crate::program::Program;
use crate::record::{DIR_VARIABLE, Figures, Snapshot, UNLINK_VARIABLE};
use crate::report::{self, Rows};
use crate::rundir::{self, RunDir, Tag};
use crate::signal;
use crate::units::{Bytes, Count, Time};

/// Runs the program; returns only when figures were asked for, or it could not be run.
pub(crate) fn run(arguments: &RunArguments) -> Result<u8, Failure> {
    let (name, rest) = arguments.program.split("run")?;
    let program = Program::find(name)?;
    let library = Library::find(arguments.library.library.as_deref())?;
    program.check(&library)?;
    let mut command = program.command(rest);
    command.env(
        "LD_PRELOAD",
        library.preload(env::var_os("LD_PRELOAD").as_deref()),
    );
    if arguments.wants_stats() {
        return with_stats(arguments, &program, &mut command);
    }
    if program.has_own_malloc() {
        say(&own_malloc(&program));
    }
    Err(become_program(&program, &mut command))
}

/// Replaces this process. Returns only the failure to do so.
fn become_program(program: &Program, command: &mut Command) -> Failure {
    // Inside a `run --stats`, that one's figures go on; otherwise live figures for `gomalloc stats`. Neither
    // is worth a failure.
    if counting_run().is_none()
        && let Ok(directory) = rundir::live()
    {
        command
            .env(DIR_VARIABLE, directory)
            .env(UNLINK_VARIABLE, "1");
    }
    signal::restore_ignored(command);
    let error = command.exec();
    Failure::cannot_run(Path::new(&program.name()), error)
}

/// The directory of the `run --stats` inside which we were started.
fn counting_run() -> Option<PathBuf> {
    let directory = env::var_os(DIR_VARIABLE).map(PathBuf::from)?;
    (env::var_os(UNLINK_VARIABLE).is_none() && directory.is_dir()).then_some(directory)
}

/// One line on standard error.
fn say(line: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(io::stderr(), "gomalloc: {line}");
}

fn own_malloc(program: &Program) -> String {
    format!(
        "{} exports its own malloc: the library has no effect on it",
        program.name()
    )
}

fn with_stats(
    arguments: &RunArguments,
    program: &Program,
    command: &mut Command,
) -> Result<u8, Failure> {
    let mut output: Box<dyn Write> = match &arguments.output {
        Some(path) => Box::new(
            File::create(path)
                .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?,
        ),
        None => Box::new(io::stderr()),
    };
    let directory = RunDir::create()
        .map_err(|error| Failure::other(format!("no directory for the figures: {error}")))?;
    command
        .env(DIR_VARIABLE, directory.path())
        .env_remove(UNLINK_VARIABLE);
    let outer = counting_run();
    let began = Instant::now();
    let (pid, status) = signal::supervise(command)
        .map_err(|error| Failure::cannot_run(Path::new(&program.name()), error))?;
    let elapsed = began.elapsed();
    let snapshots = directory.snapshots();
    let run = Run::new(program, pid, status, elapsed, &snapshots);
    // The program's status matters more than a table that cannot be written.
    // In one piece: lines of other processes do not get in between.
    let mut text = Vec::new();
    let _ = write(&mut text, arguments, &run, &snapshots).and_then(|()| output.write_all(&text));
    match outer {
        Some(outer) => directory.hand_over(&outer),
        None => drop(directory),
    }
    Ok(signal::end_like(status))
}

/// The whole run: the head of the JSON output.
#[derive(Debug, Serialize)]
struct Run {
    program: String,
    pid: u32,
    exit_status: Option<i32>,
    signal: Option<i32>,
    elapsed_seconds: f64,
    /// Processes that loaded the library.
    process_count: usize,
    /// Programs in them: a process that calls `exec` runs several.
    program_count: usize,
    /// Processes that were running when the program had ended: their figures are of that moment.
    still_running: usize,
    /// Programs that ended by a signal, `_exit` or `exec`: their figures are those of their last refresh.
    cut_short: usize,
    /// The highest peak of one process; the total's is the sum of all.
    largest_peak_bytes: u64,
    /// Why the figures say nothing of the program.
    no_effect: Option<String>,
    total: Figures,
}

impl Run {
    fn new(
        program: &Program,
        pid: u32,
        status: ExitStatus,
        elapsed: Duration,
        snapshots: &[Snapshot],
    ) -> Self {
        let total = Figures::total(snapshots.iter().map(|snapshot| &snapshot.figures));
        let no_effect = if program.has_own_malloc() {
            Some(own_malloc(program))
        } else if snapshots.is_empty() {
            Some(format!(
                "no record appeared: the library had no effect on {}",
                program.name()
            ))
        } else if total.mallocs == 0 && snapshots.iter().all(|snapshot| snapshot.finished) {
            Some(format!(
                "no allocation reached the library: it had no effect on {}",
                program.name()
            ))
        } else {
            None
        };
        let pids: BTreeSet<u32> = snapshots.iter().map(|snapshot| snapshot.pid).collect();
        let unfinished = snapshots
            .iter()
            .enumerate()
            .filter(|(_, snapshot)| !snapshot.finished);
        let (running, cut_short): (Vec<_>, Vec<_>) =
            unfinished.partition(|&(index, _)| is_running(snapshots, index));
        Run {
            program: program.name(),
            pid,
            exit_status: status.code(),
            signal: status.signal(),
            elapsed_seconds: elapsed.as_secs_f64(),
            process_count: pids.len(),
            program_count: snapshots.len(),
            still_running: running.len(),
            cut_short: cut_short.len(),
            largest_peak_bytes: snapshots
                .iter()
                .map(|snapshot| snapshot.figures.peak_bytes)
                .max()
                .unwrap_or(0),
            no_effect,
            total,
        }
    }

    /// `sort: 3 processes in 1.23 s, status 0`.
    fn head(&self) -> String {
        let processes = match self.process_count {
            1 => "1 process".to_owned(),
            count => format!("{} processes", Count(count as u64)),
        };
        let elapsed = Time(Duration::from_secs_f64(self.elapsed_seconds));
        let end = match (self.signal, self.exit_status) {
            (Some(number), _) => match signal_hook::low_level::signal_name(number) {
                Some(name) => format!("ended by {name}"),
                None => format!("ended by signal {number}"),
            },
            (None, status) => format!("status {}", status.unwrap_or(0)),
        };
        format!(
            "gomalloc: {}: {processes} in {elapsed}, {end}",
            self.program
        )
    }
}

fn write(
    to: &mut dyn Write,
    arguments: &RunArguments,
    run: &Run,
    snapshots: &[Snapshot],
) -> io::Result<()> {
    if arguments.json {
        return write_json(to, arguments, run, snapshots);
    }
    if let Some(line) = &run.no_effect {
        writeln!(to, "gomalloc: {line}")?;
        if run.total.mallocs == 0 {
            return Ok(());
        }
    }
    let rows = if arguments.all_classes {
        Rows::All
    } else {
        Rows::Busiest
    };
    if arguments.per_process && snapshots.len() > 1 {
        write_each(to, snapshots, rows)?;
    }
    writeln!(to, "{}", run.head())?;
    report::write_figures(to, &run.total, rows)?;
    for note in notes(run) {
        writeln!(to, "  {note}")?;
    }
    Ok(())
}

/// A table for every program; a fork's child that calls `exec` at once is none of interest.
fn write_each(to: &mut dyn Write, snapshots: &[Snapshot], rows: Rows) -> io::Result<()> {
    let did_nothing =
        |snapshot: &&Snapshot| snapshot.figures.mallocs == 0 && snapshot.figures.frees == 0;
    for snapshot in snapshots.iter().filter(|snapshot| !did_nothing(snapshot)) {
        let state = if snapshot.finished {
            ""
        } else {
            ", as of the last refresh"
        };
        writeln!(
            to,
            "gomalloc: {} (pid {}){state}",
            snapshot.name, snapshot.pid
        )?;
        report::write_figures(to, &snapshot.figures, rows)?;
        writeln!(to)?;
    }
    match snapshots.iter().filter(did_nothing).count() {
        0 => Ok(()),
        count => writeln!(
            to,
            "gomalloc: {} more that neither allocated nor freed\n",
            Count(count as u64)
        ),
    }
}

/// Whether the program of this record goes on: its process is alive and has not become another program.
fn is_running(snapshots: &[Snapshot], index: usize) -> bool {
    let Snapshot {
        pid, started_ns, ..
    } = snapshots[index];
    let replaced = snapshots[index + 1..].iter().any(|later| later.pid == pid);
    !replaced && Tag { pid, started_ns }.is_alive()
}

/// What a reader of the total has to know.
fn notes(run: &Run) -> impl Iterator<Item = String> {
    let peak = (run.program_count > 1).then(|| {
        let largest = Bytes(run.largest_peak_bytes);
        format!(
            "the peak is the sum of {} peaks, the largest {largest}",
            Count(run.program_count as u64)
        )
    });
    let cut_short = (run.cut_short > 0).then(|| {
        let of = Count(run.program_count as u64);
        format!(
            "{} of {of} ended without exit: counted up to the last refresh",
            Count(run.cut_short as u64)
        )
    });
    let running = (run.still_running > 0)
        .then(|| format!("{} still running", Count(run.still_running as u64)));
    iter::once(peak).chain([cut_short, running]).flatten()
}

fn write_json(
    to: &mut dyn Write,
    arguments: &RunArguments,
    run: &Run,
    snapshots: &[Snapshot],
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Output<'a> {
        #[serde(flatten)]
        run: &'a Run,
        #[serde(skip_serializing_if = "Option::is_none")]
        processes: Option<&'a [Snapshot]>,
    }
    let processes = arguments.per_process.then_some(snapshots);
    serde_json::to_writer_pretty(&mut *to, &Output { run, processes })?;
    writeln!(to)
}
