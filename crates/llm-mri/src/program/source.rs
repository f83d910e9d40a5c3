//! The flags that `scan` and `extract` share: which model, which texts, how to record.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result};
use clap::Args;
use llm_mri::{CorpusOptions, Device, Dtype, Pooling, Scan, ScanBuilder};

use super::progress::say;

/// Which model reads which texts, and how.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// Folder of the model: config.json, tokenizer.json and model.safetensors, as the Hugging
    /// Face hub has them
    #[arg(long, short, value_name = "DIR")]
    pub(crate) model: PathBuf,

    /// The labelled texts: a CSV or TSV file with a header, or a folder with one folder of .txt
    /// files per label
    #[arg(long, short, value_name = "FILE|DIR")]
    pub(crate) data: PathBuf,

    /// Folder to write; made if it is not there
    #[arg(long, short, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// Replace what OUT holds if it is not the recording asked for, instead of refusing. One of the
    /// same model, texts and options is reused or gone on with all the same
    #[arg(long)]
    pub(crate) force: bool,

    /// Column of a table that holds the texts
    #[arg(
        long,
        value_name = "COL",
        default_value = "text",
        help_heading = "Texts"
    )]
    pub(crate) text: String,

    /// Column of a table that holds the labels
    #[arg(
        long,
        value_name = "COL",
        default_value = "label",
        help_heading = "Texts"
    )]
    pub(crate) label: String,

    /// Leave out rows without a text or a label and say how many, instead of stopping at the first
    #[arg(long, help_heading = "Texts")]
    pub(crate) drop_missing: bool,

    /// How the token states of a text become one row: auto (first for encoders, last for
    /// decoders), first, last, mean, max or position:N
    #[arg(
        long,
        value_name = "POOLING",
        default_value = "auto",
        help_heading = "Recording"
    )]
    pub(crate) pooling: String,

    /// Cut texts after this many tokens; the default is 512, or the model's limit if smaller
    #[arg(long, value_name = "TOKENS", help_heading = "Recording")]
    pub(crate) max_length: Option<usize>,

    /// Where the model runs: auto (a GPU if libtorch sees one), cpu, cuda or cuda:N
    #[arg(long, default_value = "auto", help_heading = "Recording")]
    pub(crate) device: String,

    /// Number format of the model's arithmetic: f32, bf16 or f16
    #[arg(long, default_value = "f32", help_heading = "Recording")]
    pub(crate) dtype: String,

    /// Threads to work with; the default is one per core
    #[arg(long, value_name = "N", help_heading = "Recording")]
    pub(crate) threads: Option<usize>,

    /// Show no progress and print nothing but errors
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

impl SourceArgs {
    /// Tells the builder all that these flags say.
    pub(crate) fn apply(&self, builder: ScanBuilder) -> Result<ScanBuilder> {
        let mut builder = builder
            .model(&self.model)
            .data(&self.data)
            .out(&self.out)
            .replace(self.force)
            .corpus_options(CorpusOptions {
                text_column: self.text.clone(),
                label_column: self.label.clone(),
                drop_missing: self.drop_missing,
            })
            .device(Device::from_str(&self.device).context("--device")?)
            .dtype(Dtype::from_str(&self.dtype).context("--dtype")?);
        if self.pooling != "auto" {
            builder = builder.pooling(Pooling::from_str(&self.pooling).context("--pooling")?);
        }
        if let Some(tokens) = self.max_length {
            builder = builder.max_length(tokens);
        }
        if let Some(threads) = self.threads {
            anyhow::ensure!(threads > 0, "--threads 0: at least 1 is needed");
            builder = builder.threads(threads);
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build_global()?;
        }
        Ok(builder)
    }

    /// What was read and run.
    pub(crate) fn report(&self, scan: &Scan) {
        let m = scan.manifest();
        let categories: Vec<String> = m
            .corpus
            .labels
            .iter()
            .zip(&m.corpus.counts)
            .map(|(name, n)| format!("{name} {n}"))
            .collect();
        say(&format!(
            "{} texts ({})",
            m.stats.texts,
            categories.join(", ")
        ));
        if m.corpus.dropped > 0 {
            say(&format!(
                "{} rows without text or label were left out",
                m.corpus.dropped
            ));
        }
        let cut = &m.tokenizer;
        if cut.truncated > 0 {
            say(&format!(
                "{} texts were cut at {} tokens (--max-length)",
                cut.truncated, cut.max_length
            ));
        }
        let seconds = scan
            .notes()
            .timings
            .get("forward pass")
            .copied()
            .unwrap_or(0.0);
        say(&format!(
            "{}: {} layers, {} tokens in {seconds:.1} s, pooling {}",
            m.model.info.name,
            m.recording.layers.len(),
            m.stats.tokens_run,
            m.recording.pooling
        ));
    }
}
