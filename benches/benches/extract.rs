//! The speed of recording: tokens per second, and the share of the matrix product rate.
//!
//! ```text
//! cargo bench -p benches --bench extract -- --corpus papers.csv \
//!     [--model FOLDER] [--rounds N] [--every N]
//!     [--threads N] [--record NAME]
//! ```
//!
//! In one run and interleaved, so that a machine which others use too treats all alike: a 2048³
//! product, ours in f32 and bf16, transformers in f32 (`rivals/transformers_hidden.py`) and LLM-MRI
//! (`rivals/llm_mri_hidden.py`). The rivals are run by the pythons that `MRI_RIVAL_PYTHON` and
//! `MRI_PEER_PYTHON` name, and left out where there is none. `--corpus bundled` takes the texts of
//! the examples.
//!
//! Rates count the operations of full forward passes, whether or not an engine saves some of them.
//! For each the median of the rounds is given, and the median of the ratios within a round: what
//! else runs on the machine slows neighbours in time by about the same. `--every N` takes every
//! N-th text, for shorter rounds.
//!
//! `--record NAME` appends the result to `record/NAME.txt`.

#![allow(clippy::print_stdout, reason = "printing is what a bench is for")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};
use mri_core::{Backend, BackendError, Capture, ModelInfo, TokenBatch};
use mri_corpus::{Corpus, CorpusFile, CorpusOptions, TextSource};
use mri_extract::{
    Device, Dtype, RecordOptions, TchBackend, TchOptions, TextTokenizer, record_to_store,
    spec::{Mlp, TransformerSpec},
};
use mri_store::StoreOptions;
use ndarray::Array2;

const SIZE: usize = 2048;

struct Options {
    model: PathBuf,
    corpus: PathBuf,
    rounds: usize,
    every: usize,
    threads: Option<usize>,
    record: Option<String>,
}

/// Seconds of one run.
#[derive(Clone, Copy, Default)]
struct Times {
    forward: f64,
    total: f64,
}

impl Times {
    /// The same with the time of loading counted.
    fn after(self, load: f64) -> Self {
        Self {
            total: self.total + load,
            ..self
        }
    }
}

fn main() -> anyhow::Result<()> {
    let Some(mut options) = options()? else {
        println!("extract: no --corpus FILE given, nothing to measure");
        return Ok(());
    };
    let scratch = tempfile::tempdir()?;
    let start = Instant::now();
    let mut f32 = load(&options, Dtype::F32)?;
    let load_time = start.elapsed().as_secs_f64();
    let mut bf16 = load(&options, Dtype::Bf16)?;
    let tokenizer = TextTokenizer::open(&options.model, f32.model(), None)?;
    let corpus = Corpus::open(&options.corpus, &CorpusOptions::default())?;
    let chosen: Vec<&String> = corpus.texts().iter().step_by(options.every).collect();
    options.corpus = scratch.path().join("corpus.csv");
    write_csv(&options.corpus, &chosen)?;
    let texts = tokenizer.encode(&chosen)?.tokens;
    let work = Work {
        operations: texts.iter().map(|t| flops(f32.spec(), t.len())).sum(),
        tokens: texts.n_tokens() as f64,
    };
    let mut report = format!(
        "{}: {} blocks, {} wide; {} texts, {} tokens, {:.0} GFLOP\n",
        f32.model().name,
        f32.model().n_blocks,
        f32.model().width,
        texts.len(),
        work.tokens,
        work.operations / 1e9
    );
    let transformers = ("MRI_RIVAL_PYTHON", "transformers_hidden.py");
    let mut rival = Rival::start(transformers, &options, scratch.path())?;
    let peer = ("MRI_PEER_PYTHON", "llm_mri_hidden.py");
    let mut peer = Rival::start(peer, &options, scratch.path())?;

    // The first round warms up.
    let mut seen: [Vec<Times>; 5] = Default::default();
    for round in 0..=options.rounds {
        let product = gemm(&f32)?;
        let ours = run(&mut f32, &tokenizer, &options.corpus, scratch.path())?;
        let theirs = rival.as_mut().map(Rival::run).transpose()?;
        let short = run(&mut bf16, &tokenizer, &options.corpus, scratch.path())?;
        let slow = peer.as_mut().map(Rival::run).transpose()?;
        let again = gemm(&f32)?;
        if round == 0 {
            continue;
        }
        // Seconds that the operations of this corpus take at the rate of a product.
        let ideal = 0.5 * (product + again) * work.operations / (2.0 * (SIZE as f64).powi(3));
        seen[0].push(Times {
            forward: ideal,
            total: ideal,
        });
        seen[1].push(ours.after(load_time));
        seen[2].push(short.after(load_time));
        seen[3].extend(theirs.map(|times| times.after(rival.as_ref().map_or(0.0, |r| r.load))));
        seen[4].extend(slow);
    }
    write_rates(&mut report, &seen, &work)?;
    write_ratios(&mut report, &seen)?;
    print!("{report}");
    match &options.record {
        Some(name) => append_record(name, &options, &report),
        None => Ok(()),
    }
}

