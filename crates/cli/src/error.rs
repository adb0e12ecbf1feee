//! What can go wrong in the command itself: one line on standard error and an exit status.
//!
//! The statuses are those of `env` and the shells where these have one: 127 for a program that is not
//! found, 126 for one that cannot be run (here also: on the library); 2 is a wrong command line or
//! installation, 1 anything else.

use std::fmt;
use std::path::{Path, PathBuf};

/// A failure: what is printed after `gomalloc: `, and the status to exit with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    message: String,
    status: u8,
}

impl Failure {
    /// The command line or the installation is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure {
            message: message.into(),
            status: 2,
        }
    }

    /// The program exists but cannot be run, or not on the library.
    pub(crate) fn cannot_run(program: &Path, why: impl fmt::Display) -> Self {
        Failure {
            message: format!("{}: {why}", program.display()),
            status: 126,
        }
    }

    /// There is no such program.
    pub(crate) fn not_found(program: &Path, why: impl fmt::Display) -> Self {
        Failure {
            message: format!("{}: {why}", program.display()),
            status: 127,
        }
    }

    /// Anything that the user cannot help by typing something else.
    pub(crate) fn other(message: impl Into<String>) -> Self {
        Failure {
            message: message.into(),
            status: 1,
        }
    }

    /// No library: says each place that was looked at.
    pub(crate) fn no_library(places: &[PathBuf]) -> Self {
        let places: Vec<String> = places
            .iter()
            .map(|place| place.display().to_string())
            .collect();
        Failure::usage(format!(
            "libgomalloc.so not found: looked for {} (name it with --library FILE or GOMALLOC_LIBRARY)",
            places.join(", ")
        ))
    }

    /// The status to exit with.
    pub(crate) fn status(&self) -> u8 {
        self.status
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One line, whatever a file name or a system message holds.
        for c in self.message.chars() {
            match c {
                '\n' | '\t' => f.write_str(" ")?,
                c if c.is_control() => write!(f, "{}", c.escape_default())?,
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}
