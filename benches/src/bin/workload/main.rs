//! Runs one workload in this process, on the allocator that this program was built with.
//!
//! `workload NAME [--smoke] [--times N]` prints one line of JSON; `workload --list` the names.
#![deny(unsafe_code)]
#![allow(clippy::std_instead_of_core, reason = "an ordinary program")]
#![expect(clippy::print_stdout, reason = "the line is this program's product")]
#![expect(clippy::print_stderr, reason = "and its errors go where errors go")]

mod allocator;

use gomalloc_benches::workloads::{self, startup};
use gomalloc_benches::{Effort, Report};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("workload: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let mut name = None;
    let mut effort = Effort::Full(1);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            startup::LITTLE => {
                startup::little();
                return Ok(());
            }
            "--list" => {
                for workload in &workloads::ALL {
                    println!("{:<18} {}", workload.name, workload.about);
                }
                return Ok(());
            }
            "--smoke" => effort = Effort::Smoke,
            "--times" => {
                let number = rest.next().and_then(|number| number.parse().ok());
                effort = Effort::Full(number.ok_or("--times wants a number")?);
            }
            other => name = Some(other),
        }
    }
    let name = name.ok_or("which workload? see --list")?;
    let workload = workloads::find(name).ok_or(format!("no workload is called {name}"))?;
    let outcome = workload.run(effort);
    println!("{}", Report::of(name, allocator::NAME, outcome));
    Ok(())
}