/// What one run computes.
struct Work {
    /// Floating-point operations of the full forward passes.
    operations: f64,
    tokens: f64,
}

fn write_rates(report: &mut String, seen: &[Vec<Times>; 5], work: &Work) -> anyhow::Result<()> {
    let [product, ours, short, theirs, slow] = seen;
    let rate = work.operations / median(product.iter().map(|t| t.forward));
    writeln!(report, "{SIZE}^3 product, f32: {:.1} GFLOP/s", rate / 1e9)?;
    for (name, times) in [
        ("ours f32", ours),
        ("ours bf16", short),
        ("transformers f32", theirs),
        ("LLM-MRI f32", slow),
    ] {
        if times.is_empty() {
            writeln!(report, "{name:<18} left out: no python is named for it")?;
            continue;
        }
        let forward = median(times.iter().map(|t| t.forward));
        let total = median(times.iter().map(|t| t.total));
        writeln!(
            report,
            "{name:<18} forward {:>7.0} tokens/s {:>6.1} GFLOP/s; with loading, tokenizing and writing {:>7.0} tokens/s",
            work.tokens / forward,
            work.operations / forward / 1e9,
            work.tokens / total,
        )?;
    }
    Ok(())
}

fn write_ratios(report: &mut String, seen: &[Vec<Times>; 5]) -> anyhow::Result<()> {
    let [product, ours, short, theirs, slow] = seen;
    writeln!(report, "ratios, median of the rounds (least to most):")?;
    for (name, above, below) in [
        ("ours f32 : transformers f32, all included", theirs, ours),
        ("ours f32 : LLM-MRI, all included", slow, ours),
        ("ours bf16 : ours f32, all included", ours, short),
    ] {
        ratio(report, name, above, below, |t| t.total)?;
    }
    for (name, above, below) in [
        ("ours bf16 : ours f32, forward", ours, short),
        ("ours f32 : product, forward", product, ours),
        ("transformers f32 : product, forward", product, theirs),
    ] {
        ratio(report, name, above, below, |t| t.forward)?;
    }
    Ok(())
}

/// Appends the report to a file of `record/`, with the date and the machine.
fn append_record(name: &str, options: &Options, report: &str) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("record/{name}.txt"));
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)?;
    let date = Command::new("date").args(["-u", "+%F %R UTC"]).output()?;
    let threads = match options.threads {
        Some(threads) => threads,
        None => std::thread::available_parallelism()?.get(),
    };
    writeln!(
        file,
        "{}, {}, {threads} threads, {} rounds\n{report}",
        String::from_utf8_lossy(&date.stdout).trim(),
        cpu(),
        options.rounds
    )?;
    Ok(())
}

fn options() -> anyhow::Result<Option<Options>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut options = Options {
        model: root.join(".models/all-MiniLM-L6-v2"),
        corpus: PathBuf::new(),
        rounds: 3,
        every: 1,
        threads: None,
        record: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--corpus" => {
                options.corpus = match value()?.as_str() {
                    "bundled" => root.join("examples/data/topics.csv"),
                    path => path.into(),
                }
            }
            "--model" => options.model = value()?.into(),
            "--rounds" => options.rounds = value()?.parse::<usize>()?.max(1),
            "--every" => options.every = value()?.parse::<usize>()?.max(1),
            "--threads" => options.threads = Some(value()?.parse()?),
            "--record" => options.record = Some(value()?),
            // Cargo adds this one.
            "--bench" => {}
            _ => bail!("unknown option {arg}"),
        }
    }
    Ok((!options.corpus.as_os_str().is_empty()).then_some(options))
}

fn load(options: &Options, dtype: Dtype) -> anyhow::Result<TchBackend> {
    let engine = TchOptions::default()
        .with_device(Device::Cpu)
        .with_dtype(dtype)
        .with_threads(options.threads);
    Ok(TchBackend::load(&options.model, &engine)?)
}

/// The texts as ours and the rivals read them.
fn write_csv(path: &Path, texts: &[&String]) -> anyhow::Result<()> {
    let mut csv = String::from("text,label\n");
    for text in texts {
        writeln!(csv, "\"{}\",any", text.replace('"', "\"\""))?;
    }
    Ok(fs::write(path, csv)?)
}

/// Seconds of a product, the mean over a second or more: the first few of them run faster than what
/// a processor sustains, which is what a recording gets.
fn gemm(backend: &TchBackend) -> anyhow::Result<f64> {
    backend.time_matmul(SIZE)?;
    let (mut total, mut n) = (0.0, 0);
    while total < 1.0 {
        total += backend.time_matmul(SIZE)?;
        n += 1;
    }
    Ok(total / f64::from(n))
}

