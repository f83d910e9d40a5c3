//! Every reducer on the same rows: time, memory, what the points keep, what they owe to the seed.
//!
//! ```text
//! cargo bench -p benches --bench reducers -- [--data NAME,...] [--reducers NAME,...]
//!     [--components K] [--rounds N] [--threads N] [--record NAME] [--neighbors]
//! ```
//!
//! A reducer joins by one line in [`registered`]. Data are named `topics` and `topic-tokens` (the
//! bundled corpus through `.models/all-MiniLM-L6-v2`), `tokens:TABLE` (the same of other labeled
//! texts), `roll:ROWS`, `clusters:ROWS`, `decay:ROWSxWIDTH`, or are the path of an `.npy` matrix or
//! of a store of activations (`FOLDER@resid.06`; without a layer its last); `MRI_BENCH_DATA` names
//! more.
//!
//! `MRI_RIVAL_PYTHON=python` lets scikit-learn, umap-learn, openTSNE, torchdr and PaCMAP run
//! beside, as far as that python has them (`rivals/reducers.py`). In every round each contestant
//! fits once with the round's number as its seed, so that a machine which others use too treats all
//! alike; the fastest round counts, since others only ever make one slower. No reducer of ours
//! scales the columns, so that all answer the same question: `svd` takes the rows as they are, all
//! others their centered rows. Criterion would want ten fits of each and keeps neither memory nor
//! points.
//!
//! The table is printed and written to `target/reducers.csv`; `--record NAME` also writes it under
//! `record/`. Its columns:
//!
//! - `seconds` of the fastest fit; `MB`, the most memory held during a fit beyond that held before
//!   (of ours what was allocated, but for buffers that a library keeps for the whole process; of
//!   rivals how much the process grew);
//! - trustworthiness, continuity, recall, hit (with labels only), triplets and Spearman of the
//!   distances, as in `mri_reduce::Quality`, neighborhoods of 15: the mean over the rounds;
//! - `placed`: of rows held back, the share of their 15 true neighbors that `transform` puts them
//!   among (`mri_reduce::placement`), the mean over the rounds' seeds;
//! - `unstable`: the Procrustes disparity between the rounds' points (`mri_reduce::instability`), 0
//!   for a reducer without chance;
//! - `off pca`: the same disparity from our PCA's points, 0 for an exact PCA.
//!
//! `--neighbors` compares nobody but the two ways to nearest neighbors: how long `nearest_rows` and
//! `approximate_nearest_rows` take for the 14 that UMAP looks for, and the share that the latter
//! finds.

#![allow(clippy::print_stdout, reason = "a bench prints what it measured")]

mod contest;
mod data;
mod neighbors;
mod peak;
mod rival;
mod table;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use mri_reduce::{Init, ReducerKind, ReducerSpec, Scaling, Umap};

use contest::{Contestant, Entry, Ours, Score};
use rival::Rivals;

#[global_allocator]
static ALLOCATOR: peak::Counting = peak::Counting;

/// Who takes part: a name, and the reducer for a number of components and a seed.
///
/// To see a reducer of your own, add its crate to the dependencies of `benches` and one line here:
/// `entries.push(Entry::new("mine", |components, seed| Ok(Box::new(Mine { components, seed }))));`
fn registered() -> Vec<Entry> {
    let of_kind = |kind: ReducerKind| {
        let scaling = match kind {
            ReducerKind::Svd => Scaling::None,
            _ => Scaling::Center,
        };
        Entry::new(kind.name(), move |components, seed| {
            let scaling = Some(scaling);
            ReducerSpec {
                kind,
                components,
                scaling,
                seed,
                ..ReducerSpec::default()
            }
            .build()
        })
    };
    let mut entries: Vec<Entry> = ReducerKind::ALL.into_iter().map(of_kind).collect();
    entries.push(Entry::new("umap-spectral", |components, seed| {
        Ok(Box::new(Umap {
            init: Init::Spectral,
            ..Umap::new(components, seed)
        }))
    }));
    entries
}

/// Whose seconds are divided by whose, where both ran.
const RATIOS: [(&str, &[&str]); 5] = [
    (
        "pca",
        &[
            "sklearn-pca-arpack",
            "sklearn-pca-full",
            "sklearn-pca-auto",
            "sklearn-incremental",
            "torchdr-pca",
        ],
    ),
    ("svd", &["sklearn-svd-arpack"]),
    ("umap", &["umap-learn", "pacmap-package"]),
    ("tsne", &["opentsne", "sklearn-tsne", "pacmap-package"]),
    ("pacmap", &["pacmap-package"]),
];

