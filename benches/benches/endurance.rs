//! A long recording that is killed again and again: its memory, and whether a byte is lost.
//!
//! ```text
//! cargo bench -p benches --bench endurance -- --texts 60000 [--words 12] [--kills 20] [--seed N]
//!     [--model FOLDER] [--folder SCRATCH] [--record NAME]
//! ```
//!
//! Records made-up texts of half to all of so many words twice, each time in processes of its own:
//! once without a stop, and once killed (SIGKILL) at random instants of its life, loading included,
//! and started again. Then compares every byte of the two stores. The memory of each process is
//! read from the system: its peak, and what it was when the model was loaded and the texts
//! tokenized.
//!
//! `--record NAME` appends the result to `record/NAME.txt`.

#![allow(clippy::print_stdout, reason = "printing is what a bench is for")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use mri_core::{Backend, SplitMix64};
use mri_corpus::{CorpusFile, CorpusOptions, TextSource};
use mri_extract::{
    Device, RecordOptions, TchBackend, TchOptions, TextTokenizer, model_hash, record_to_store,
};
use mri_store::{StoreOptions, open_store};

#[derive(Clone)]
struct Options {
    texts: usize,
    words: usize,
    kills: u32,
    seed: u64,
    model: PathBuf,
    folder: Option<PathBuf>,
    record: Option<String>,
    /// Record these texts into this folder and do nothing else: what the bench starts and kills.
    child: Option<[PathBuf; 2]>,
}

fn main() -> anyhow::Result<()> {
    let options = options()?;
    match &options.child {
        Some([corpus, folder]) => record_into(corpus, folder, &options),
        None if options.texts == 0 => {
            println!("endurance: no --texts N given, nothing to do");
            Ok(())
        }
        None => compare(&options),
    }
}

fn options() -> anyhow::Result<Options> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut options = Options {
        texts: 0,
        words: 12,
        kills: 20,
        seed: 0,
        model: root.join(".models/all-MiniLM-L6-v2"),
        folder: None,
        record: None,
        child: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--texts" => options.texts = value()?.parse()?,
            "--words" => options.words = value()?.parse()?,
            "--kills" => options.kills = value()?.parse()?,
            "--seed" => options.seed = value()?.parse()?,
            "--model" => options.model = value()?.into(),
            "--folder" => options.folder = Some(value()?.into()),
            "--record" => options.record = Some(value()?),
            "--child" => options.child = Some([value()?.into(), value()?.into()]),
            // Cargo adds this one.
            "--bench" => {}
            _ => bail!("unknown option {arg}"),
        }
    }
    Ok(options)
}

/// Writes texts of the words of the bundled corpus, with four labels.
fn write_corpus(path: &Path, options: &Options) -> anyhow::Result<()> {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data/topics.csv");
    let words = fs::read_to_string(&bundled).with_context(|| bundled.display().to_string())?;
    let words: Vec<&str> = words
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .collect();
    let mut random = SplitMix64::new(options.seed);
    let mut draw = |below: usize| random.next_below(below.max(1) as u64) as usize;
    let mut file = BufWriter::new(fs::File::create(path)?);
    writeln!(file, "label,text")?;
    for _ in 0..options.texts {
        write!(file, "{},", ["a", "b", "c", "d"][draw(4)])?;
        let least = options.words / 2;
        for _ in 0..least + draw(options.words - least + 1) {
            write!(file, "{} ", words[draw(words.len())])?;
        }
        writeln!(file)?;
    }
    Ok(file.flush()?)
}

/// One process's work: as `llm-mri extract` does it, from texts on disk to a finished store.
fn record_into(corpus: &Path, folder: &Path, options: &Options) -> anyhow::Result<()> {
    let engine = TchOptions::default().with_device(Device::Cpu);
    let mut backend = TchBackend::load(&options.model, &engine)?;
    let tokenizer = TextTokenizer::open(&options.model, backend.model(), None)?;
    let loaded = memory()?;
    let corpus = CorpusFile::open(corpus, &CorpusOptions::default())?;
    let texts = tokenizer.encode_corpus(&corpus, Some(folder), &())?;
    let from = texts.provenance(model_hash(&options.model)?);
    let tokens = texts.tokens.n_tokens();
    println!("loaded {loaded} tokens {tokens} tokenised {}", peak()?);
    record_to_store(
        &mut backend,
        texts.tokens.as_ref(),
        corpus.labels(),
        &from,
        folder,
        &RecordOptions::default(),
        &StoreOptions::default(),
        &(),
    )?;
    println!("peak {}", peak()?);
    Ok(())
}

/// This process's memory now, in kB.
fn memory() -> anyhow::Result<u64> {
    status("VmRSS:")
}

/// The most memory that this process ever had, in kB.
fn peak() -> anyhow::Result<u64> {
    status("VmHWM:")
}

