//! `llm-mri merge`: the shards of a recording into one.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use llm_mri::{Output, check_output};

use super::progress::say;

/// Join the shards that `extract --shard` recorded into one recording.
///
/// Every shard has to be there, all recorded with the same model, texts and options. OUT is then as
/// if it had been recorded in one go: `llm-mri scan --out OUT` with the same model and texts goes
/// on from it. The shards stay as they are.
#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// Folder to write; made if it is not there
    out: PathBuf,

    /// Folders of all shards, in any order
    #[arg(required = true, value_name = "PART")]
    parts: Vec<PathBuf>,

    /// Print nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn run(args: MergeArgs) -> Result<()> {
    let parts: Vec<&Path> = args.parts.iter().map(PathBuf::as_path).collect();
    check_output(&args.out, Output::Scan, false, &parts)?;
    let (manifest, activations) = llm_mri::merge_stores(&args.parts, &args.out)?;
    if !args.quiet {
        say(&format!(
            "{} shards, {} texts, {} layers",
            args.parts.len(),
            manifest.corpus.texts,
            activations.len()
        ));
        say(&format!("wrote {}", args.out.display()));
    }
    Ok(())
}
