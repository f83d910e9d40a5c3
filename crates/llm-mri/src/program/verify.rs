//! `llm-mri verify`: is a scan's folder as it was written?

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use llm_mri::{Scan, Source, Verification};

use super::progress::{Bar, say};

/// Compare every file of a scan with its checksum.
///
/// Names the files that are damaged, cut or missing and what makes each again, and those that are
/// none of the scan's, which is no error. Every other command compares only the files that it
/// reads. Exits with 1 if anything is damaged.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  llm-mri verify scan-out
  llm-mri verify scan-out --repair")]
pub(crate) struct VerifyArgs {
    /// Folder of the scan
    out: PathBuf,

    /// Make again what is derived: maps, by the options they were made with, regions, graph,
    /// figures and report. A damaged recording needs its model and texts
    #[arg(long)]
    repair: bool,

    /// Show no progress and print nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn run(args: VerifyArgs) -> Result<()> {
    let bar = Bar::new(args.quiet);
    let mut found = Scan::verify(&args.out, &bar)?;
    let mut repaired = Vec::new();
    if args.repair && !found.is_whole() {
        let after = Scan::repair(&args.out, &found, &bar)?;
        let still = |name: &String| after.damaged.iter().any(|(other, _)| other == name);
        let before = found.damaged.into_iter().map(|(name, _)| name);
        repaired = before.filter(|name| !still(name)).collect();
        found = after;
    }
    bar.finish();
    if !args.quiet {
        for name in &repaired {
            say(&format!("{name}: made again"));
        }
        report(&found);
    }
    ensure!(
        found.is_whole(),
        "{}: {} of {} files are damaged",
        args.out.display(),
        found.damaged.len(),
        found.files
    );
    Ok(())
}

fn report(found: &Verification) {
    for (name, damage) in &found.damaged {
        say(&format!("{name}: {damage}; {}", remedy(Source::of(name))));
    }
    for name in &found.unknown {
        say(&format!("{name}: none of the scan's files"));
    }
    if found.files == 0 {
        say(
            "recorded by a version without checksums: its files fit together, and nothing more is known",
        );
    } else if found.is_whole() {
        let megabytes = found.bytes as f64 / 1e6;
        say(&format!(
            "{} files, {megabytes:.1} MB: as they were written",
            found.files
        ));
    }
}

/// What makes a damaged file again.
fn remedy(source: Source) -> &'static str {
    match source {
        Source::Recording => {
            "the command that recorded it, repeated with --force, records only what is damaged"
        }
        Source::Texts => "`llm-mri scan` on the same folder, model and texts writes it again",
        Source::Maps => "--repair makes the maps again, and `llm-mri reduce` makes others",
        Source::Regions => "--repair makes it again, and so does `llm-mri graph`",
        _ => "--repair makes it again, and so does `llm-mri report`",
    }
}