/// From texts on disk to a finished store, as `llm-mri extract` does it once the model is loaded.
fn run(
    backend: &mut TchBackend,
    tokenizer: &TextTokenizer,
    corpus: &Path,
    out: &Path,
) -> anyhow::Result<Times> {
    let start = Instant::now();
    let corpus = CorpusFile::open(corpus, &CorpusOptions::default())?;
    let texts = tokenizer.encode_corpus(&corpus, Some(out), &())?;
    // Models are hashed while they are loaded.
    let from = texts.provenance("model".to_owned());
    let mut timed = Timed {
        backend,
        forward: 0.0,
    };
    let store = out.join("store");
    record_to_store(
        &mut timed,
        texts.tokens.as_ref(),
        corpus.labels(),
        &from,
        &store,
        &RecordOptions::default(),
        &StoreOptions::default(),
        &(),
    )?;
    let times = Times {
        forward: timed.forward,
        total: start.elapsed().as_secs_f64(),
    };
    fs::remove_dir_all(store)?;
    Ok(times)
}

/// Takes the time of forward passes.
struct Timed<'a> {
    backend: &'a mut TchBackend,
    /// Seconds.
    forward: f64,
}

impl Backend for Timed<'_> {
    fn model(&self) -> &ModelInfo {
        self.backend.model()
    }

    fn tokens_per_batch(&self) -> usize {
        self.backend.tokens_per_batch()
    }

    fn forward(
        &mut self,
        batch: &TokenBatch,
        capture: &Capture,
    ) -> Result<Vec<Array2<f32>>, BackendError> {
        let start = Instant::now();
        let rows = self.backend.forward(batch, capture);
        self.forward += start.elapsed().as_secs_f64();
        rows
    }
}

/// The operations of a full forward pass over one text: two per weight and token, and two per
/// query, key and column for the scores and again for the values.
fn flops(spec: &TransformerSpec, length: usize) -> f64 {
    let length = length as f64;
    let blocks = spec.blocks.iter().map(|block| {
        let attention = &block.attention;
        let inner = (attention.heads * attention.head_width) as f64;
        let keys = (attention.kv_heads * attention.head_width) as f64;
        let width = spec.width as f64;
        let neurons = match block.mlp {
            Mlp::Plain { width, .. } => 2.0 * width as f64,
            Mlp::Gated { width, .. } => 3.0 * width as f64,
            Mlp::Experts {
                width, per_token, ..
            } => 3.0 * (width * per_token) as f64,
        };
        let weights = width * (2.0 * inner + 2.0 * keys + neurons);
        2.0 * weights * length + 4.0 * inner * length * length
    });
    blocks.sum()
}

/// A rival in a process of its own, waiting for the word to run.
struct Rival {
    process: Child,
    answers: BufReader<ChildStdout>,
    load: f64,
}

impl Rival {
    /// The rival of this script, if the variable names a python for it.
    fn start(
        (variable, script): (&'static str, &str),
        options: &Options,
        out: &Path,
    ) -> anyhow::Result<Option<Self>> {
        let Some(python) = std::env::var_os(variable) else {
            return Ok(None);
        };
        let rivals = Path::new(env!("CARGO_MANIFEST_DIR")).join("rivals");
        let script = rivals.join(script);
        let mut process = Command::new(python)
            .arg(script)
            .arg("--model")
            .arg(&options.model)
            .arg("--corpus")
            .arg(&options.corpus)
            .arg("--out")
            .arg(out)
            .args(
                options
                    .threads
                    .iter()
                    .flat_map(|n| ["--threads".to_owned(), n.to_string()]),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context(variable)?;
        let stdout = process.stdout.take().context("the rival has no output")?;
        let mut rival = Self {
            process,
            answers: BufReader::new(stdout),
            load: 0.0,
        };
        rival.load = rival.answer()?["load"].as_f64().context("load")?;
        Ok(Some(rival))
    }

    fn run(&mut self) -> anyhow::Result<Times> {
        let stdin = self.process.stdin.as_mut().context("the rival has ended")?;
        writeln!(stdin, "run")?;
        stdin.flush()?;
        let answer = self.answer()?;
        Ok(Times {
            forward: answer["forward"].as_f64().context("forward")?,
            total: answer["total"].as_f64().context("total")?,
        })
    }

    fn answer(&mut self) -> anyhow::Result<serde_json::Value> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).context("the rival failed; run its script by hand to see why")
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        // Its input ends, and with it its loop.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Adds the ratio of times round by round, how many times as fast the second is as the first.
fn ratio(
    report: &mut String,
    name: &str,
    above: &[Times],
    below: &[Times],
    of: impl Fn(&Times) -> f64,
) -> anyhow::Result<()> {
    if above.is_empty() || below.is_empty() {
        return Ok(());
    }
    let pairs = above.iter().zip(below);
    let ratios: Vec<f64> = pairs.map(|(a, b)| of(a) / of(b)).collect();
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let most = ratios.iter().copied().fold(0.0, f64::max);
    let middle = median(ratios.into_iter());
    writeln!(report, "  {name}: {middle:.2} ({least:.2} to {most:.2})")?;
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let n = values.len();
    match n {
        0 => f64::NAN,
        _ => 0.5 * (values[(n - 1) / 2] + values[n / 2]),
    }
}

fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let name = name.and_then(|line| line.split_once(": "));
    name.map_or_else(|| "unknown CPU".to_owned(), |(_, name)| name.to_owned())
}
