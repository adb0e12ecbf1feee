//! A table of text with right-aligned columns.

use std::io::{self, Write};

/// Rows of cells under a head; every column as wide as its widest cell.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(head: [&str; N]) -> Self {
        Table {
            rows: vec![head.map(str::to_owned)],
        }
    }

    pub(crate) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }

    /// Writes every row; two spaces before every column.
    pub(crate) fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let length = |cell: &String| cell.chars().count();
        let widths: [usize; N] = core::array::from_fn(|n| {
            self.rows
                .iter()
                .map(|row| length(&row[n]))
                .max()
                .unwrap_or(0)
        });
        for row in &self.rows {
            let cells = row
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("  {cell:>width$}"));
            writeln!(to, "{}", cells.collect::<String>().trim_end())?;
        }
        Ok(())
    }
}
