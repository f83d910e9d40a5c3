use thiserror::Error;

/// Why samples cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StatsError {
    /// A sample has no rows.
    #[error("a sample has no rows; both samples need at least one")]
    EmptySample,
    /// A sample names a row that a partition does not have.
    #[error("there is no row {row}; the partition has {n_rows} rows, counted from 0")]
    RowOutOfRange {
        /// The row, counted from 0.
        row: usize,
        /// Rows of the shortest partition.
        n_rows: usize,
    },
    /// A hypergeometric distribution has more successes or draws than rows.
    #[error("{successes} successes and {draws} draws do not fit a population of {population}")]
    BadHypergeometric {
        /// All rows.
        population: u32,
        /// Rows that count as a success.
        successes: u32,
        /// Rows that are drawn.
        draws: u32,
    },
}
