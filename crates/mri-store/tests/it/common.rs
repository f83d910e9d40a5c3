use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mri_core::{
    CorpusOrigin, Labels, Layer, ModelInfo, ModelKind, Pooling, Shard, ShardOrigin, Site,
};
use mri_store::{
    LayerEntry, Manifest, Provenance, RecordStats, RecordingEntry, StoreDtype, StoreError,
    StoreOptions, StoreSession, StoreWriter, TokenizerEntry,
};
use ndarray::Array2;

/// Texts of the whole corpus.
pub(crate) const N_TEXTS: usize = 11;

/// Rows per batch.
const BATCH: usize = 2;

/// Two layers of different widths.
pub(crate) const LAYERS: [(Layer, usize); 2] = [(resid(0), 3), (resid(1), 2)];

const fn resid(index: usize) -> Layer {
    let site = Site::Resid;
    Layer { site, index }
}

/// The value of a text of the whole corpus in a layer; exact in `float16`.
pub(crate) fn value(layer: usize, text: usize, column: usize) -> f32 {
    (layer * 100 + text * 10 + column) as f32 / 8.0
}

/// The texts of a shard, or all.
pub(crate) fn texts(shard: Option<Shard>) -> Vec<usize> {
    match shard {
        Some(shard) => shard.rows(N_TEXTS).collect(),
        None => (0..N_TEXTS).collect(),
    }
}

pub(crate) fn labels(texts: &[usize]) -> Labels {
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    Labels::new(names, texts.iter().map(|&text| text as u32 % 3).collect()).unwrap()
}

pub(crate) fn manifest(shard: Option<Shard>, dtype: StoreDtype) -> Manifest {
    let texts = texts(shard);
    let from = Provenance {
        model_hash: "model".into(),
        tokenizer: TokenizerEntry {
            hash: "tokenizer".into(),
            max_length: 64,
            truncated: 1,
        },
        corpus: CorpusOrigin {
            hash: shard.map_or("whole".to_owned(), |shard| shard.to_string()),
            source: "texts.csv".into(),
            n_dropped: 0,
            n_read: N_TEXTS,
            shard: shard.map(|shard| ShardOrigin {
                shard,
                corpus: "whole".into(),
                texts: N_TEXTS,
            }),
        },
        engine: BTreeMap::new(),
    }
    .with_engine("dtype", "f32");
    let model = ModelInfo {
        name: "formula".into(),
        family: "none".into(),
        kind: ModelKind::Encoder,
        n_blocks: 1,
        width: 3,
        mlp_width: None,
        sites: vec![Site::Resid],
        vocab_size: 10,
        max_length: None,
    };
    let recording = RecordingEntry {
        layers: LAYERS
            .map(|(layer, width)| LayerEntry { layer, width })
            .to_vec(),
        pooling: Pooling::Mean,
        final_norm: true,
        dtype,
        tokens_per_batch: 8,
        engine: from.engine.clone(),
    };
    let stats = RecordStats {
        texts: texts.len(),
        distinct_texts: texts.len(),
        tokens: 5 * texts.len(),
        tokens_run: 5 * texts.len(),
        batches: texts.len().div_ceil(BATCH),
    };
    Manifest::new(model, &labels(&texts), recording, stats, &from)
}

/// Every batch is synced at once.
pub(crate) fn eager() -> StoreOptions {
    StoreOptions::default().with_commit_interval(std::time::Duration::ZERO)
}

pub(crate) fn begin(
    folder: &Path,
    shard: Option<Shard>,
    dtype: StoreDtype,
) -> Result<StoreSession, StoreError> {
    let labels = labels(&texts(shard));
    StoreWriter::begin(folder, manifest(shard, dtype), &labels, &eager())
}

/// The writer of an incomplete recording.
pub(crate) fn incomplete(session: Result<StoreSession, StoreError>) -> StoreWriter {
    match session.unwrap() {
        StoreSession::Incomplete(writer) => *writer,
        StoreSession::Complete(..) => panic!("already complete"),
    }
}

/// Writes a batch of a recording.
pub(crate) fn write(writer: &mut StoreWriter, batch: usize, shard: Option<Shard>) {
    let texts = texts(shard);
    let rows: Vec<usize> = (0..texts.len()).skip(batch * BATCH).take(BATCH).collect();
    let results: Vec<Array2<f32>> = LAYERS
        .iter()
        .enumerate()
        .map(|(layer, &(_, width))| {
            Array2::from_shape_fn((rows.len(), width), |(i, j)| {
                value(layer, texts[rows[i]], j)
            })
        })
        .collect();
    writer.write_batch(batch, &results, |i| [rows[i]]).unwrap();
}

/// Makes a whole recording.
pub(crate) fn record(folder: &Path, shard: Option<Shard>, dtype: StoreDtype) {
    let mut writer = incomplete(begin(folder, shard, dtype));
    for batch in 0..writer.n_batches() {
        write(&mut writer, batch, shard);
    }
    writer.finish().unwrap();
}

/// Every file below a folder with its bytes.
pub(crate) fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            let inner = bytes(&path).into_iter();
            files.extend(inner.map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}
