//! A driver for fuzzing: derives tables from bytes and compares them with searches.
//!
//! For `cargo fuzz` and for this crate's own tests; it holds no state and allocates nothing.

use crate::class::Scan;
use crate::derive::{DeriveError, Params};
use crate::flat::{MAX_HIT_ALIGN, hit_class, malloc_class};
use crate::round::HeaderRule;
use crate::table::{GO_1_16, Table};

/// Reads `data` as parameters followed by any number of requests of a size and an alignment.
///
/// Whatever the parameters, a derivation ends without a panic; an error is checked to be one, and
/// a table to keep its invariants and to answer each request as a search of all classes does. The
/// same requests are put to the default table, with its flat lookup.
///
/// # Panics
///
/// If anything differs.
pub fn fuzz_one(data: &[u8]) {
    let mut input = Input { data };
    let params = input.params();
    let table = Table::derive(&params);
    match &table {
        Ok(table) => {
            table.check_invariants();
            check_promises(table, &params);
        }
        Err(error) => check_error(error, &params),
    }
    while !input.data.is_empty() {
        let (size, align) = (input.size(), input.align());
        if let Ok(table) = &table {
            check_request(table, size, align);
        }
        check_request(&GO_1_16, size, align);
        check_hit(size, align);
    }
}

struct Input<'a> {
    data: &'a [u8],
}

impl Input<'_> {
    /// The next byte, 0 at the end.
    fn byte(&mut self) -> u8 {
        let (byte, rest) = self.data.split_first().unwrap_or((&0, &[]));
        self.data = rest;
        *byte
    }

    fn word(&mut self) -> usize {
        usize::from(self.byte()) << 16 | usize::from(self.byte()) << 8 | usize::from(self.byte())
    }

    /// Mostly `value` times a small power of two; some power up to 2³¹; sometimes one more.
    fn near(&mut self, value: usize) -> usize {
        let byte = self.byte();
        match byte {
            0..=119 => value << (byte & 3),
            120..=229 => value >> (byte & 3),
            230..=249 => 1 << (self.byte() & 31),
            250.. => (1 << (byte & 31)) + 1,
        }
    }

    /// Go's parameters with those changed that a mask says.
    fn params(&mut self) -> Params {
        let mut params = Params::GO_1_16;
        let fields = [
            &mut params.page_bytes,
            &mut params.min_align,
            &mut params.wide_align,
            &mut params.wide_from,
            &mut params.step_divisor,
            &mut params.max_step,
            &mut params.granule,
            &mut params.max_size,
        ];
        let mask = self.byte();
        for (bit, field) in fields.into_iter().enumerate() {
            if mask >> bit & 1 != 0 {
                *field = self.near(*field);
            }
        }
        // Not every size and bound is a power of two.
        match self.byte() {
            0..=99 => {}
            100..=149 => params.max_size = self.word(),
            150..=199 => params.max_size = (self.word() & 0xfff) << 7,
            200..=229 => params.tail_divisor = usize::from(self.byte()),
            _ => params.tail_divisor = self.word() & 0x7ff,
        }
        params
    }

    fn size(&mut self) -> usize {
        let size = self.word();
        match size >> 22 {
            0 => size & 0xffff,
            1 => size & 0x1f_ffff,
            2 => size & 0x7ff,
            _ => usize::MAX - (size & 0xffff),
        }
    }

    fn align(&mut self) -> usize {
        match self.byte() {
            byte @ 0..=199 => 1 << (byte & 15),
            byte @ 200..=239 => 1 << (u32::from(byte) % usize::BITS),
            byte => usize::from(byte) * 3,
        }
    }
}

