//! Tables on the terminal.

use std::iter::once;
use std::ops::Range;

use super::output::printable;

/// Characters of a line where standard output is no terminal, as of the help.
const WIDTH: usize = 100;

/// Characters between two columns.
const GAP: usize = 2;

/// Rows as lines that fit the terminal, the first column aligned to the left, the others to the
/// right. What does not fit beside the first column follows below, with the first column again.
pub(crate) fn fitted(rows: &[Vec<String>]) -> Vec<String> {
    let terminal = terminal_size::terminal_size();
    let width = terminal.map_or(WIDTH, |(width, _)| usize::from(width.0));
    wrapped(rows, width)
}

fn wrapped(rows: &[Vec<String>], width: usize) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    if columns == 0 {
        return Vec::new();
    }
    // Long names leave half of the line to the numbers.
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let cells = row.iter().map(|cell| cut(&printable(cell), width / 2));
            cells.collect()
        })
        .collect();
    let widths: Vec<usize> = (0..columns).map(|column| widest(&rows, column)).collect();
    let mut lines = Vec::new();
    for range in ranges(&widths, width) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let shown: Vec<usize> = once(0).chain(range).collect();
        lines.extend(rows.iter().map(|row| line(row, &widths, &shown)));
    }
    lines
}

/// The columns after the first that go into each part of the table; at least one each.
fn ranges(widths: &[usize], width: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let (mut start, mut used) = (1, widths[0]);
    for (column, &w) in widths.iter().enumerate().skip(1) {
        if column > start && used + GAP + w > width {
            ranges.push(start..column);
            (start, used) = (column, widths[0]);
        }
        used += GAP + w;
    }
    ranges.push(start..widths.len());
    ranges
}

fn widest(rows: &[Vec<String>], column: usize) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(column));
    cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
}

fn line(row: &[String], widths: &[usize], shown: &[usize]) -> String {
    let cells = shown.iter().map(|&column| {
        let cell = row.get(column).map_or("", String::as_str);
        let width = widths[column];
        match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        }
    });
    let cells: Vec<String> = cells.collect();
    cells.join("  ").trim_end().to_owned()
}

/// The beginning of a cell that is longer than `width` characters.
pub(crate) fn cut(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return cell.to_owned();
    }
    let start: String = cell.chars().take(width.saturating_sub(1)).collect();
    format!("{start}…")
}

/// A number for a table: integers in full, others with four significant digits.
pub(crate) fn short(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e9 {
        return format!("{value:.0}");
    }
    let digits = (3.0 - value.abs().log10().floor()).clamp(0.0, 12.0) as usize;
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|&cell| cell.to_owned()).collect()
    }

    #[test]
    fn columns_are_aligned_by_characters() {
        let rows = [row(&["é", "10", "x"]), row(&["name", "5"])];
        assert_eq!(wrapped(&rows, 80), ["é     10  x", "name   5"]);
        assert!(wrapped(&[], 80).is_empty());
        assert_eq!(wrapped(&[row(&["alone"])], 80), ["alone"]);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_nothing_is_lost() {
        let header: Vec<String> = (0..32).map(|i| format!("resid.{i:02}")).collect();
        let numbers: Vec<String> = (0..32).map(|i| (100 + i).to_string()).collect();
        let rows = [header.clone(), numbers.clone()];
        for width in [20, 80, 100] {
            let lines = wrapped(&rows, width);
            assert!(lines.iter().all(|line| line.chars().count() <= width));
            let text = lines.join("\n");
            for cell in header.iter().chain(&numbers) {
                assert!(text.contains(cell), "{width}: {cell}");
            }
            let repeated = text.matches("resid.00").count();
            assert_eq!(repeated, text.matches("\n\n").count() + 1);
        }
    }

    #[test]
    fn long_names_are_cut() {
        let rows = [row(&[&"n".repeat(300), "5"])];
        assert_eq!(wrapped(&rows, 20), ["nnnnnnnnn…  5"]);
    }

    #[test]
    fn numbers_keep_four_digits() {
        for (value, text) in [
            (3.0, "3"),
            (0.012_345, "0.01235"),
            (-12.344, "-12.34"),
            (123_456.7, "123457"),
            (1e-20, "0.000000000000"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
