//! Compares allocators side by side: see `compare --help` and the crate's documentation.
//!
//! `cargo run --release -p gomalloc-benches --bin compare`
#![forbid(unsafe_code)]
#![allow(clippy::std_instead_of_core, reason = "an ordinary program")]
#![expect(clippy::print_stdout, reason = "the tables are this program's product")]
#![expect(clippy::print_stderr, reason = "and its progress goes where errors go")]

use gomalloc_benches::Report;
use gomalloc_benches::compare::{Machine, Options, Rounds, csv, options, plot, table};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .iter()
        .any(|argument| argument == "--help" || argument == "-h")
    {
        println!("{}", options::HELP);
        return ExitCode::SUCCESS;
    }
    match Options::parse(&arguments).and_then(|options| compare(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("compare: {message}");
            ExitCode::from(2)
        }
    }
}

fn compare(options: &Options) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("benches lies in the repository")?;
    let mut programs = Vec::new();
    for allocator in &options.allocators {
        eprintln!("building {}", allocator.name);
        match allocator.build(root) {
            Ok(program) => programs.push((*allocator, program)),
            // The others are compared all the same, and everybody sees who is missing.
            Err(reason) if !programs.is_empty() => {
                println!("skipped: {}: {reason}", allocator.name)
            }
            Err(reason) => return Err(format!("{}: {reason}", allocator.name)),
        }
    }
    let rounds = Rounds::run(options, &programs, |line| eprintln!("{line}"))?;
    let machine = Machine::describe();
    let text = summary(options, &rounds, &machine);
    println!("{text}");
    if options.smoke {
        return Ok(());
    }
    let folder = root.join(&options.folder);
    let name = options.name.as_ref().unwrap_or(&machine.date);
    write(&folder, name, &rounds, &machine, &text)
        .map_err(|error| format!("{}: {error}", folder.display()))
}

/// The tables and how to read them.
fn summary(options: &Options, rounds: &Rounds, machine: &Machine) -> String {
    let base = rounds.allocators[0].name;
    let facts: Vec<String> = machine
        .to_string()
        .lines()
        .map(|line| format!("* {line}"))
        .collect();
    let goal = options.goal;
    let mut text = format!(
        "# {base} side by side\n\n{}\n* rounds: {}\n",
        facts.join("\n"),
        options.rounds
    );
    if options.smoke {
        text.push_str("\nA smoke run: the figures mean nothing.\n");
    }
    let wall = Report::wall_per_operation;
    text += "\n## Wall time, ns an operation (median)\n\n";
    text += &table::medians(rounds, wall);
    if rounds.allocators.len() > 1 {
        text += &format!(
            "\n## Wall time, {base} divided by the other\n\nMedian of the ratios within rounds and its 95 % interval; below 1 {base} is faster. \
             `!`: the whole interval lies above {goal}.\n\n"
        );
        text += &table::ratios(rounds, wall, Some(goal));
        text += &format!("\n## User processor time, {base} divided by the other\n\n");
        text += &table::ratios(rounds, Report::user_per_operation, None);
        text += &format!("\n## Peak resident memory, {base} divided by the other\n\n");
        text += &table::ratios(rounds, peak, None);
    }
    text
}

fn peak(report: &Report) -> f64 {
    report.peak_kib as f64
}

fn write(
    folder: &Path,
    name: &str,
    rounds: &Rounds,
    machine: &Machine,
    text: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::create_dir_all(folder)?;
    let file = |ending: &str| -> PathBuf { folder.join(format!("{name}.{ending}")) };
    std::fs::write(file("csv"), csv::text(rounds, &machine.to_string()))?;
    std::fs::write(file("md"), text)?;
    let title = format!(
        "Wall time ({}, {} rounds)",
        machine.date,
        rounds.reports.len()
    );
    plot::draw(rounds, Report::wall_per_operation, &title, &file("svg"))?;
    eprintln!("written: {}", file("{csv,md,svg}").display());
    Ok(())
}