/// What the parameters ask for beyond the invariants of a table.
fn check_promises(table: &Table, params: &Params) {
    assert!(table.max_size() >= params.max_size);
    assert_eq!(table.min_align(), params.min_align);
    assert_eq!(
        (table.page_bytes(), table.granule()),
        (params.page_bytes, params.granule)
    );
    for class in table.descriptions() {
        let bytes = class.slot_bytes;
        assert!(
            class.tail_bytes <= class.span_bytes / params.tail_divisor,
            "{bytes}"
        );
        assert!(
            bytes < params.wide_from || bytes.is_multiple_of(params.wide_align),
            "{bytes}"
        );
        assert!(class.waste_bytes < class.span_bytes && class.waste_per_10_000() <= 10_000);
        // Nothing that a granule more would need is left at the end.
        let unit = params.granule.max(params.wide_align);
        let wider = (bytes / unit + 1) * unit;
        let above = table.descriptions().find(|above| above.slot_bytes > bytes);
        let below_next = above.is_none_or(|above| wider < above.slot_bytes);
        assert!(
            wider.saturating_mul(class.slots) > class.span_bytes || !below_next,
            "{class:?} {params:?} {above:?}"
        );
    }
}

/// An error has to be true of the parameters.
fn check_error(error: &DeriveError, params: &Params) {
    match *error {
        DeriveError::OutOfRange {
            value, least, most, ..
        } => {
            assert!(value < least || most < value);
        }
        DeriveError::NotPowerOfTwo { value, .. } => assert!(!value.is_power_of_two()),
        DeriveError::MaxSizeUnreachable { max_size, last } => {
            assert!(last < max_size && max_size == params.max_size);
            assert!(max_size - last < params.max_step.max(params.wide_align));
        }
        DeriveError::TooManyClasses { size, limit } => {
            assert!(size <= params.max_size && size > limit);
        }
        DeriveError::SpanTooLarge { size, limit } => {
            let fits = |pages| {
                let span = pages * params.page_bytes;
                span >= size && span % size <= span / params.tail_divisor
            };
            assert!(!(1..=limit).any(fits), "{size}");
        }
        DeriveError::LookupTooLarge { entries, limit } => assert!(entries > limit),
        DeriveError::NoReciprocal { size, span_bytes } => assert!(span_bytes >= 2 * size),
    }
}

fn check_request(table: &Table, size: usize, align: usize) {
    let holds = |bytes: usize| bytes >= size;
    let first = table
        .classes()
        .find(|&class| holds(table.slot_bytes(class)));
    assert_eq!(table.class_of(size), first, "size {size}");
    let suits = |bytes: usize| {
        holds(bytes) && bytes.is_multiple_of(align) && table.page_bytes().is_multiple_of(align)
    };
    let suitable = table
        .classes()
        .find(|&class| suits(table.slot_bytes(class)));
    let suitable = if align.is_power_of_two() {
        suitable
    } else {
        None
    };
    assert_eq!(
        table.class_for(size, align),
        suitable,
        "size {size} align {align}"
    );
    for rounded in [
        table.round_up(size),
        table.round_up_with_header(size, Scan::Yes, HeaderRule::HOST),
        table.round_up_with_header(size, Scan::No, HeaderRule::HOST),
    ] {
        assert!(rounded >= size, "size {size}");
    }
}

fn check_hit(size: usize, align: usize) {
    let hit = hit_class(size, align);
    if !align.is_power_of_two() {
        let bytes = GO_1_16.classes().find(|class| class.get() == hit);
        assert!(bytes.is_none_or(|class| GO_1_16.slot_bytes(class) >= size));
    } else if size == 0 || align > MAX_HIT_ALIGN {
        assert_eq!(hit, 0, "size {size} align {align}");
    } else {
        let class = GO_1_16.class_for(size, align).unwrap_or_default();
        assert_eq!(hit, class.get(), "size {size} align {align}");
    }
    let c = if size <= 8 { 8 } else { 16 };
    let class = GO_1_16
        .class_for(size, c)
        .filter(|_| size > 0)
        .unwrap_or_default();
    assert_eq!(malloc_class(size), class.get(), "size {size}");
}

#[cfg(test)]
mod tests;
