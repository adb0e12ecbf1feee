//! What the command line says.

pub(crate) const USAGE: &str = "usage: soak [--seconds N] [--threads N] [--seed N]";

/// How long, how many, and where the random numbers begin.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) seconds: u64,
    pub(crate) threads: usize,
    pub(crate) seed: u64,
}

impl Options {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            seconds: 60,
            threads: 4,
            seed: 1,
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next();
            let number = value.and_then(|value| value.parse::<u64>().ok());
            let number = number.ok_or_else(|| format!("{name}: expected a number"))?;
            match name.as_str() {
                "--seconds" => options.seconds = number,
                "--threads" if (1..=1000).contains(&number) => {
                    options.threads = usize::try_from(number).map_err(|error| error.to_string())?;
                }
                "--seed" => options.seed = number,
                _ => return Err(format!("{name} {number} means nothing")),
            }
        }
        Ok(options)
    }
}
