//! The command line of `compare`.

use super::allocators::{self, Allocator};
use crate::workloads::{self, Workload};
use std::path::PathBuf;

/// What to compare, how often, and where the results go.
#[derive(Debug, Clone)]
pub struct Options {
    /// The first is the one that the others are compared with.
    pub allocators: Vec<Allocator>,
    /// The rows.
    pub workloads: Vec<&'static Workload>,
    /// How often each pair is run.
    pub rounds: usize,
    /// A smoke run: shows that everything works and measures nothing.
    pub smoke: bool,
    /// The ratio that a row may have.
    pub goal: f64,
    /// Folder of the results.
    pub folder: PathBuf,
    /// Their name without ending; the date of the run unless told otherwise.
    pub name: Option<String>,
}

/// What `--help` prints.
pub const HELP: &str = "\
compare: runs every workload on every allocator, alternating, and prints the ratios

  --rounds N        how often each pair is run (15)
  --base NAME       the allocator that the others are compared with (the first of all)
  --allocators A,B  those to compare with it (all that build)
  --only A,B        workloads whose name contains one of these
  --goal R          mark rows whose whole interval lies above R (1.05)
  --folder PATH     where the results go (docs/results)
  --name NAME       their name without ending (the date)
  --smoke           run each once on little data, write nothing";

impl Options {
    /// The options of a command line without the program's name.
    ///
    /// # Errors
    /// One line that says which word is wrong.
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            allocators: allocators::ALL.to_vec(),
            workloads: workloads::ALL.iter().collect(),
            rounds: 15,
            smoke: false,
            goal: 1.05,
            folder: PathBuf::from("docs/results"),
            name: None,
        };
        let mut base = allocators::ALL[0];
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or(format!("{argument} wants a value"));
            match argument.as_str() {
                "--rounds" => options.rounds = number(argument, value()?)?,
                "--goal" => options.goal = number(argument, value()?)?,
                "--base" => base = allocator(value()?)?,
                "--allocators" => {
                    let names = value()?.split(',');
                    options.allocators = names.map(allocator).collect::<Result<_, _>>()?;
                }
                "--only" => options.workloads = selection(value()?)?,
                "--folder" => options.folder = PathBuf::from(value()?),
                "--name" => options.name = Some(value()?.clone()),
                "--smoke" => options.smoke = true,
                _ => return Err(format!("unknown option {argument}; see --help")),
            }
        }
        if options.rounds == 0 {
            return Err("--rounds must be at least 1".to_owned());
        }
        options.allocators.retain(|other| *other != base);
        options.allocators.insert(0, base);
        Ok(options)
    }
}

fn number<T: std::str::FromStr>(option: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{option} wants a number, not {value}"))
}

fn allocator(name: &str) -> Result<Allocator, String> {
    let known: Vec<&str> = allocators::ALL
        .iter()
        .map(|allocator| allocator.name)
        .collect();
    allocators::find(name).ok_or(format!(
        "no allocator {name}; there are {}",
        known.join(" ")
    ))
}

fn selection(words: &str) -> Result<Vec<&'static Workload>, String> {
    let chosen: Vec<_> = workloads::ALL
        .iter()
        .filter(|workload| words.split(',').any(|word| workload.name.contains(word)))
        .collect();
    if chosen.is_empty() {
        return Err(format!("no workload's name contains any of {words}"));
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests;
