//! Charts: lines over layers, values per series, and stacked bars.

mod axis;
mod draw;
mod line_chart;
mod line_style;
mod metrics;
mod panel;
mod scree;

pub use draw::line_chart;
pub use line_chart::{LineChart, LinePanel, Series};
pub use metrics::metrics_chart;
pub use scree::scree;
