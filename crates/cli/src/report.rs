//! Figures of one process or of many, as a table for people or as JSON.

use std::io::{self, Write};

use crate::record::{BySize, Figures};
use crate::table::Table;
use crate::units::{Bytes, Count};

/// Rows of a table that does not show all classes.
const BUSIEST: usize = 12;

/// How many size classes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Those with most allocations.
    Busiest,
    All,
}

/// Writes the figures as a block: three lines of sums, then the classes.
pub(crate) fn write_figures(to: &mut dyn Write, figures: &Figures, rows: Rows) -> io::Result<()> {
    write_sums(to, figures)?;
    if figures.by_size.is_empty() && !has_large(figures) {
        return Ok(());
    }
    writeln!(to)?;
    write_classes(to, figures, rows)
}

fn has_large(figures: &Figures) -> bool {
    figures.large_mallocs != 0 || figures.large_live != 0
}

/// Three lines: blocks, their bytes, and what the system gave for them.
pub(crate) fn write_sums(to: &mut dyn Write, figures: &Figures) -> io::Result<()> {
    let counts = [
        ("mallocs", figures.mallocs),
        ("frees", figures.frees),
        ("live", figures.live),
    ];
    let use_of = [
        ("live", figures.live_bytes),
        ("peak", figures.peak_bytes),
        ("in caches", figures.cache_bytes),
    ];
    let system = [
        ("mapped", figures.mapped_bytes),
        ("released", figures.released_bytes),
        ("metadata", figures.metadata_bytes),
    ];
    let width = counts
        .map(|(_, count)| Count(count).to_string().len())
        .into_iter()
        .max()
        .unwrap_or(0);
    for ((count, used), mapped) in counts.into_iter().zip(use_of).zip(system) {
        write!(to, "  {:<7}  {:>width$}", count.0, Count(count.1))?;
        write!(to, "    {:<9}  {:>8}", used.0, Bytes(used.1))?;
        writeln!(to, "    {:<8}  {:>8}", mapped.0, Bytes(mapped.1))?;
    }
    Ok(())
}

fn write_classes(to: &mut dyn Write, figures: &Figures, rows: Rows) -> io::Result<()> {
    let shown = select(&figures.by_size, rows);
    let mut table = Table::new(["size", "mallocs", "frees", "live", "live bytes"]);
    for row in &shown {
        let live_bytes = Bytes(row.size.saturating_mul(row.live)).to_string();
        table.row([
            Count(row.size).to_string(),
            Count(row.mallocs).to_string(),
            Count(row.frees).to_string(),
            Count(row.live).to_string(),
            live_bytes,
        ]);
    }
    let rest = figures.by_size.len() - shown.len();
    if rest != 0 {
        let count = |field: fn(&BySize) -> u64| {
            let sum = |rows: &[BySize]| rows.iter().map(field).fold(0, u64::saturating_add);
            Count(sum(&figures.by_size).saturating_sub(sum(&shown))).to_string()
        };
        let live_bytes = |rows: &[BySize]| {
            rows.iter()
                .map(|row| row.size.saturating_mul(row.live))
                .fold(0, u64::saturating_add)
        };
        let bytes = live_bytes(&figures.by_size).saturating_sub(live_bytes(&shown));
        let name = format!("{rest} more");
        table.row([
            name,
            count(|row| row.mallocs),
            count(|row| row.frees),
            count(|row| row.live),
            Bytes(bytes).to_string(),
        ]);
    }
    if has_large(figures) {
        let [mallocs, frees, live] = [
            figures.large_mallocs,
            figures.large_frees,
            figures.large_live,
        ]
        .map(|n| Count(n).to_string());
        // The record counts large blocks, not their bytes.
        table.row(["large".to_owned(), mallocs, frees, live, String::new()]);
    }
    write!(to, "{table}")
}

/// The rows to show, ascending by size.
pub(crate) fn select(by_size: &[BySize], rows: Rows) -> Vec<BySize> {
    let mut shown = by_size.to_vec();
    // One row saved would cost one row for "1 more".
    if rows == Rows::Busiest && by_size.len() > BUSIEST + 1 {
        shown.sort_by_key(|row| core::cmp::Reverse((row.mallocs, row.live)));
        shown.truncate(BUSIEST);
        shown.sort_by_key(|row| row.size);
    }
    shown
}