/// What runs when nothing is asked for: small enough for a few minutes.
const DEFAULT_DATA: &str = "topics,topic-tokens,roll:1000,clusters:2000";

struct Options {
    data: Vec<String>,
    /// Those to run; all if empty.
    reducers: Vec<String>,
    components: usize,
    rounds: usize,
    threads: usize,
    record: Option<String>,
    neighbors: bool,
}

fn main() -> Result<()> {
    let options = options()?;
    rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .build_global()?;
    reserve()?;
    let mut lines = Vec::new();
    for name in &options.data {
        for set in data::open(name)? {
            let (rows, width) = set.rows.dim();
            println!("{}: {rows} x {width}", set.name);
            if options.neighbors {
                neighbors::compare(set.rows.view(), options.rounds)?;
                continue;
            }
            let scores = compete(&set, &options)?;
            table::print(&scores);
            print_ratios(&scores);
            lines.extend(
                scores
                    .into_iter()
                    .map(|s| (set.name.clone(), (rows, width), s)),
            );
        }
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("reducers.csv");
    table::write(&target, &lines)?;
    println!("wrote {}", target.display());
    if let Some(name) = &options.record {
        let path = record_folder().join(format!("{name}.csv"));
        table::write(&path, &lines)?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// Lets the matrix product reserve what it keeps for the whole process.
///
/// faer's product asks once for two buffers as large as the last cache, a gigabyte of addresses
/// where that has half of one, and touches what it needs of them. Whoever fits first would have
/// them on its account, and what a fit takes would not show beside them.
fn reserve() -> Result<()> {
    // More components than a few leading ones, so that a covariance is summed and all its
    // eigenvectors are computed.
    let rows = ndarray::Array2::from_shape_fn((600, 300), |(i, j)| ((i * (j + 3)) % 101) as f32);
    let spec = ReducerSpec {
        kind: ReducerKind::Pca,
        components: 100,
        ..ReducerSpec::default()
    };
    spec.build()?.fit(rows.view(), &())?;
    Ok(())
}

/// All rounds of all contestants on one set of rows.
fn compete(set: &data::Set, options: &Options) -> Result<Vec<Score>> {
    let wanted =
        |name: &str| options.reducers.is_empty() || options.reducers.iter().any(|r| r == name);
    let mut contestants: Vec<Box<dyn Contestant>> = registered()
        .into_iter()
        .filter(|entry| wanted(entry.name()))
        .map(|entry| Box::new(Ours::new(entry, options.components)) as Box<dyn Contestant>)
        .collect();
    let scratch = tempfile::tempdir()?;
    let rivals = Rivals::start(set, options.components, options.threads, scratch.path())?;
    match &rivals {
        Some(rivals) => contestants.extend(rivals.contestants(wanted)),
        None => println!("  MRI_RIVAL_PYTHON is not set: no rival ran"),
    }
    ensure!(
        !contestants.is_empty(),
        "no reducer has one of the names given to --reducers"
    );
    contest::judge(set, contestants, options.rounds)
}

fn print_ratios(scores: &[Score]) {
    let seconds = |name: &str| scores.iter().find(|s| s.name == name).map(|s| s.seconds);
    for (ours, rivals) in RATIOS {
        let Some(own) = seconds(ours) else { continue };
        for rival in rivals {
            if let Some(theirs) = seconds(rival) {
                println!("  {ours} is {:.2} times as fast as {rival}", theirs / own);
            }
        }
    }
}

fn record_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("record")
}

fn options() -> Result<Options> {
    let mut data = None;
    let mut options = Options {
        data: Vec::new(),
        reducers: Vec::new(),
        components: 2,
        rounds: 3,
        threads: std::thread::available_parallelism()?.get(),
        record: None,
        neighbors: false,
    };
    let list = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--data" => data = Some(list(&value()?)),
            "--reducers" => options.reducers = list(&value()?),
            "--components" => options.components = value()?.parse()?,
            "--rounds" => options.rounds = value()?.parse::<usize>()?.max(1),
            "--threads" => options.threads = value()?.parse::<usize>()?.max(1),
            "--neighbors" => options.neighbors = true,
            "--record" => options.record = Some(value()?),
            // Cargo adds this one.
            "--bench" => {}
            _ => bail!("unknown option {arg}; the head of benches/reducers/main.rs lists them"),
        }
    }
    options.data = data.unwrap_or_else(|| list(DEFAULT_DATA));
    if let Ok(more) = std::env::var("MRI_BENCH_DATA") {
        options.data.extend(list(&more));
    }
    Ok(options)
}
