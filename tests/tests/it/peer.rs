use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use llm_mri::core::{Component, Labels, Layer};
use llm_mri::{Binning, Embedding, Points, Pooling, RegionGraph, Scan};
use ndarray::Array2;
use serde::Deserialize;

/// What `golden/peer_cells.py` writes.
#[derive(Deserialize)]
struct Golden {
    categories: Vec<String>,
    /// Per layer the (x, y) of every text.
    cells: Vec<Vec<(u16, u16)>>,
    /// Per category, and under the empty name for all texts, source, target and weight.
    edges: BTreeMap<String, Vec<(String, String, u32)>>,
}

const SIDE: u16 = 10;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The golden of the bundled corpus, or one of texts that nobody committed: `$MRI_PEER_GOLDEN`,
/// made of the corpus `$MRI_PEER_DATA`.
fn golden() -> (Golden, PathBuf) {
    let path = std::env::var_os("MRI_PEER_GOLDEN").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/peer_cells.json"),
        PathBuf::from,
    );
    let data = std::env::var_os("MRI_PEER_DATA")
        .map_or_else(|| root().join("examples/data/topics.csv"), PathBuf::from);
    let json = std::fs::read_to_string(path).unwrap();
    (serde_json::from_str(&json).unwrap(), data)
}

#[test]
#[ignore = "needs all-MiniLM-L6-v2: cargo xtask test"]
fn cells_are_the_peers_up_to_mirrored_axes() {
    let model = root().join(".models/all-MiniLM-L6-v2");
    assert!(
        model.exists(),
        "`cargo xtask setup` fetches the small model"
    );
    let (golden, data) = golden();
    let scan = Scan::builder()
        .model(model)
        .data(data)
        // As the peer, which takes position 0.
        .pooling(Pooling::First)
        .grid(SIDE.into())
        .run()
        .unwrap();
    assert_eq!(scan.labels().category_names(), golden.categories);
    let grids = scan.grids().unwrap();
    assert_eq!(grids.iter().count(), golden.cells.len());
    let (mut equal, mut pairs) = (0, 0);
    for ((layer, grid), theirs) in grids.iter().zip(&golden.cells) {
        assert_eq!(grid.cells().len(), theirs.len());
        // Of the four ways to mirror two axes the one that fits best.
        let fit = (0..4).map(|mirror| {
            let flip = |v: u16, on: bool| if on { SIDE - 1 - v } else { v };
            let ours = grid.cells().iter();
            ours.zip(theirs)
                .filter(|(ours, (x, y))| {
                    ours.x == flip(*x, mirror & 1 == 1) && ours.y == flip(*y, mirror & 2 == 2)
                })
                .count()
        });
        let best = fit.max().unwrap_or(0);
        println!("{layer}: {best} of {} cells equal", theirs.len());
        equal += best;
        pairs += theirs.len();
    }
    let share = equal as f64 / pairs as f64;
    assert!(
        share >= 0.995,
        "only {share:.4} of the cells are the peer's"
    );
}

/// A map whose uniform grid has exactly these cells.
fn map_of(cells: &[(u16, u16)]) -> Points {
    let coordinates = Array2::from_shape_fn((cells.len(), 2), |(row, axis)| {
        let (x, y) = cells[row];
        f32::from(if axis == 0 { x } else { y })
    });
    let axes = ["x", "y"].map(|name| Component {
        name: name.to_owned(),
        explained_variance_ratio: None,
    });
    Points {
        coordinates,
        components: axes.into(),
        degenerate: false,
    }
}

#[test]
fn edges_follow_from_the_cells_as_the_peers_do() {
    let (golden, data) = golden();
    let corpus = llm_mri::Corpus::open(&data, &Default::default()).unwrap();
    let labels: Arc<Labels> = corpus.labels().clone();
    let layers = golden.cells.iter().enumerate();
    let entries = layers.map(|(l, cells)| (Layer::resid(l), map_of(cells)));
    let embedding = Embedding::new(labels, entries.collect()).unwrap();
    let binning = Binning::Uniform { side: SIDE.into() };
    let grids = llm_mri::grid::grid_stack(&embedding, binning).unwrap();
    // A layer in a single cell is binned into the middle, wherever the peer has it.
    for ((_, grid), theirs) in grids.iter().zip(&golden.cells) {
        let one = theirs.iter().all(|cell| cell == &theirs[0]);
        let same = grid.cells().iter().zip(theirs);
        assert!(one || same.into_iter().all(|(a, b)| (a.x, a.y) == *b));
    }
    let middle: HashMap<String, String> = grids
        .iter()
        .zip(&golden.cells)
        .map(|((layer, grid), theirs)| {
            let label = |x: u16, y: u16| format!("{}_{x}_{y}", layer.index);
            let ours = grid.cells()[0];
            (label(theirs[0].0, theirs[0].1), label(ours.x, ours.y))
        })
        .collect();
    let graph = RegionGraph::co_activation(&grids);
    for (name, theirs) in &golden.edges {
        let view = match graph.categories().iter().position(|c| c == name) {
            Some(category) => graph.view(&[category]),
            None => graph.view_all(),
        };
        let regions = graph.graph();
        let mut ours: Vec<(String, String, u32)> = view
            .edges()
            .map(|e| {
                (
                    regions[e.source].label(),
                    regions[e.target].label(),
                    e.weight,
                )
            })
            .collect();
        let rename = |label: &String| middle.get(label).unwrap_or(label).clone();
        let mut theirs: Vec<_> = theirs
            .iter()
            .map(|(a, b, weight)| (rename(a), rename(b), *weight))
            .collect();
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "edges of {name:?}");
    }
}
