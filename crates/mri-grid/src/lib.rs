//! Maps cut into regions: cells, their texts, counts and words.
//!
//! A [`Grid`] cuts the map of one layer (points with two components) into `side` × `side` cells.
//! Its key decision: it keeps the cell of every text and the bin edges of both axes, so that
//! counts, the texts of a cell and the cell of a new point all follow from one value. Counts are
//! those of the **full** grid, with the rows and columns that have no text.
//!
//! Bins of equal width are those of pandas' `cut`, so that cells can be compared with those of the
//! Python library LLM-MRI; bins of equal counts are for maps with outliers ([`Binning`]).
//!
//! ```
//! use mri_core::Labels;
//! use mri_grid::{Binning, Cell, Grid};
//! use ndarray::array;
//!
//! // The map of one layer: four texts, two components.
//! let map = array![[0.0_f32, 0.0], [0.1, 0.2], [0.9, 1.0], [1.0, 0.9]];
//! let grid = Grid::new(map.view(), Binning::Uniform { side: 2 })?;
//! let low = Cell { x: 0, y: 0 };
//! assert_eq!(grid.rows_in(low), [0, 1]);
//! assert_eq!(grid.place([7.0, 7.0]), Cell { x: 1, y: 1 });
//!
//! let labels = Labels::from_names(["law", "law", "law", "art"])?;
//! let counts = grid.counts(&labels);
//! assert_eq!(counts.dim(), (2, 2, 2));
//! assert_eq!((counts[(0, 0, 0)], counts[(0, 1, 1)], counts[(1, 1, 1)]), (2, 1, 1));
//!
//! // What the texts of a cell are about, and which of them is nearest to its middle.
//! let texts = ["a court ruled", "the court and the law", "a law on music", "music and dance"];
//! assert_eq!(grid.words(&texts, 1)[&low][0].word, "court");
//! assert_eq!(grid.typical_rows(low, map.view()), [1, 0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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

/// Runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
