//! The command line.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Run any program on the gomalloc allocator, and look at its memory.
#[derive(Debug, Parser)]
#[command(
    name = "gomalloc",
    version,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Subcommands,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Subcommands {
    /// Run a program on the library
    ///
    /// The program's exit status, signals and output pass through. The library comes first in LD_PRELOAD,
    /// before what is preloaded already. Exit statuses of this command itself: 2 wrong usage or no library,
    /// 126 the program cannot be run or not be preloaded (statically linked, set-uid), 127 not found.
    #[command(override_usage = "gomalloc run [OPTIONS] [--] PROGRAM [ARG]...")]
    Run(RunArguments),
}

/// Where the library is.
#[derive(Debug, Args)]
pub(crate) struct LibraryArguments {
    /// The library's file (default: $GOMALLOC_LIBRARY, else libgomalloc.so beside this command, in ../lib, in Cargo's target directory)
    #[arg(long, value_name = "FILE")]
    pub(crate) library: Option<PathBuf>,
}

/// `gomalloc run`.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Print a table at the end, on standard error: the total over all processes of the run
    #[arg(long)]
    pub(crate) stats: bool,
    /// Print a table for each process, too (implies --stats)
    #[arg(long)]
    pub(crate) per_process: bool,
    /// Print JSON instead of a table (implies --stats)
    #[arg(long)]
    pub(crate) json: bool,
    /// Show every size class, not only the busiest (implies --stats)
    #[arg(long)]
    pub(crate) all_classes: bool,
    /// Write the figures to FILE instead of standard error (implies --stats)
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) library: LibraryArguments,
    /// The program and its arguments
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "PROGRAM"
    )]
    pub(crate) program: Vec<OsString>,
}

impl RunArguments {
    /// Whether somebody has to wait for the end.
    pub(crate) fn wants_stats(&self) -> bool {
        self.stats || self.per_process || self.json || self.all_classes || self.output.is_some()
    }
}

/// The first word of a program that is really an option that we do not know: `run --stast -- ls`. Such a name
/// can be given after `--`.
pub(crate) fn mistaken_option(program: &[OsString]) -> Option<&OsString> {
    let name = program
        .first()
        .filter(|name| name.as_encoded_bytes().starts_with(b"-"))?;
    // The program is the end of the command line, whatever came before it.
    let words: Vec<OsString> = env::args_os().collect();
    let before = words
        .len()
        .checked_sub(program.len() + 1)
        .and_then(|index| words.get(index));
    before.is_none_or(|word| word != "--").then_some(name)
}
