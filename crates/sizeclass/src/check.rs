//! What Go's runtime checks about its classes when it starts, as pure functions.
//!
//! All are `const fn`: whoever composes an allocator from a table of their own can have them at
//! compile time.

use core::error::Error;
use core::fmt;

use crate::class::SizeClass;
use crate::round::HeaderRule;
use crate::table::Table;
use crate::{TINY_CLASS, TINY_SIZE};

/// Kinds of deferred-call records that [`Table::defer_sizes`] looks at (Go: one pool each).
pub const DEFER_CLASSES: usize = 5;

/// Bytes of Go's `_defer` record on systems with 64-bit pointers.
pub const DEFER_BYTES_64: usize = 48;

/// Bytes of Go's `_defer` record on systems with 32-bit pointers.
pub const DEFER_BYTES_32: usize = 28;

/// What a table does not keep of what an allocator relies on. Sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckError {
    /// The tiny allocator's class does not have the tiny block's size.
    BadTinySizeClass {
        /// The tiny block: [`TINY_SIZE`].
        expected: usize,
        /// A slot of [`TINY_CLASS`].
        slot_bytes: usize,
    },
    /// Two records of one defer class come from two size classes.
    BadDeferSizeClass {
        /// Bytes of arguments of the second record.
        arguments: usize,
        /// What the second record gets.
        rounded: usize,
        /// What the first record got.
        expected: usize,
        /// The defer class, 0..[`DEFER_CLASSES`].
        class: usize,
    },
    /// No class ends where headers begin, so one class would have slots with and without.
    HeaderOffBoundary {
        /// The largest size without a header.
        largest_without: usize,
    },
    /// A class without headers has spans of more than one page.
    HeaderlessSpanTooLong {
        /// A slot of the class.
        slot_bytes: usize,
        /// Its span.
        span_bytes: usize,
    },
    /// The pointer bitmap of an object without a header does not fit a word.
    HeaderlessBitmapTooLarge {
        /// Words of the largest object without a header.
        words: usize,
        /// Bits of a word.
        bits: usize,
    },
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::BadTinySizeClass {
                expected,
                slot_bytes,
            } => {
                write!(
                    f,
                    "bad TinySizeClass: its slots have {slot_bytes} bytes, not {expected}"
                )
            }
            Self::BadDeferSizeClass {
                arguments,
                rounded,
                expected,
                class,
            } => write!(
                f,
                "bad defer size class: i={arguments} siz={rounded} defersc={class}, \
                 but others of this class get {expected}"
            ),
            Self::HeaderOffBoundary { largest_without } => write!(
                f,
                "min size of malloc header is not a size class boundary: {largest_without}"
            ),
            Self::HeaderlessSpanTooLong {
                slot_bytes,
                span_bytes,
            } => write!(
                f,
                "size class {slot_bytes} is below the min size for malloc header, \
                 and its spans of {span_bytes} bytes are longer than a page"
            ),
            Self::HeaderlessBitmapTooLarge { words, bits } => write!(
                f,
                "pointer bitmap of headerless objects is too large: {words} words, {bits} bits"
            ),
        }
    }
}

impl Error for CheckError {}

impl Table {
    /// Every check below, headers and records as on the system that this is compiled for.
    ///
    /// ```
    /// use gomalloc_sizeclass::{GO_1_8, GO_1_16};
    ///
    /// assert_eq!(GO_1_8.check(), Ok(()));
    /// assert_eq!(GO_1_16.check(), Ok(()));
    /// ```
    ///
    /// # Errors
    ///
    /// The first one that a check gives.
    pub const fn check(&self) -> Result<(), CheckError> {
        let record = if size_of::<usize>() < 8 {
            DEFER_BYTES_32
        } else {
            DEFER_BYTES_64
        };
        if let Err(error) = self.check_tiny() {
            return Err(error);
        }
        if let Err(error) = self.defer_sizes(record) {
            return Err(error);
        }
        self.check_headers(HeaderRule::HOST)
    }

