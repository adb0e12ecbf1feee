//! The command line.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::error::Failure;

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
    /// Print the figures of a running process that was started with `run`
    ///
    /// PID may also be that of a waiting `run --stats`: the total over its processes is printed then.
    Stats(StatsArguments),
    /// Show the figures of a running process again and again, until `q`
    Top(TopArguments),
    /// Compare allocators by running a program on each of them in turn
    ///
    /// In each round the program runs once on the system's allocator, on the library, and on every library
    /// named by --with. Printed are medians over the rounds with 95 % intervals, and the ratios to the system's
    /// allocator within a round. Peak memory is that of the largest process of the program that was waited for.
    #[command(override_usage = "gomalloc bench [OPTIONS] [--] PROGRAM [ARG]...")]
    Bench(BenchArguments),
    /// Print the table of size classes, and what each wastes at worst
    Classes(ClassesArguments),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// `gomalloc stats`.
#[derive(Debug, Args)]
pub(crate) struct StatsArguments {
    /// The process
    pub(crate) pid: u32,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Show every size class, not only the busiest
    #[arg(long)]
    pub(crate) all_classes: bool,
}

/// `gomalloc top`.
#[derive(Debug, Args)]
pub(crate) struct TopArguments {
    /// The process
    pub(crate) pid: u32,
    /// Seconds from one look to the next
    #[arg(short, long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub(crate) interval: f64,
    /// Stop after so many looks
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// Print a line of JSON for each look
    #[arg(long)]
    pub(crate) json: bool,
}

/// `gomalloc bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// Measured rounds; intervals take at least 6
    #[arg(short = 'n', long, value_name = "COUNT", default_value = "15", value_parser = count)]
    pub(crate) rounds: usize,
    /// Rounds before these that do not count
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub(crate) warmup: usize,
    /// Another library to preload, shown as NAME or by its file's name; may be given several times
    #[arg(long, value_name = "[NAME=]FILE", value_parser = With::parse)]
    pub(crate) with: Vec<With>,
    /// Go on when the program fails
    #[arg(long)]
    pub(crate) ignore_failure: bool,
    /// Let the program's output through instead of dropping it
    #[arg(long)]
    pub(crate) show_output: bool,
    /// Print JSON, with every single run
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) library: LibraryArguments,
    #[command(flatten)]
    pub(crate) program: ProgramArguments,
}

/// A further library of `bench`.
#[derive(Debug, Clone)]
pub(crate) struct With {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

impl With {
    fn parse(text: &str) -> Result<Self, String> {
        // A file's name may hold `=`, but only behind a slash is it not a name's end.
        if let Some((name, path)) = text
            .split_once('=')
            .filter(|(name, _)| !name.contains('/') && !name.is_empty())
        {
            return Ok(With {
                name: name.to_owned(),
                path: path.into(),
            });
        }
        let path = PathBuf::from(text);
        let file = path
            .file_name()
            .ok_or("expected a file")?
            .to_string_lossy()
            .into_owned();
        // `libjemalloc.so.2` is jemalloc.
        let name = file
            .split(".so")
            .next()
            .unwrap_or(&file)
            .trim_start_matches("lib")
            .to_owned();
        Ok(With { name, path })
    }
}

/// A number from 1 on.
fn count(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|&count| count > 0)
        .ok_or_else(|| "expected a number from 1 on".to_owned())
}

/// The tables that Go had, by the first release that had them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GoTable {
    /// 68 entries, with a class of 24 bytes: Go 1.16 and later, the default here
    #[value(name = "1.16")]
    Go1_16,
    /// 67 entries: Go 1.8 to 1.15
    #[value(name = "1.8")]
    Go1_8,
}

/// `gomalloc classes`. Sizes may be written as 32768, 32k or 32KiB.
#[derive(Debug, Args)]
pub(crate) struct ClassesArguments {
    /// The Go release whose parameters are taken where no option gives another
    #[arg(long, value_name = "RELEASE", default_value = "1.16")]
    pub(crate) go: GoTable,
    /// A page; spans are whole numbers of them
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) page_bytes: Option<usize>,
    /// The largest size that gets a class
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) max_size: Option<usize>,
    /// The smallest size, and the smallest alignment
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) min_align: Option<usize>,
    /// Sizes from --wide-from on are multiples of this
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) wide_align: Option<usize>,
    /// See --wide-align
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) wide_from: Option<usize>,
    /// Two sizes are at most this part of their power of two apart
    #[arg(long, value_name = "NUMBER")]
    pub(crate) step_divisor: Option<usize>,
    /// The most that two sizes are apart
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) max_step: Option<usize>,
    /// At most this part of a span is unused at its end
    #[arg(long, value_name = "NUMBER")]
    pub(crate) tail_divisor: Option<usize>,
    /// What sizes are widened in multiples of
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) granule: Option<usize>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

/// A size in bytes: `32768`, `32k`, `32KiB`, `1M`.
fn size(text: &str) -> Result<usize, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        _ => return Err("expected a size such as 512, 32k or 1MiB".to_owned()),
    };
    let number: usize = number
        .parse()
        .map_err(|_| "expected a size such as 512, 32k or 1MiB".to_owned())?;
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| "too large".to_owned())
}

/// A time in seconds, between a hundredth and a day.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| (0.01..=86_400.0).contains(seconds));
    seconds.ok_or_else(|| "expected seconds from 0.01 to 86400".to_owned())
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
    #[command(flatten)]
    pub(crate) program: ProgramArguments,
}

impl RunArguments {
    /// Whether somebody has to wait for the end.
    pub(crate) fn wants_stats(&self) -> bool {
        self.stats || self.per_process || self.json || self.all_classes || self.output.is_some()
    }
}

/// What to run: the end of the command line.
#[derive(Debug, Args)]
pub(crate) struct ProgramArguments {
    /// The program and its arguments
    #[arg(trailing_var_arg = true, value_name = "PROGRAM")]
    words: Vec<OsString>,
}

impl ProgramArguments {
    /// The program's name, and its arguments. Fails where there is none, or where the name is really an option
    /// that we do not know (`run --stast -- ls`); a program with such a name can be given after `--`.
    pub(crate) fn split(&self, command: &str) -> Result<(&OsString, &[OsString]), Failure> {
        let Some((name, rest)) = self.words.split_first() else {
            let usage = format!("gomalloc {command} [OPTIONS] -- PROGRAM [ARG]...");
            return Err(Failure::usage(format!("no program given: {usage}")));
        };
        // What came before the program on the command line.
        let words: Vec<OsString> = env::args_os().collect();
        let before = words
            .len()
            .checked_sub(self.words.len() + 1)
            .and_then(|index| words.get(index));
        let looks_like_option = name.as_encoded_bytes().starts_with(b"-");
        if looks_like_option && before.is_none_or(|word| word != "--") {
            return Err(Failure::usage(format!(
                "unexpected argument '{}' found",
                name.display()
            )));
        }
        Ok((name, rest))
    }

    /// The whole line, for people.
    pub(crate) fn line(&self) -> String {
        let words: Vec<_> = self
            .words
            .iter()
            .map(|word| word.to_string_lossy())
            .collect();
        words.join(" ")
    }
}
