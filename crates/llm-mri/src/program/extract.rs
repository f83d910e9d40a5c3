//! `llm-mri extract`: activations alone.

use anyhow::Result;
use clap::Args;
use llm_mri::Scan;

use super::progress::{Bar, say};
use super::source::SourceArgs;

/// Record the activations of every layer and nothing more.
///
/// Writes OUT/manifest.json and OUT/activations/resid.NN.npy, float32 of shape (texts, width) with
/// row i for text i, which `numpy.load` opens. A run that was stopped is gone on with when it is
/// started again.
#[derive(Debug, Args)]
pub(crate) struct ExtractArgs {
    #[command(flatten)]
    source: SourceArgs,
}

pub(crate) fn run(args: ExtractArgs) -> Result<()> {
    let source = &args.source;
    let bar = Bar::new(source.quiet);
    let scan = source
        .apply(Scan::builder())?
        .activations_only()
        .run_with(&bar)?;
    bar.finish();
    if !source.quiet {
        source.report(&scan);
        say(&format!("wrote {}", source.out.display()));
    }
    Ok(())
}
