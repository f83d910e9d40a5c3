//! `llm-mri report`: one page to explore a scan with.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use llm_mri::Scan;

use super::progress::{Bar, say};

/// Write one HTML file to explore a scan with.
///
/// The file holds the maps, regions, texts, comparisons and the graph and makes no network request;
/// it can be sent to others as it is. `llm-mri scan` writes one; this command writes it again,
/// after an update of the program, after `llm-mri reduce`, or elsewhere. Maps that were not cut
/// into regions yet are cut by a grid of 10 x 10.
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
    let scan = Scan::open(&args.scan)?.with_regions()?;
    scan.save_report(&path, &bar)?;
    bar.finish();
    if !args.quiet {
        say(&format!("wrote {}", path.display()));
    }
    Ok(())
}
