//! The HTML report: one file to explore a scan with, which needs no network and no server.

mod block;
mod data;
mod html;
mod metrics;
mod page;
mod scan_block;
mod shown_texts;
mod table;

pub use data::Report;
pub use page::is_report;
pub use shown_texts::report_text_limit;
pub use table::{Facts, ReportTable, TableEntry};
