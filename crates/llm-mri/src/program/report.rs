//! `llm-mri report`: one page to explore a scan with.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use llm_mri::Scan;

use super::progress::{Bar, say};

/// Write one HTML file to explore a scan with.
///
/// The file holds the maps, regions, texts, comparisons and the graph, and asks nothing of any
/// network; it can be sent to others as it is. `llm-mri scan` has written one already; this makes it
/// anew, after an update of the program, or elsewhere.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  llm-mri report scan-out --out ~/scan.html")]
pub(crate) struct ReportArgs {
    /// Folder of the scan
    #[arg(value_name = "OUT")]
    scan: PathBuf,

    /// File to write [default: OUT/report.html]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Show no progress and print nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn run(args: ReportArgs) -> Result<()> {
    let path = args.out.unwrap_or_else(|| args.scan.join("report.html"));
    let bar = Bar::new(args.quiet);
    Scan::open(&args.scan)?.save_report(&path, &bar)?;
    bar.finish();
    if !args.quiet {
        say(&format!("wrote {}", path.display()));
    }
    Ok(())
}
