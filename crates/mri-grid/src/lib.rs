//! Points in, regions out.
//!
//! A [`Grid`] cuts the map of one layer into cells. It keeps, for every text, its cell, and for
//! every axis its bin edges, so that counts, the texts of a region and the place of a new point all
//! follow from one value. Counts are always those of the **full** grid: a row or column of cells
//! without any text is part of the picture.
//!
//! Equal-width bins are those of pandas' `cut`, the convention of the library whose numbers ours
//! are compared with; equal-count bins are the choice for points with outliers.

#![warn(missing_docs)]

mod binning;
mod cell;
mod error;
mod grid;
mod words;

pub use binning::Binning;
pub use cell::Cell;
pub use error::GridError;
pub use grid::{Grid, GridStack, grid_stack};
pub use words::Word;
