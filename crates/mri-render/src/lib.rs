//! Pictures of maps, regions and region graphs.
//!
//! Every picture is a [`Figure`]: an SVG that can also be had as PNG. The SVG is the picture; the
//! PNG is that SVG rasterised, so that the two never differ. One font is embedded, so pictures need
//! nothing that the system may lack, and the same input gives the same bytes.
//!
//! [`heatmap_sheet`] draws the grids of several layers under one colour scale, [`graph_picture`] a
//! region graph with a column per layer. Colours are safe for colour-blind readers (coolwarm for
//! two categories, Petroff's sequences for more), and nothing is told by colour alone.
//!
//! A [`Report`] is one HTML file to explore a scan with. It holds its data and asks nothing of a
//! network; its script and style stand in `assets/`.

#![warn(missing_docs)]

mod canvas;
mod caption;
mod color;
mod colormap;
mod error;
mod figure;
mod graph_picture;
mod heatmap;
mod layout;
mod report;
mod theme;
mod whole;

pub use caption::Caption;
pub use color::Color;
pub use colormap::{Colormap, category_color};
pub use error::RenderError;
pub use figure::Figure;
pub use graph_picture::{GraphStyle, graph_picture};
pub use heatmap::{HeatmapStyle, Quantity, heatmap_sheet};
pub use layout::{LayeredLayout, count_crossings, layered_layout};
pub use report::{Entry, Facts, Report, ReportTable};
pub use theme::Theme;
