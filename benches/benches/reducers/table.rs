//! The table, printed and as CSV.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::contest::Score;

const COLUMNS: [&str; 11] = [
    "seconds", "MB", "trust", "contin", "recall", "hit", "triplets", "spearman", "placed",
    "unstable", "off pca",
];

impl Score {
    fn values(&self) -> [Option<f64>; COLUMNS.len()] {
        [
            Some(self.seconds),
            Some(self.megabytes),
            Some(self.trustworthiness),
            Some(self.continuity),
            Some(self.recall),
            self.hit,
            Some(self.triplets),
            Some(self.distances),
            self.placed,
            self.unstable,
            self.off_pca,
        ]
    }
}

/// Prints one set's scores.
pub(crate) fn print(scores: &[Score]) {
    let names = scores.iter().map(|score| score.name.len()).max();
    let width = names.unwrap_or(0).max("reducer".len());
    let heads: String = COLUMNS.iter().map(|head| format!(" {head:>9}")).collect();
    println!("  {:width$}{heads}", "reducer");
    for score in scores {
        let cells = score.values().into_iter().enumerate();
        let cells: String = cells
            .map(|(i, value)| format!(" {:>9}", cell(i, value)))
            .collect();
        println!("  {:width$}{cells}", score.name);
    }
}

fn cell(column: usize, value: Option<f64>) -> String {
    let Some(value) = value else {
        return "-".to_owned();
    };
    match COLUMNS[column] {
        "MB" => format!("{value:.1}"),
        "unstable" | "off pca" => format!("{value:.1e}"),
        _ => format!("{value:.4}"),
    }
}

/// Writes all sets' scores: one line per set and reducer.
pub(crate) fn write(path: &Path, lines: &[(String, (usize, usize), Score)]) -> Result<()> {
    let mut csv = String::from("data,rows,width,reducer");
    for head in COLUMNS {
        write!(csv, ",{}", head.replace(' ', "_"))?;
    }
    csv.push('\n');
    for (data, (rows, width), score) in lines {
        write!(
            csv,
            "\"{}\",{rows},{width},{}",
            data.replace('"', "\"\""),
            score.name
        )?;
        for value in score.values() {
            match value {
                Some(value) if value.abs() < 1e-3 => write!(csv, ",{value:.3e}")?,
                Some(value) => write!(csv, ",{value:.6}")?,
                None => csv.push(','),
            }
        }
        csv.push('\n');
    }
    Ok(fs::write(path, csv)?)
}
