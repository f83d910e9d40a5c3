//! The flags that `scan` and `extract` share: which model, which texts, how to record.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};
use llm_mri::corpus::{Format, Quotes, TextEncoding};
use llm_mri::{Corpus, CorpusOptions, Device, Dtype, ModelSource, Pooling, Scan, ScanBuilder};

use super::progress::say;
use super::table::cut;
use super::threads;
use super::values::{self, positive};

/// What errors and the manifest call the texts of `--data -`.
const STANDARD_INPUT: &str = "standard input";

/// Which model reads which texts, and how.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// The model: a folder with config.json, tokenizer.json and model.safetensors, a GGUF file (of
    /// several parts, any one), or its id on the Hugging Face hub, such as
    /// sentence-transformers/all-MiniLM-L6-v2. A model of the hub is fetched once and then kept
    /// where the Python client keeps it; HF_HOME, HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE work as
    /// there
    #[arg(long, short, value_name = "DIR|FILE|ID", required_unless_present_any = ["module", "engine"])]
    pub(crate) model: Option<String>,

    /// What runs the model; the default follows from the other options
    #[arg(long, value_name = "NAME")]
    pub(crate) engine: Option<Engine>,

    /// A TorchScript module (.pt) with its description (.json) beside it, as
    /// crates/mri-extract/recipes/export_torchscript.py makes them of a model of transformers. Its
    /// tokenizer.json lies in the folder named with --model, or beside it. A module is a program:
    /// run only those you trust
    #[arg(long, value_name = "FILE")]
    pub(crate) module: Option<PathBuf>,

    /// Branch, tag or commit of a model of the hub; name a commit where others are to get the same
    /// numbers
    #[arg(long, value_name = "REV")]
    pub(crate) revision: Option<String>,

    /// The base of a LoRA adapter that --model names, a folder or an id; the default is the weights
    /// beside the adapter, or else the model that it names
    #[arg(long, value_name = "DIR|ID")]
    pub(crate) base: Option<String>,

    /// The labelled texts: a table (.csv or .tsv with a header, .jsonl, .json, .parquet, .arrow;
    /// the first four also as .gz or .zst), a dataset of Hugging Face's datasets (saved, cloned or
    /// cached), a folder of tables, or a folder with one folder of .txt files per label; - is
    /// standard input, see --format
    #[arg(long, short, value_name = "FILE|DIR|-")]
    pub(crate) data: PathBuf,

    /// Folder to write; made if it is not there
    #[arg(long, short, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// Replace what OUT holds if it is another recording, instead of refusing. A recording of the
    /// same model, texts and options is reused or resumed either way
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

    /// Take the labels even if there are more than half as many as texts, instead of asking whether
    /// another column was meant
    #[arg(long, help_heading = "Texts")]
    pub(crate) many_labels: bool,

    /// Keep the path of the texts in manifest.json, instead of the name of the file alone
    #[arg(long, help_heading = "Texts")]
    pub(crate) keep_path: bool,

    /// Leave out rows without a text or a label and say how many, instead of stopping at the first
    #[arg(long, help_heading = "Texts")]
    pub(crate) drop_missing: bool,

    /// What DATA is, where its name does not tell
    #[arg(long, value_name = "FORMAT", value_parser = values::format(), help_heading = "Texts")]
    pub(crate) format: Option<Format>,

    /// What quotes mean in a table
    #[arg(
        long,
        value_name = "QUOTES",
        default_value = "auto",
        value_parser = values::quotes(),
        help_heading = "Texts"
    )]
    pub(crate) quotes: Quotes,

    /// The encoding of texts that are neither UTF-8 nor start with a byte order mark, such as
    /// windows-1252 or shift_jis
    #[arg(long, value_name = "NAME", help_heading = "Texts")]
    pub(crate) encoding: Option<TextEncoding>,

    /// The part of a dataset to read where it has several, such as train
    #[arg(long, value_name = "NAME", help_heading = "Texts")]
    pub(crate) split: Option<String>,

    /// Work on a random sample of so many texts; try things out on a few hundred
    #[arg(long, value_name = "N", help_heading = "Texts")]
    pub(crate) limit: Option<usize>,

    /// Draw at most so many texts of each label, so that labels weigh alike
    #[arg(long, value_name = "N", help_heading = "Texts")]
    pub(crate) per_class: Option<usize>,

    /// Seed of --limit and --per-class: the same seed draws the same texts, another one others,
    /// which shows what in a picture depends on the draw
    #[arg(long, value_name = "S", default_value_t = 0, help_heading = "Texts")]
    pub(crate) sample_seed: u64,

    /// How the token states of a text become one row: auto (what a model of sentence-transformers
    /// says, else first for encoders and last for decoders), first, last, mean, max or position:N
    #[arg(
        long,
        value_name = "POOLING",
        default_value = "auto",
        value_parser = pooling,
        help_heading = "Recording"
    )]
    pub(crate) pooling: PoolingChoice,

    /// Cut texts after this many tokens; the default is that of a model of sentence-transformers,
    /// else 512, or the limit of tokenizer or model if smaller
    #[arg(long, value_name = "TOKENS", help_heading = "Recording")]
    pub(crate) max_length: Option<usize>,

    /// Where the model runs: auto (a GPU if libtorch sees one), cpu, cuda or cuda:N
    #[arg(long, default_value = "auto", help_heading = "Recording")]
    pub(crate) device: Device,

    /// Number format of the model's arithmetic
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "f32",
        value_parser = values::dtype(),
        help_heading = "Recording"
    )]
    pub(crate) dtype: Dtype,

    /// Record rows with values that are not finite, instead of stopping at the first
    #[arg(long, help_heading = "Recording")]
    pub(crate) keep_non_finite: bool,

    /// Threads to work with, at most four per core; the default is one per core
    #[arg(long, value_name = "N", value_parser = positive, help_heading = "Recording")]
    pub(crate) threads: Option<usize>,

    /// Show no progress and print nothing but errors
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Labels that are listed, and letters of a name among others.
const LISTED: usize = 30;
const NAME: usize = 60;

