//! `llm-mri extract`: activations alone.

use std::str::FromStr;

use anyhow::{Context, Result};
use clap::Args;
use llm_mri::{Scan, Shard, Site, StoreDtype};

use super::progress::{Bar, say};
use super::source::SourceArgs;

/// Record the activations of every layer and nothing more.
///
/// Writes OUT/manifest.json and OUT/activations/SITE.NN.npy, float32 of shape (texts, width) with
/// row i for text i, which `numpy.load` opens. A run that was stopped is gone on with when it is
/// started again.
#[derive(Debug, Args)]
pub(crate) struct ExtractArgs {
    #[command(flatten)]
    source: SourceArgs,

    /// What to record of every block, separated by commas: resid (the residual stream), attn_out
    /// and mlp_out (what the block adds to it), mlp_act (the neurons)
    #[arg(
        long,
        value_name = "SITE",
        value_delimiter = ',',
        default_value = "resid",
        help_heading = "Recording"
    )]
    sites: Vec<String>,

    /// Take the last residual layer before the model's final norm, not after it as transformers
    /// does
    #[arg(long, help_heading = "Recording")]
    no_final_norm: bool,

    /// Number format of the files: f32, or f16 in half the room with three digits
    #[arg(long, value_name = "FORMAT", default_value = "f32")]
    store: String,

    /// Record only the I-th of N parts of the texts; `llm-mri merge` joins them
    #[arg(long, value_name = "I/N")]
    shard: Option<String>,
}

pub(crate) fn run(args: ExtractArgs) -> Result<()> {
    let source = &args.source;
    let sites = args.sites.iter().map(|name| Site::from_str(name));
    let sites: Vec<Site> = sites.collect::<Result<_, _>>().context("--sites")?;
    let mut builder = source
        .apply(Scan::builder())?
        .sites(sites)
        .final_norm(!args.no_final_norm)
        .store_dtype(match args.store.as_str() {
            "f32" => StoreDtype::F32,
            "f16" => StoreDtype::F16,
            other => anyhow::bail!("--store {other}: expected f32 or f16"),
        });
    if let Some(shard) = &args.shard {
        builder = builder.shard(Shard::from_str(shard).context("--shard")?);
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
