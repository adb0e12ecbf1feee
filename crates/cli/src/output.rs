//! Standard output of the commands whose output is their own.

use std::io::{self, Write};

use serde::Serialize;

use crate::error::Failure;

/// Writes everything; a reader that has gone away (`| head`) is no failure.
pub(crate) fn print(text: &[u8]) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match output.write_all(text).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::other(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes `value` as JSON for people to read, too.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::other(format!("JSON: {error}")))?;
    print((text + "\n").as_bytes())
}
