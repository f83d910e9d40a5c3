//! `llm-mri extract`: activations alone.

use anyhow::Result;
use clap::Args;
use llm_mri::{OutFolder, Scan};

use super::progress::{Bar, say};
use super::source::SourceArgs;

/// Record the activations of every layer and nothing more.
///
/// Writes OUT/manifest.json and OUT/activations/resid.NN.npy, float32 of shape (texts, width) with
/// row i for text i, which `numpy.load` opens.
#[derive(Debug, Args)]
pub(crate) struct ExtractArgs {
    #[command(flatten)]
    source: SourceArgs,
}

pub(crate) fn run(args: ExtractArgs) -> Result<()> {
    let source = &args.source;
    OutFolder::check(&source.out, source.force)?;
    let bar = Bar::new(source.quiet);
    let scan = source
        .apply(Scan::builder())?
        .activations_only()
        .run_with(&bar)?;
    scan.save_with(&source.out, source.force, &bar)?;
    bar.finish();
    if !source.quiet {
        source.report(&scan);
        say(&format!("wrote {}", source.out.display()));
    }
    Ok(())
}
