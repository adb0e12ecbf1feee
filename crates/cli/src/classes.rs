//! `gomalloc classes`: the table of size classes, with what each wastes.

use serde::Serialize;
use sizeclass::Table;
use sizeclass::derive::Params;

use crate::args::{ClassesArguments, GoTable};
use crate::error::Failure;
use crate::output;

/// Prints the table of the given parameters.
pub(crate) fn classes(arguments: &ClassesArguments) -> Result<(), Failure> {
    let table = Table::derive(&params(arguments))
        .map_err(|error| Failure::usage(format!("no such table: {error}")))?;
    if arguments.json {
        return output::print_json(&describe(&table));
    }
    output::print(table.to_string().as_bytes())
}

fn params(arguments: &ClassesArguments) -> Params {
    let mut params = match arguments.go {
        GoTable::Go1_16 => Params::GO_1_16,
        GoTable::Go1_8 => Params::GO_1_8,
    };
    let changes = [
        (&mut params.page_bytes, arguments.page_bytes),
        (&mut params.max_size, arguments.max_size),
        (&mut params.min_align, arguments.min_align),
        (&mut params.wide_align, arguments.wide_align),
        (&mut params.wide_from, arguments.wide_from),
        (&mut params.step_divisor, arguments.step_divisor),
        (&mut params.max_step, arguments.max_step),
        (&mut params.tail_divisor, arguments.tail_divisor),
        (&mut params.granule, arguments.granule),
    ];
    for (field, given) in changes {
        *field = given.unwrap_or(*field);
    }
    params
}

/// A table as JSON.
#[derive(Debug, Serialize)]
struct Output {
    page_bytes: usize,
    max_size: usize,
    classes: Vec<Class>,
}

#[derive(Debug, Serialize)]
struct Class {
    class: u8,
    slot_bytes: usize,
    pages: usize,
    span_bytes: usize,
    slots: usize,
    tail_bytes: usize,
    max_waste_bytes: usize,
    max_waste_percent: f64,
    align: usize,
}

fn describe(table: &Table) -> Output {
    let classes = table.descriptions().map(|class| Class {
        class: class.class.get(),
        slot_bytes: class.slot_bytes,
        pages: class.pages,
        span_bytes: class.span_bytes,
        slots: class.slots,
        tail_bytes: class.tail_bytes,
        max_waste_bytes: class.waste_bytes,
        max_waste_percent: f64::from(class.waste_per_10_000()) / 100.0,
        align: class.align,
    });
    Output {
        page_bytes: table.page_bytes(),
        max_size: table.max_size(),
        classes: classes.collect(),
    }
}
