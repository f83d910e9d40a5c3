//! Pictures of maps, regions and region graphs.
//!
//! Every picture is a [`Figure`]: an SVG that can also be had as PNG. The SVG is the picture; the
//! PNG is that SVG rasterised, so that the two never differ. One font is embedded, so pictures need
//! nothing that the system may lack, and the same input gives the same bytes. Only for letters that it
//! has not (it has Latin, Greek and Cyrillic ones) does a PNG ask the fonts that are installed
//! ([`undrawable_letters`] says which they lack too).
//!
//! [`heatmap_sheet`] draws the grids of several layers under one colour scale, [`difference_sheet`] says
//! what of a difference is more than chance, [`contact_sheet`] shows all categories at once;
//! [`graph_picture`] draws a region graph with a column per layer (a single layer as the map of its cells) and [`path_picture`] one text's way
//! through it; [`line_chart`], [`metrics_chart`] and [`scree`] draw numbers by layer; and
//! [`through_layers`] moves the texts themselves. Colours are safe for colour-blind readers (coolwarm
//! for two categories, Petroff's sequences for more), and nothing is told by colour alone.
//!
//! Every figure takes a [`Look`]: light or dark, as wide and high as wanted, with letters of a size.
//!
//! A [`Report`] is one HTML file to explore a scan with. It holds its data and asks nothing of a
//! network; its script and style stand in `assets/`.

#![warn(missing_docs)]

mod animation;
mod canvas;
mod caption;
mod category;
mod chart;
mod cloud;
mod color;
mod colormap;
mod contact_sheet;
mod error;
mod fallback;
mod figure;
mod graph;
mod header;
mod heatmap;
mod layout;
mod legend;
mod look;
mod marker;
mod palette;
mod report;
mod text;
mod theme;
mod whole;

pub use animation::Animation;
pub use caption::Caption;
pub use chart::{LineChart, LinePanel, Series, line_chart, metrics_chart, scree};
pub use cloud::{CloudStyle, through_layers};
pub use color::Color;
pub use colormap::{Colormap, category_color};
pub use contact_sheet::contact_sheet;
pub use error::RenderError;
pub use fallback::undrawable_letters;
pub use figure::Figure;
pub use graph::{GraphStyle, graph_picture, path_picture};
pub use heatmap::{HeatmapStyle, Quantity, difference_sheet, heatmap_sheet};
pub use layout::{LayeredLayout, count_crossings, layered_layout};
pub use look::Look;
pub use report::{Entry, Facts, Report, ReportTable};
pub use theme::Theme;