fn status(entry: &str) -> anyhow::Result<u64> {
    let text = fs::read_to_string("/proc/self/status").context("only Linux tells")?;
    let line = text.lines().find_map(|line| line.strip_prefix(entry));
    let value = line.and_then(|line| line.split_whitespace().next());
    Ok(value.context("no such entry")?.parse()?)
}

fn start(corpus: &Path, folder: &Path, options: &Options) -> anyhow::Result<Child> {
    let child = Command::new(std::env::current_exe()?)
        .arg("--model")
        .arg(&options.model)
        .arg("--child")
        .args([corpus, folder])
        .stdout(Stdio::piped())
        .spawn();
    child.context("starting a process")
}

/// What a process that came to its end says of its memory.
#[derive(Default)]
struct Said {
    loaded: u64,
    tokens: u64,
    /// The peak until all texts were tokenised.
    tokenised: u64,
    peak: u64,
}

fn finish(mut child: Child) -> anyhow::Result<Said> {
    let out = child.stdout.take().context("no output")?;
    let mut said = Said::default();
    for line in BufReader::new(out).lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["loaded", kb, "tokens", n, "tokenised", peak] => {
                (said.loaded, said.tokens) = (kb.parse()?, n.parse()?);
                said.tokenised = peak.parse()?;
            }
            ["peak", kb] => said.peak = kb.parse()?,
            _ => bail!("unexpected: {line}"),
        }
    }
    ensure!(child.wait()?.success(), "a recording failed");
    Ok(said)
}

fn compare(options: &Options) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let folder = options.folder.as_deref().unwrap_or(scratch.path());
    let (whole, killed) = (folder.join("whole"), folder.join("killed"));
    fs::create_dir_all(folder)?;
    let corpus = folder.join("corpus.csv");
    write_corpus(&corpus, options)?;
    let mut report = String::new();

    let began = Instant::now();
    let said = finish(start(&corpus, &whole, options)?)?;
    let took = began.elapsed();
    // The system counts in units of 1,024 bytes.
    let megabytes = |kb: u64| kb as f64 * 1.024 / 1e3;
    writeln!(
        report,
        "{} texts of {:.0} MB, {} tokens: {:.0} s without a stop; memory {:.0} MB when loaded, at most {:.0} MB until \
         tokenised and {:.0} MB in all: {:.0} MB more",
        options.texts,
        fs::metadata(&corpus)?.len() as f64 / 1e6,
        said.tokens,
        took.as_secs_f64(),
        megabytes(said.loaded),
        megabytes(said.tokenised),
        megabytes(said.peak),
        megabytes(said.peak.saturating_sub(said.loaded)),
    )?;
    print!("{report}");
    std::io::stdout().flush()?;

    let mut random = SplitMix64::new(options.seed ^ 0x6b69_6c6c);
    let (mut kills, mut unfinished) = (0, 0);
    // Kills spread over the time that the whole takes, so that the last ones find work to stop.
    let between = took.as_millis() as u64 / u64::from(options.kills + 1);
    while kills < options.kills {
        let mut child = start(&corpus, &killed, options)?;
        sleep(Duration::from_millis(
            random.next_below((2 * between).max(1)),
        ));
        if child.try_wait()?.is_some() {
            writeln!(report, "finished after {kills} kills")?;
            break;
        }
        child.kill()?;
        child.wait()?;
        kills += 1;
        let journal = killed.join("activations/journal");
        let batches = fs::metadata(&journal).map_or(0, |m| m.len() / 16);
        unfinished += u32::from(batches > 0);
        println!("kill {kills}: {batches} batches safe");
    }
    let rest = finish(start(&corpus, &killed, options)?)?;
    let batches = open_store(&killed)?.0.stats.batches;
    writeln!(
        report,
        "killed {kills} times at random, {unfinished} times with some of {batches} batches done; then finished, at most {:.0} MB",
        megabytes(rest.peak)
    )?;
    let (a, b) = (files(&whole)?, files(&killed)?);
    ensure!(a == b, "other files: {a:?} and {b:?}");
    let mut size = 0;
    for name in &a {
        let [one, other] = [&whole, &killed].map(|folder| fs::read(folder.join(name)));
        let (one, other) = (one?, other?);
        ensure!(one == other, "{name} differs");
        size += one.len();
    }
    writeln!(
        report,
        "{} files of {:.0} MB together: every byte is the same",
        a.len(),
        size as f64 / 1e6
    )?;
    print!("{report}");
    if let Some(name) = &options.record {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("record/{name}.txt"));
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)?;
        file.write_all(report.as_bytes())?;
    }
    Ok(())
}

/// The files of a store by name.
fn files(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = vec!["manifest.json".to_owned()];
    for entry in fs::read_dir(folder.join("activations"))? {
        names.push(format!(
            "activations/{}",
            entry?.file_name().to_string_lossy()
        ));
    }
    names.sort();
    Ok(names)
}
