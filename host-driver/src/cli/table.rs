// SPDX-License-Identifier: Apache-2.0
//! Columns of text.

/// A table with a header; columns are as wide as their widest cell.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    /// Columns of numbers, which stand to the right.
    numbers: Vec<bool>,
}

impl Table {
    /// A table with these columns; those whose name starts with `>` hold numbers.
    pub(super) fn new(columns: &[&str]) -> Self {
        let header = columns.iter().map(|column| column.trim_start_matches('>').to_owned()).collect();
        Self { rows: vec![header], numbers: columns.iter().map(|column| column.starts_with('>')).collect() }
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    /// Whether any row has something in this column.
    fn is_used(&self, column: usize) -> bool {
        self.rows.iter().skip(1).any(|row| row.get(column).is_some_and(|cell| !cell.is_empty()))
    }

    /// The table as text; columns with nothing in them are left out.
    pub(super) fn render(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.numbers.len()).map(width).collect();
        let shown: Vec<bool> = (0..self.numbers.len()).map(|column| self.is_used(column)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            let cells = row.iter().zip(&widths).zip(&self.numbers).zip(&shown).filter(|(_, &shown)| shown);
            for (((cell, &width), &number), _) in cells {
                let padded = if number { format!("{cell:>width$}") } else { format!("{cell:<width$}") };
                line += &padded;
                line += "  ";
            }
            text += line.trim_end();
            text.push('\n');
        }
        text
    }
}
