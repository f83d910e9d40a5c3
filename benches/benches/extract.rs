//! The speed of recording: tokens per second, and the share of the matrix product rate.
//!
//! ```text
//! cargo bench -p benches --bench extract -- --corpus papers.csv [--model FOLDER] [--rounds N] [--every N]
//!     [--threads N] [--record NAME]
//! ```
//!
//! In one run and interleaved, so that a machine which others use too treats all alike: a 2048³
//! product, ours in f32 and bf16, and transformers in f32 (`rivals/transformers_hidden.py`, run by
//! the python that `MRI_RIVAL_PYTHON` names; left out where there is none). Rates count the
//! operations of full forward passes, whether or not an engine saves some of them. Of each the fastest
//! round counts, since others on the machine only ever make a run slower; `--every N` takes every
//! N-th text, so that short rounds find quiet moments.
//!
//! `--record NAME` appends the result to `record/extract-NAME.txt`.

#![allow(clippy::print_stdout, reason = "printing is what a bench is for")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};
use mri_core::Backend;
use mri_extract::{
    Corpus, CorpusOptions, Device, Dtype, Mlp, RecordOptions, TchBackend, TchOptions,
    TextTokenizer, TransformerSpec, record, write_npy,
};

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

fn main() -> anyhow::Result<()> {
    let Some(mut options) = options()? else {
        println!("extract: no --corpus FILE given, nothing to measure");
        return Ok(());
    };
    let mut report = String::new();
    let scratch = tempfile::tempdir()?;

    let start = Instant::now();
    let mut f32 = load(&options, Dtype::F32)?;
    let load_time = start.elapsed().as_secs_f64();
    let mut bf16 = load(&options, Dtype::Bf16)?;
    let tokenizer = TextTokenizer::open(&options.model, f32.model(), None)?;
    let corpus = Corpus::open(&options.corpus, &CorpusOptions::default())?;
    let chosen = corpus.texts().iter().step_by(options.every);
    let corpus = Corpus::from_pairs(chosen.map(|text| (text.as_str(), "any")))?;
    options.corpus = scratch.path().join("corpus.csv");
    write_csv(&options.corpus, corpus.texts())?;
    let texts = tokenizer.encode(corpus.texts())?.tokens;
    let operations: f64 = texts.iter().map(|t| flops(f32.spec(), t.len())).sum();
    let tokens = texts.n_tokens() as f64;
    writeln!(
        report,
        "{}: {} blocks, {} wide; {} texts, {tokens} tokens, {:.0} GFLOP",
        f32.model().name,
        f32.model().n_blocks,
        f32.model().width,
        texts.len(),
        operations / 1e9
    )?;
    let mut rival = Rival::start(&options, scratch.path())?;
    let rival_load = rival.as_ref().map_or(f64::NAN, |rival| rival.load);

    // The first round warms up.
    let mut seen: [Vec<Times>; 4] = Default::default();
    for round in 0..=options.rounds {
        let product = gemm(&f32)?;
        let ours = run(&mut f32, &tokenizer, &corpus, scratch.path())?;
        let theirs = rival.as_mut().map(Rival::run).transpose()?;
        let short = run(&mut bf16, &tokenizer, &corpus, scratch.path())?;
        let again = gemm(&f32)?;
        if round == 0 {
            continue;
        }
        let product = product.min(again);
        seen[0].push(Times {
            forward: product,
            total: product,
        });
        seen[1].push(ours);
        seen[2].push(short);
        seen[3].push(theirs.unwrap_or_default());
    }
    let rate = 2.0 * (SIZE as f64).powi(3) / fastest(&seen[0], |t| t.forward);
    writeln!(report, "{SIZE}^3 product, f32: {:.1} GFLOP/s", rate / 1e9)?;
    let mut line = |name: &str, times: &[Times], load: f64| {
        let (forward, total) = (fastest(times, |t| t.forward), fastest(times, |t| t.total));
        writeln!(
            report,
            "{name:<18} forward {:>7.0} tokens/s {:>6.1} GFLOP/s = {:>5.1} % of the product; with tokenising and \
             writing {:>7.0} tokens/s, with loading ({load:.2} s) {:>7.0} tokens/s",
            tokens / forward,
            operations / forward / 1e9,
            100.0 * operations / forward / rate,
            tokens / total,
            tokens / (total + load),
        )
    };
    line("ours f32", &seen[1], load_time)?;
    line("ours bf16", &seen[2], load_time)?;
    if rival.is_some() {
        line("transformers f32", &seen[3], rival_load)?;
    } else {
        writeln!(
            report,
            "transformers       left out: MRI_RIVAL_PYTHON names no python"
        )?;
    }
    let total = |i: usize| fastest(&seen[i], |t| t.total);
    if rival.is_some() {
        writeln!(
            report,
            "ours f32 / transformers f32: {:.2}",
            total(3) / total(1)
        )?;
    }
    writeln!(report, "ours bf16 / ours f32: {:.2}", total(1) / total(2))?;
    print!("{report}");

    if let Some(name) = &options.record {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("record/extract-{name}.txt"));
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
            "{}, {}, {threads} threads, {} rounds, fastest counts\n{report}",
            String::from_utf8_lossy(&date.stdout).trim(),
            cpu(),
            options.rounds
        )?;
    }
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
            "--corpus" => options.corpus = value()?.into(),
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
    let engine = TchOptions {
        device: Device::Cpu,
        dtype,
        threads: options.threads,
    };
    Ok(TchBackend::load(&options.model, &engine)?)
}

