//! Heatmaps of grids: counts and differences, a panel per layer under one color scale.

mod cells;
mod difference;
mod limit;
mod panel;
mod quantity;
mod scale;
mod sheet;
mod style;

pub(crate) use cells::{CellValues, draw_cells};
pub use difference::difference_sheet;
pub use limit::MAX_DRAWN_SIDE;
pub(crate) use panel::{check_side, layer_points};
pub use quantity::{Quantity, heatmap_sheet};
pub(crate) use scale::{COLOR_BAR_WIDTH, ColorBar, LINE_HEIGHT, Scale};
pub use style::HeatmapStyle;