/// What runs a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// Transformers of the families that the README lists
    Libtorch,
    /// Any module that returns hidden states, see --module
    Torchscript,
}

/// A pooling, or `None` for what suits the model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PoolingChoice(Option<Pooling>);

fn pooling(text: &str) -> Result<PoolingChoice, String> {
    match text {
        "auto" => Ok(PoolingChoice(None)),
        _ => match text.parse() {
            Ok(pooling) => Ok(PoolingChoice(Some(pooling))),
            Err(error) => Err(format!("{error}, or auto")),
        },
    }
}

impl SourceArgs {
    /// Sets the builder's options from the flags.
    pub(crate) fn apply(&self, builder: ScanBuilder) -> Result<ScanBuilder> {
        let options = self.corpus_options();
        let builder = self.apply_model(builder)?;
        let builder = if self.data == Path::new("-") {
            // What comes in is read once and kept.
            let stream = std::io::stdin().lock();
            builder.corpus(Corpus::from_reader(
                Path::new(STANDARD_INPUT),
                stream,
                &options,
            )?)
        } else {
            builder.data(&self.data)
        };
        let mut builder = builder
            .out(&self.out)
            .replace(self.force)
            .corpus_options(options)
            .any_labels(self.many_labels)
            .keep_path(self.keep_path)
            .device(self.device)
            .dtype(self.dtype)
            .keep_non_finite(self.keep_non_finite);
        if let PoolingChoice(Some(pooling)) = self.pooling {
            builder = builder.pooling(pooling);
        }
        if let Some(tokens) = self.max_length {
            builder = builder.max_length(tokens);
        }
        if let Some(threads) = threads::chosen() {
            builder = builder.threads(threads);
        }
        Ok(builder)
    }

    /// How the texts are read.
    fn corpus_options(&self) -> CorpusOptions {
        CorpusOptions::default()
            .with_text_column(self.text.clone())
            .with_label_column(self.label.clone())
            .with_drop_missing(self.drop_missing)
            .with_limit(self.limit)
            .with_per_class(self.per_class)
            .with_sample_seed(self.sample_seed)
            .with_split(self.split.clone())
            .with_format(self.format)
            .with_quotes(self.quotes)
            .with_encoding(self.encoding)
    }

