//! The HTML report: one file to explore a scan with, which needs no network and no server.

mod block;
mod data;
mod html;
mod metrics;
mod page;
mod scan_block;
mod table;

pub use data::Report;
pub use page::is_report;
pub use table::{Facts, ReportTable, TableEntry};
