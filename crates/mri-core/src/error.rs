use thiserror::Error;

use crate::layer::Layer;

/// What can be wrong with the plain data that stages exchange.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CoreError {
    /// A row refers to a category that the list of names does not have.
    #[error("row {row} has category index {index}, but there are only {categories} category names")]
    UnknownCategory {
        /// The row, counted from 0.
        row: usize,
        /// The index found there.
        index: u32,
        /// How many names there are.
        categories: usize,
    },
    /// Two categories have the same name.
    #[error("the category name {name:?} is listed twice; names must differ")]
    DuplicateCategory {
        /// The name that occurs twice.
        name: String,
    },
    /// There is not a single row.
    #[error("no rows: at least one labeled text is needed")]
    NoRows,
    /// A matrix has another number of rows than there are labels.
    #[error("layer {layer} has {rows} rows, but there are {labels} labels; row i must be text i")]
    RowMismatch {
        /// The layer of the matrix.
        layer: Layer,
        /// Its rows.
        rows: usize,
        /// The labels.
        labels: usize,
    },
    /// The same layer is listed twice.
    #[error("layer {layer} occurs twice in the stack")]
    DuplicateLayer {
        /// The layer in question.
        layer: Layer,
    },
}
