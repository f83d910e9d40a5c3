//! Nearest rows: the one search of the workspace.
//!
//! [`nearest_rows`] is exhaustive, [`approximate_nearest_rows`] is not; both compute distances in
//! `f32` from a [`Table`]. [`k_nearest`] selects from distances that are known already, in `f64`.

mod descent;
mod exact;
#[cfg(test)]
pub(crate) mod golden;
mod graph;
mod neighbors;
mod search;
mod select;
mod table;

pub(crate) use graph::Graph;
pub use neighbors::Neighbors;
pub use search::{approximate_nearest_rows, nearest_rows};
pub(crate) use search::{of_queries, of_table};
pub(crate) use select::k_nearest;
pub(crate) use table::Table;
