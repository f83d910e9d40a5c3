//! Graphs, tests and metrics as files, and the JSON of a graph read back.

mod columns;
mod csv;
mod dot;
mod gexf;
mod graphml;
mod import;
mod json;
mod metrics_csv;
#[cfg(feature = "parquet")]
mod parquet;
mod significance_csv;
mod xml;

pub use self::columns::GraphTable;
pub use self::csv::{write_edges_csv, write_nodes_csv};
pub use self::dot::write_dot;
pub use self::gexf::write_gexf;
pub use self::graphml::write_graphml;
pub use self::import::read_json;
pub use self::json::{write_correlation_json, write_json};
pub use self::metrics_csv::{MetricsRow, write_metrics_csv};
#[cfg(feature = "parquet")]
pub use self::parquet::{write_edges_parquet, write_nodes_parquet};
pub use self::significance_csv::{NamedTests, write_cell_significance, write_edge_significance};
