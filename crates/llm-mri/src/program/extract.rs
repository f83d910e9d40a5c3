//! `llm-mri extract`: activations alone.

use anyhow::Result;
use clap::Args;
use llm_mri::{Scan, Shard, Site, StoreDtype};

use super::progress::{Bar, say};
use super::source::SourceArgs;
use super::values;

/// Record the activations of every layer and nothing more.
///
/// Writes OUT/manifest.json and OUT/activations/SITE.NN.npy, float32 of shape (texts, width) with
/// row i for text i, which `numpy.load` opens. An interrupted run resumes when it is started again.
#[derive(Debug, Args)]
pub(crate) struct ExtractArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// What to record of every block, separated by commas
    #[arg(
        long,
        value_name = "SITE",
        value_delimiter = ',',
        default_value = "resid",
        value_parser = values::site(),
        help_heading = "Recording"
    )]
    sites: Vec<Site>,

    /// Take the last residual layer before the model's final norm, not after it as transformers
    /// does
    #[arg(long, help_heading = "Recording")]
    no_final_norm: bool,

    /// Number format of the files
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "f32",
        value_parser = values::store_dtype()
    )]
    store: StoreDtype,

    /// Record only the I-th of N parts of the texts; `llm-mri merge` joins them
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
}

pub(crate) fn run(args: ExtractArgs) -> Result<()> {
    let source = &args.source;
    let mut builder = source
        .apply(Scan::builder())?
        .sites(args.sites)
        .final_norm(!args.no_final_norm)
        .store_dtype(args.store);
    if let Some(shard) = args.shard {
        builder = builder.shard(shard);
    }
    let bar = Bar::new(source.quiet);
    let scan = builder.activations_only().run_with(&bar)?;
    bar.finish();
    if !source.quiet {
        source.report(&scan);
        say(&format!("wrote {}", source.out.display()));
    }
    Ok(())
}
