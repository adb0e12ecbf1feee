//! The `gomalloc` command: run any program on the gomalloc allocator, and look at its memory.
//!
//! One command a file: [`run`], [`stats`], [`top`], [`bench`], [`classes`], [`generate`]. Beneath them: [`program`] and [`library`] (what is run, on what),
//! [`signal`] (waiting for it), [`record`], [`rundir`] and [`attach`] (the figures of its processes),
//! [`report`] (showing them). Standard output and the exit status belong to the program that is run; this command
//! speaks on standard error, one line for every failure.
#![deny(unsafe_code)]

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

mod args;
mod attach;
mod bench;
mod classes;
mod elf;
mod error;
mod generate;
mod library;
mod output;
mod privilege;
mod program;
mod record;
mod report;
mod run;
mod rundir;
mod signal;
mod stats;
mod table;
mod top;
mod units;

use args::{Arguments, Subcommands};
use error::Failure;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let result = match &arguments.command {
        Subcommands::Run(arguments) => return finish(run::run(arguments)),
        Subcommands::Stats(arguments) => stats::stats(arguments),
        Subcommands::Top(arguments) => top::top(arguments),
        Subcommands::Bench(arguments) => bench::bench(arguments),
        Subcommands::Classes(arguments) => classes::classes(arguments),
        Subcommands::Completions { shell } => generate::completions(*shell),
        Subcommands::Man => generate::man(),
    };
    finish(result.map(|()| 0))
}

fn finish(result: Result<u8, Failure>) -> ExitCode {
    match result {
        Ok(status) => ExitCode::from(status),
        Err(failure) => fail(&failure),
    }
}

fn fail(failure: &Failure) -> ExitCode {
    // With standard error closed, the status is all that is left.
    let _ = writeln!(io::stderr(), "gomalloc: {failure}");
    ExitCode::from(failure.status())
}

/// Help and version as they are; a wrong command line as one line.
fn refuse(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(2)
        }
        _ => {
            let text = error.to_string();
            // The first paragraph says what is wrong; tips and usage follow.
            let lines = text
                .lines()
                .take_while(|line| !line.is_empty())
                .map(str::trim);
            let line = lines.collect::<Vec<_>>().join(" ");
            fail(&Failure::usage(line.trim_start_matches("error: ")))
        }
    }
}