    /// Whether [`TINY_CLASS`] has slots of [`TINY_SIZE`] bytes (Go `mallocinit`).
    ///
    /// # Errors
    ///
    /// [`CheckError::BadTinySizeClass`].
    pub const fn check_tiny(&self) -> Result<(), CheckError> {
        let slot_bytes = self.slot_bytes(TINY_CLASS);
        if slot_bytes == TINY_SIZE {
            Ok(())
        } else {
            Err(CheckError::BadTinySizeClass {
                expected: TINY_SIZE,
                slot_bytes,
            })
        }
    }

    /// The bytes of each class of deferred-call records, after a check that each has one size (Go
    /// 1.10 `testdefersizes`).
    ///
    /// A record is `record_bytes` and its arguments behind it. Go keeps a pool of free ones per
    /// class: class 0 has the arguments that fit below the next multiple of 16, each further
    /// class 16 bytes more. Handing out a record for any arguments of its class is right only if
    /// all of them have the same size class; that is what is checked.
    ///
    /// ```
    /// use gomalloc_sizeclass::{DEFER_BYTES_64, GO_1_8};
    ///
    /// assert_eq!(GO_1_8.defer_sizes(DEFER_BYTES_64), Ok([48, 64, 80, 96, 112]));
    /// ```
    ///
    /// # Errors
    ///
    /// [`CheckError::BadDeferSizeClass`] for the first arguments that differ.
    pub const fn defer_sizes(
        &self,
        record_bytes: usize,
    ) -> Result<[usize; DEFER_CLASSES], CheckError> {
        // A record near the end of `usize` has no size class anyway.
        let smallest = match record_bytes.checked_next_multiple_of(16) {
            Some(smallest) => smallest,
            None => usize::MAX,
        };
        let spare = smallest - record_bytes;
        let mut sizes = [0; DEFER_CLASSES];
        let mut arguments = 0_usize;
        loop {
            let beyond = arguments.saturating_sub(spare);
            let class = beyond.div_ceil(16);
            if class >= DEFER_CLASSES {
                return Ok(sizes);
            }
            let rounded = self.round_up(smallest.saturating_add(beyond));
            if beyond == 0 && arguments == 0 || beyond % 16 == 1 {
                sizes[class] = rounded;
            } else if sizes[class] != rounded {
                let expected = sizes[class];
                return Err(CheckError::BadDeferSizeClass {
                    arguments,
                    rounded,
                    expected,
                    class,
                });
            }
            arguments += 1;
        }
    }

    /// Whether objects can have headers by `rule` (Go ≥ 1.22 `mallocinit`).
    ///
    /// # Errors
    ///
    /// The largest object without a header has to be a class's slot
    /// ([`HeaderOffBoundary`](CheckError::HeaderOffBoundary)); it and every smaller class must
    /// have spans of one page ([`HeaderlessSpanTooLong`](CheckError::HeaderlessSpanTooLong)), where
    /// Go keeps the bitmap; and a bit per word of it has to fit a word
    /// ([`HeaderlessBitmapTooLarge`](CheckError::HeaderlessBitmapTooLarge)).
    pub const fn check_headers(&self, rule: HeaderRule) -> Result<(), CheckError> {
        let largest_without = rule.largest_without;
        let boundary = match self.class_of(largest_without) {
            Some(class) if self.slot_bytes(class) == largest_without => class,
            _ => return Err(CheckError::HeaderOffBoundary { largest_without }),
        };
        let mut number = 1;
        while number <= boundary.get()
            && let Some(class) = SizeClass::new(number)
        {
            let (slot_bytes, span_bytes) = (self.slot_bytes(class), self.span_bytes(class));
            if self.pages(class) > 1 {
                return Err(CheckError::HeaderlessSpanTooLong {
                    slot_bytes,
                    span_bytes,
                });
            }
            number += 1;
        }
        let bits = 8 * rule.pointer_bytes;
        match largest_without.checked_div(rule.pointer_bytes) {
            Some(words) if words <= bits => Ok(()),
            Some(words) => Err(CheckError::HeaderlessBitmapTooLarge { words, bits }),
            None => Err(CheckError::HeaderlessBitmapTooLarge {
                words: usize::MAX,
                bits,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