    /// Sets the model and its engine.
    fn apply_model(&self, builder: ScanBuilder) -> Result<ScanBuilder> {
        let torchscript = match self.engine {
            Some(engine) => engine == Engine::Torchscript,
            None => self.module.is_some(),
        };
        match (&self.module, &self.model) {
            (Some(module), model) if torchscript => {
                anyhow::ensure!(
                    self.dtype == Dtype::F32,
                    "--dtype {}: a module computes in the numbers that it was exported in; leave it out",
                    self.dtype
                );
                anyhow::ensure!(
                    self.revision.is_none(),
                    "--revision: a module is a file; leave it out"
                );
                let beside = module.parent().unwrap_or(Path::new(""));
                let tokenizer = model.as_deref().map_or(beside, Path::new);
                Ok(builder.torchscript(module, tokenizer))
            }
            (None, _) if torchscript => {
                anyhow::bail!("--engine torchscript: name the module with --module FILE")
            }
            (Some(_), _) => {
                anyhow::bail!(
                    "--module: only --engine torchscript runs modules; leave one of them out"
                )
            }
            (None, Some(model)) => {
                let source = ModelSource::parse(model, self.revision.as_deref())?;
                let builder = builder.model_source(source);
                Ok(match &self.base {
                    Some(base) => builder.base(ModelSource::parse(base, None)?),
                    None => builder,
                })
            }
            (None, None) => anyhow::bail!("--model: name the model that is to be run"),
        }
    }

    /// Prints what was read and run.
    pub(crate) fn report(&self, scan: &Scan) {
        for note in scan.notes() {
            say(&note.to_string());
        }
        let m = scan.manifest();
        let labels = m.corpus.labels.iter().zip(&m.corpus.counts);
        let mut categories: Vec<String> = labels
            .take(LISTED)
            .map(|(name, n)| format!("{} {n}", cut(name, NAME)))
            .collect();
        if m.corpus.labels.len() > LISTED {
            categories.push(format!(
                "and {} more labels",
                m.corpus.labels.len() - LISTED
            ));
        }
        say(&format!(
            "{} rows read, {} texts ({})",
            m.corpus.read + m.corpus.dropped,
            m.stats.texts,
            categories.join(", ")
        ));
        let sampled = self.limit.or(self.per_class).is_some();
        if sampled && m.corpus.read > m.corpus.texts {
            say(&format!(
                "they are a random sample of {} texts, seed {} (--sample-seed)",
                m.corpus.read, self.sample_seed
            ));
        }
        if m.corpus.dropped > 0 {
            say(&format!(
                "{} rows without text or label were left out",
                m.corpus.dropped
            ));
        }
        self.report_notes(scan);
        let cut = &m.tokenizer;
        if cut.truncated > 0 {
            say(&format!(
                "{} texts were cut at {} tokens (--max-length)",
                cut.truncated, cut.max_length
            ));
        }
        let seconds = scan.timings().get("forward pass").copied().unwrap_or(0.0);
        say(&format!(
            "{}: {} layers, {} tokens in {seconds:.1} s, pooling {}",
            m.model.info.name,
            m.recording.layers.len(),
            m.stats.tokens_run,
            m.recording.pooling
        ));
    }

    /// Prints what was noticed in the texts.
    fn report_notes(&self, scan: &Scan) {
        let m = scan.manifest();
        let Some(notes) = scan.corpus_notes() else {
            return;
        };
        for names in &notes.similar_labels {
            let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
            say(&format!(
                "warning: labels that differ only in case or white space: {}; \
                 if they mean the same, give them one name",
                names.join(", ")
            ));
        }
        if notes.n_replaced > 0 {
            say(&format!(
                "{} rows hold half of a surrogate pair, which is no character; U+FFFD stands for it",
                notes.n_replaced
            ));
        }
        if notes.n_trailing_space > 0 && m.recording.pooling == Pooling::Last {
            say(&format!(
                "{} of the {} texts read end in white space, which pooling last may take for \
                 their last token",
                notes.n_trailing_space, m.corpus.read
            ));
        }
    }
}
