//! Whether two sides of a contrast differ by more than chance, per cell, edge and layer.

mod contrast;
mod label_test;

pub use contrast::Contrast;
pub use label_test::{CellTest, LayerTest, Significance};
