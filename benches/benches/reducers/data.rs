//! The rows that reducers compete on.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use benches::{normal, open_uniform};
use mri_core::{Backend, Capture, Labels, Layer, Pooling, RowSource, SplitMix64, TokenBatch};
use mri_corpus::{Corpus, CorpusOptions};
use mri_extract::{Device, RecordOptions, TchBackend, TchOptions, TextTokenizer, record};
use mri_store::{NpyMatrix, open_store};
use ndarray::Array2;

/// Rows under a name, with labels where there are any.
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) rows: Array2<f32>,
    pub(crate) labels: Option<Labels>,
    /// Rows that a reducer is fitted to when it shall place others.
    pub(crate) kept: Vec<usize>,
    /// Those others: every so many-th row, a tenth of all but 500 at most.
    pub(crate) held_back: Vec<usize>,
}

impl Set {
    fn new(name: impl Into<String>, rows: Array2<f32>, labels: Option<Labels>) -> Self {
        let n = rows.nrows();
        let step = n.div_ceil(500).max(10);
        let (held_back, kept) = (0..n).partition(|row| row % step == step - 1);
        Self {
            name: name.into(),
            rows,
            labels,
            kept,
            held_back,
        }
    }
}

/// Opens or makes the rows of a name; nothing where the bundled corpus has no model to run it.
pub(crate) fn open(name: &str) -> Result<Vec<Set>> {
    let (kind, size) = name.split_once(':').unwrap_or((name, ""));
    let rows = || {
        size.parse::<usize>()
            .with_context(|| format!("{name}: expected {kind}:ROWS"))
    };
    Ok(match kind {
        "topics" => topics(name, BUNDLED, false)?.into_iter().collect(),
        "topic-tokens" => topics(name, BUNDLED, true)?.into_iter().collect(),
        "tokens" => topics(name, size, true)?.into_iter().collect(),
        "roll" => vec![roll(name, rows()?)],
        "clusters" => vec![clusters(name, rows()?)?],
        "decay" => {
            let size = size.split_once('x').context("expected decay:ROWSxWIDTH")?;
            vec![decay(name, size.0.parse()?, size.1.parse()?)]
        }
        _ => vec![file(name)?],
    })
}

/// A matrix, or a layer of a store.
fn file(name: &str) -> Result<Set> {
    let (path, layer) = match name.split_once('@') {
        Some((path, layer)) => (path, Some(layer.parse::<Layer>()?)),
        None => (name, None),
    };
    let path = Path::new(path);
    if path.is_file() {
        return Ok(Set::new(name, NpyMatrix::open(path)?.load()?, None));
    }
    ensure!(
        path.is_dir(),
        "{name} is neither a kind of data nor a file or folder; the head of benches/reducers/main.rs \
         lists the kinds"
    );
    let (_, activations) = open_store(path)?;
    let layer = layer
        .or(activations.layers().last())
        .context("a store without layers")?;
    let rows = activations
        .get(layer)
        .with_context(|| format!("{}: no layer {layer}", path.display()))?
        .load()?;
    let labels = activations.labels().as_ref().clone();
    Ok(Set::new(
        format!("{}@{layer}", path.display()),
        rows,
        Some(labels),
    ))
}

/// The bundled corpus, from the folder of the workspace.
const BUNDLED: &str = "examples/data/topics.csv";

