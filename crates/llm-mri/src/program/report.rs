//! `llm-mri report`: one page to explore a scan with.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use llm_mri::{Output, Scan, check_output};

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
    let own = args.scan.join("report.html");
    let path = args.out.as_ref().unwrap_or(&own);
    check_output(path, Output::Report, false, &[&args.scan])?;
    let bar = Bar::new(args.quiet);
    let scan = if is_in(path, &args.scan) {
        Scan::open_for_writing(&args.scan)
    } else {
        Scan::open(&args.scan)
    };
    scan?.with_regions()?.save_report(path, &bar)?;
    bar.finish();
    if !args.quiet {
        say(&format!("wrote {}", path.display()));
    }
    Ok(())
}

/// Whether a file lies in a folder.
fn is_in(file: &Path, folder: &Path) -> bool {
    let parent = match file.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return false,
    };
    match (parent.canonicalize(), folder.canonicalize()) {
        (Ok(parent), Ok(folder)) => parent == folder,
        _ => false,
    }
}