/// The texts as the rival reads them.
fn write_csv(path: &Path, texts: &[String]) -> anyhow::Result<()> {
    let mut csv = String::from("text\n");
    for text in texts {
        writeln!(csv, "\"{}\"", text.replace('"', "\"\""))?;
    }
    Ok(fs::write(path, csv)?)
}

fn gemm(backend: &TchBackend) -> anyhow::Result<f64> {
    backend.time_matmul(SIZE)?;
    let times = (0..8).map(|_| backend.time_matmul(SIZE));
    let times = times.collect::<Result<Vec<_>, _>>()?;
    Ok(times.into_iter().fold(f64::INFINITY, f64::min))
}

/// From texts to files, as a scan does.
fn run(
    backend: &mut TchBackend,
    tokenizer: &TextTokenizer,
    corpus: &Corpus,
    out: &Path,
) -> anyhow::Result<Times> {
    let start = Instant::now();
    let texts = tokenizer.encode(corpus.texts())?.tokens;
    let forward = Instant::now();
    let recording = record(
        backend,
        &texts,
        corpus.labels(),
        &RecordOptions::default(),
        &(),
    )?;
    let forward = forward.elapsed().as_secs_f64();
    for (layer, rows) in recording.activations.iter() {
        write_npy(&out.join(format!("{layer}.npy")), rows.load()?.view())?;
    }
    Ok(Times {
        forward,
        total: start.elapsed().as_secs_f64(),
    })
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

/// transformers in a process of its own, waiting for the word to run.
struct Rival {
    process: Child,
    answers: BufReader<ChildStdout>,
    load: f64,
}

impl Rival {
    fn start(options: &Options, out: &Path) -> anyhow::Result<Option<Self>> {
        let Some(python) = std::env::var_os("MRI_RIVAL_PYTHON") else {
            return Ok(None);
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("rivals/transformers_hidden.py");
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
            .context("MRI_RIVAL_PYTHON")?;
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

fn fastest(times: &[Times], of: impl Fn(&Times) -> f64) -> f64 {
    times.iter().map(of).fold(f64::INFINITY, f64::min)
}

fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let name = name.and_then(|line| line.split_once(": "));
    name.map_or_else(|| "unknown CPU".to_owned(), |(_, name)| name.to_owned())
}
