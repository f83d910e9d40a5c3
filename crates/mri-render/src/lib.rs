//! Figures of maps, regions and region graphs, and the HTML report of llm-mri.
//!
//! Every figure is a [`Figure`]: an SVG, which can also be rasterized to PNG, so that the two never
//! differ. One font is embedded; figures need nothing from the system, and the same input gives the
//! same bytes. Only for characters outside Latin, Greek and Cyrillic does a PNG use installed fonts
//! ([`undrawable_letters`] returns those that no installed font has).
//!
//! - [`heatmap_sheet`] draws the grids of several layers under one color scale,
//!   [`difference_sheet`] the significant differences of two sides, [`contact_sheet`] all
//!   categories at once;
//! - [`graph_picture`] draws a region graph with a column per layer, [`path_picture`] the path of
//!   one text through it;
//! - [`line_chart`], [`metrics_chart`] and [`scree`] draw numbers by layer;
//! - [`scatter_animation`] moves the texts themselves from layer to layer.
//!
//! Colors are safe for color-blind readers (coolwarm for two categories, Petroff's sequences for
//! more), and every category also has a marker. Every figure takes a [`FigureStyle`]: light or dark
//! theme, width, height and font size.
//!
//! A [`Report`] is one HTML file to explore a scan with. It contains its data and makes no network
//! request; its script and style are in `assets/`.
//!
//! # Example
//!
//! Three texts of two categories in one layer, as a heatmap of their grid:
//!
//! ```
//! use std::sync::Arc;
//!
//! use mri_core::{Component, Embedding, Labels, Layer, Points};
//! use mri_grid::{Binning, grid_stack};
//! use mri_render::{Caption, FigureStyle, HeatmapStyle, Quantity, heatmap_sheet};
//! use ndarray::array;
//!
//! let labels = Arc::new(Labels::from_names(["law", "law", "art"])?);
//! let axis = |name: &str| Component { name: name.into(), explained_variance_ratio: None };
//! let map = Points {
//!     coordinates: array![[0.0_f32, 0.0], [0.1, 0.0], [1.0, 1.0]],
//!     components: vec![axis("PC1"), axis("PC2")],
//!     degenerate: false,
//! };
//! let embedding = Embedding::new(labels, vec![(Layer::resid(1), map)])?;
//! let grids = grid_stack(&embedding, Binning::Uniform { side: 2 })?;
//!
//! let caption = Caption { model: "my-model".into(), ..Caption::default() };
//! let style = HeatmapStyle::default().with_figure(FigureStyle::dark());
//! let figure = heatmap_sheet(&grids, &embedding, Quantity::Category(0), &caption, &style)?;
//!
//! assert!(figure.svg().contains("Where “law” lies"));
//! assert_eq!(&figure.png(2.0)?[1..4], b"PNG");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(missing_docs)]

mod canvas;
mod caption;
mod category;
mod chart;
mod color;
mod colormap;
mod contact_sheet;
mod error;
mod fallback;
mod figure;
mod figure_style;
mod font;
mod graph;
mod header;
mod heatmap;
mod layout;
mod legend;
mod marker;
mod names;
mod palette;
mod raster;
mod report;
mod save;
mod scatter;
mod text;
mod theme;

pub use caption::Caption;
pub use chart::{LineChart, LinePanel, Series, line_chart, metrics_chart, scree};
pub use color::Color;
pub use colormap::{Colormap, category_color};
pub use contact_sheet::{contact_sheet, contact_sheets};
pub use error::RenderError;
pub use fallback::undrawable_letters;
pub use figure::Figure;
pub use figure_style::FigureStyle;
pub use graph::{GraphStyle, graph_picture, path_picture};
pub use heatmap::{HeatmapStyle, MAX_DRAWN_SIDE, Quantity, difference_sheet, heatmap_sheet};
pub use layout::{LayeredLayout, count_crossings, layered_layout};
pub use report::{Facts, Report, ReportTable, TableEntry, is_report, report_text_limit};
pub use scatter::{Animation, ScatterStyle, scatter_animation};
pub use theme::Theme;