/// Labeled texts: the last layer of each, or the middle layer of every token. Tokens have the
/// label of their text.
fn topics(name: &str, table: &str, tokens: bool) -> Result<Option<Set>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let model = root.join(".models/all-MiniLM-L6-v2");
    if !model.is_dir() {
        println!(
            "{name}: left out, {} is not there (cargo xtask setup)",
            model.display()
        );
        return Ok(None);
    }
    let corpus = root.join(table);
    let corpus = Corpus::open(&corpus, &CorpusOptions::default())?;
    let engine = TchOptions::default().with_device(Device::Cpu);
    let mut backend = TchBackend::load(&model, &engine)?;
    let tokenizer = TextTokenizer::open(&model, backend.model(), None)?;
    let texts = tokenizer.encode(corpus.texts())?.tokens;
    let labels = corpus.labels();
    if !tokens {
        let options = RecordOptions::default();
        let recording = record(&mut backend, &texts, labels, &options, &())?;
        let (_, rows) = recording.activations.iter().last().context("no layer")?;
        let labels = labels.as_ref().clone();
        return Ok(Some(Set::new(name, rows.load()?, Some(labels))));
    }
    let capture = Capture {
        layers: vec![Layer::resid(backend.model().n_blocks / 2)],
        pooling: Pooling::Tokens,
        final_norm: true,
    };
    let (mut values, mut ids) = (Vec::new(), Vec::new());
    for (text, &id) in texts.iter().zip(labels.row_categories()) {
        let mut one = TokenBatch::new();
        one.push(text);
        let matrices = backend.forward(&one, &capture)?;
        ensure!(matrices.len() == 1, "one layer was asked for");
        values.extend(matrices[0].iter().copied());
        ids.extend(std::iter::repeat_n(id, text.len()));
    }
    let rows = Array2::from_shape_vec((ids.len(), backend.model().width), values)?;
    let labels = Labels::new(labels.category_names().to_vec(), ids)?;
    Ok(Some(Set::new(name, rows, Some(labels))))
}

/// A sheet rolled up, in 50 dimensions, with a little noise.
fn roll(name: &str, rows: usize) -> Set {
    let mut random = SplitMix64::new(1);
    let frame = Array2::from_shape_simple_fn((3, 50), || normal(&mut random));
    let mut sheet = Array2::zeros((rows, 3));
    for mut row in sheet.rows_mut() {
        let angle = 1.5 * std::f32::consts::PI * (1.0 + 2.0 * open_uniform(&mut random));
        row[0] = angle * angle.cos();
        row[1] = 21.0 * open_uniform(&mut random);
        row[2] = angle * angle.sin();
    }
    let noise = Array2::from_shape_simple_fn((rows, 50), || 0.3 * normal(&mut random));
    Set::new(name, sheet.dot(&frame) + noise, None)
}

/// Ten clouds of different sizes and spreads in 64 dimensions, in three groups.
fn clusters(name: &str, rows: usize) -> Result<Set> {
    let mut random = SplitMix64::new(2);
    let groups = Array2::from_shape_simple_fn((3, 64), || 6.0 * normal(&mut random));
    let centres = Array2::from_shape_fn((10, 64), |(c, j)| {
        groups[(c % 3, j)] + 2.0 * normal(&mut random)
    });
    let mut ids = Vec::with_capacity(rows);
    let points = (0..rows).flat_map(|_| {
        // The later a cloud, the rarer: the smaller of two draws.
        let cloud = random.next_below(10).min(random.next_below(10)) as usize;
        ids.push(cloud as u32);
        let spread = 0.5 + 0.1 * cloud as f32;
        let point: Vec<f32> = centres
            .row(cloud)
            .iter()
            .map(|c| c + spread * normal(&mut random))
            .collect();
        point
    });
    let points = Array2::from_shape_vec((rows, 64), points.collect())?;
    let names = (0..10).map(|c| format!("cloud {c}")).collect();
    Ok(Set::new(name, points, Some(Labels::new(names, ids)?)))
}

/// What activations look like to a linear reducer: a slowly decaying spectrum along directions
/// that are not the columns', and three massive columns far from 0.
fn decay(name: &str, rows: usize, width: usize) -> Set {
    let mut random = SplitMix64::new(3);
    let mut x = Array2::from_shape_fn((rows, width), |(_, j)| {
        normal(&mut random) / (1.0 + j as f32).powf(0.3)
    });
    // Reflections turn the directions and cost no more than reading the rows.
    for _ in 0..3 {
        let mut u = ndarray::Array1::from_shape_simple_fn(width, || normal(&mut random));
        u /= u.dot(&u).sqrt();
        let along = x.dot(&u);
        for (mut row, along) in x.rows_mut().into_iter().zip(along) {
            row.scaled_add(-2.0 * along, &u);
        }
    }
    for (column, factor) in [(5, 30.0), (40, 20.0), (77, 10.0)] {
        if column < width {
            x.column_mut(column).mapv_inplace(|v| factor * v + 200.0);
        }
    }
    Set::new(name, x, None)
}
