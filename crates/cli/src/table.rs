//! A table of text with right-aligned columns.

use core::fmt;

/// Rows of cells under a head; every column as wide as its widest cell.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
    /// The first column holds names, which are aligned to the left.
    names: bool,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(head: [&str; N]) -> Self {
        Table {
            rows: vec![head.map(str::to_owned)],
            names: false,
        }
    }

    /// A table whose first column holds names.
    pub(crate) fn with_names(head: [&str; N]) -> Self {
        Table {
            names: true,
            ..Table::new(head)
        }
    }

    pub(crate) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }
}

/// Every row on a line; two spaces before every column.
impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = |cell: &String| cell.chars().count();
        let widths: [usize; N] = core::array::from_fn(|n| {
            self.rows
                .iter()
                .map(|row| length(&row[n]))
                .max()
                .unwrap_or(0)
        });
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
                line.push_str("  ");
                line += &if self.names && column == 0 {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                };
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
