//! Why parameters give no table.

use core::error::Error;
use core::fmt;

/// A field of [`Params`](super::Params).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Parameter {
    /// `page_bytes`
    PageBytes,
    /// `max_size`
    MaxSize,
    /// `min_align`
    MinAlign,
    /// `wide_align`
    WideAlign,
    /// `wide_from`
    WideFrom,
    /// `step_divisor`
    StepDivisor,
    /// `max_step`
    MaxStep,
    /// `tail_divisor`
    TailDivisor,
    /// `granule`
    Granule,
}

impl Parameter {
    /// The field's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PageBytes => "page_bytes",
            Self::MaxSize => "max_size",
            Self::MinAlign => "min_align",
            Self::WideAlign => "wide_align",
            Self::WideFrom => "wide_from",
            Self::StepDivisor => "step_divisor",
            Self::MaxStep => "max_step",
            Self::TailDivisor => "tail_divisor",
            Self::Granule => "granule",
        }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why [`Params`](super::Params) give no table. Sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeriveError {
    /// A parameter lies outside the range that it may have beside the others.
    OutOfRange {
        /// Which one.
        parameter: Parameter,
        /// What it is.
        value: usize,
        /// The smallest value it may have.
        least: usize,
        /// The largest value it may have.
        most: usize,
    },
    /// A parameter that has to be a power of two is not.
    NotPowerOfTwo {
        /// Which one.
        parameter: Parameter,
        /// What it is.
        value: usize,
    },
    /// The steps pass over `max_size`.
    MaxSizeUnreachable {
        /// The parameter.
        max_size: usize,
        /// The last size below it that the steps reach.
        last: usize,
    },
    /// More classes than a table has room for.
    TooManyClasses {
        /// The size that found no room.
        size: usize,
        /// Entries of a table, class 0 included.
        limit: usize,
    },
    /// No span of up to `limit` pages wastes as little as `tail_divisor` asks for.
    SpanTooLarge {
        /// The size of a slot.
        size: usize,
        /// Most pages of a span.
        limit: usize,
    },
    /// `max_size` is too large beside `granule` (or `granule` · `step_divisor` beside
    /// `min_align`) for the lookup tables.
    LookupTooLarge {
        /// Entries that both lookup tables would need.
        entries: usize,
        /// Entries that a table has room for.
        limit: usize,
    },
    /// One of the reciprocals of this size would not be exact throughout its span. It takes
    /// several large slots in a long span: a smaller page makes the spans shorter, a larger
    /// granule the factors smaller.
    NoReciprocal {
        /// The size of a slot.
        size: usize,
        /// The bytes of its span.
        span_bytes: usize,
    },
}

impl fmt::Display for DeriveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::OutOfRange {
                parameter,
                value,
                least,
                most,
            } => {
                write!(f, "{parameter} = {value} is not within {least}..={most}")
            }
            Self::NotPowerOfTwo { parameter, value } => {
                write!(f, "{parameter} = {value} is not a power of two")
            }
            Self::MaxSizeUnreachable { max_size, last } => {
                write!(
                    f,
                    "the steps pass over max_size = {max_size}: the last size below it is {last}"
                )
            }
            Self::TooManyClasses { size, limit } => {
                write!(
                    f,
                    "a table has {limit} entries; there is none left for size {size}"
                )
            }
            Self::SpanTooLarge { size, limit } => {
                write!(
                    f,
                    "no span of at most {limit} pages holds size {size} within the waste bound"
                )
            }
            Self::LookupTooLarge { entries, limit } => {
                write!(
                    f,
                    "the lookup tables need {entries} entries, and there are {limit}"
                )
            }
            Self::NoReciprocal { size, span_bytes } => {
                write!(
                    f,
                    "no exact reciprocal of {size} for a span of {span_bytes} bytes"
                )
            }
        }
    }
}

impl Error for DeriveError {}
