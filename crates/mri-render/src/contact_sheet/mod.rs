//! The contact sheet: a small heatmap per category and layer.

mod bands;
mod sheet;
mod table;

pub use sheet::{contact_sheet, contact_sheets};
