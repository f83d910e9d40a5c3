//! Tables on the terminal.

/// Rows as lines with aligned columns: the first to the left, the others to the right.
pub(crate) fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    rows.iter()
        .map(|row| {
            let cells = row.iter().zip(&widths).enumerate();
            let cells = cells.map(|(i, (cell, &width))| match i {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

/// A number as a table on the terminal has it: a whole one whole, others with four digits that count.
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

    #[test]
    fn columns_are_aligned_by_characters() {
        let row = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect();
        let rows = [row(&["é", "10", "x"]), row(&["name", "5"])];
        assert_eq!(aligned(&rows), ["é     10  x", "name   5"]);
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
