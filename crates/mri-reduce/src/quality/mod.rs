//! How much of the neighborhoods and distances among the rows a reduction keeps.

mod concordance;
mod correlation;
mod distance_table;
mod measure;
mod options;
mod placement;
mod row_quality;

pub use measure::{PointQuality, Quality, quality};
pub use options::QualityOptions;
pub use placement::{RowsAndPoints, placement};
