//! The pipeline stage by stage, each stage by its own crate and without the facade.
//!
//! ```text
//! cargo run -p examples --example stages
//! ```
//!
//! Every stage takes values and returns a new value, so each can be replaced: another reader, an
//! engine of your own, another reducer, another way to cut a map into regions.

#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::path::Path;

use anyhow::Result;
use mri_corpus::{Corpus, CorpusOptions};
use mri_extract::{RecordOptions, TchBackend, TchOptions, TextTokenizer, record};
use mri_graph::{Contrast, Metrics, RegionGraph, Significance, write_graphml};
use mri_grid::{Binning, grid_stack};
use mri_reduce::{Pca, reduce_stack};
use mri_render::{
    Caption, GraphStyle, HeatmapStyle, LayeredLayout, Quantity, graph_picture, heatmap_sheet,
};

fn main() -> Result<()> {
    // mri-corpus: labeled texts. Row i of every matrix below is text i of this corpus.
    let corpus = Corpus::open(
        Path::new("examples/data/topics.csv"),
        &CorpusOptions::default(),
    )?;
    let labels = corpus.labels();
    println!(
        "corpus: {} texts, labels {:?}",
        labels.len(),
        labels.category_names()
    );

    // mri-extract: one matrix of shape (texts, width) per layer.
    let folder = Path::new(".models/all-MiniLM-L6-v2");
    let mut backend = TchBackend::load(folder, &TchOptions::default())?;
    let tokenizer = TextTokenizer::open(folder, mri_core::Backend::model(&backend), None)?;
    let tokens = tokenizer.encode(corpus.texts())?.tokens;
    let recording = record(
        &mut backend,
        &tokens,
        labels,
        &RecordOptions::default(),
        &(),
    )?;
    let activations = &recording.activations;
    println!(
        "activations: {} layers, {} pooling",
        activations.len(),
        recording.pooling
    );

    // mri-reduce: one map of shape (texts, 2) per layer, fitted on all texts together.
    let maps = reduce_stack(activations, &Pca::default(), 2, &())?.embedding;
    for (layer, map) in maps.iter() {
        let explained = map
            .components
            .iter()
            .filter_map(|component| component.explained_variance_ratio);
        println!(
            "map of {layer}: {:.0} % of the variance",
            100.0 * explained.sum::<f64>()
        );
    }

    // mri-grid: the cell of every text in every layer.
    let grids = grid_stack(&maps, Binning::Uniform { side: 10 })?;

    // mri-graph: regions are the occupied cells, transitions the texts that pass between them.
    let graph = RegionGraph::co_activation(&grids);
    let metrics = Metrics::of(&graph.view_all().digraph());
    println!(
        "graph: {} regions, {} transitions between them",
        metrics.nodes, metrics.edges
    );
    let law = labels.category_index("law").unwrap_or(0);
    let tests = Significance::default().cells(&grids, &Contrast::against_rest(law, labels))?;
    for test in tests {
        println!(
            "law against the rest, layer {}: distance {:.2}, q {:.3}",
            test.position, test.distance, test.q
        );
    }
    write_graphml(&graph, &mut std::fs::File::create("stages.graphml")?)?;

    // mri-render: figures are SVG, and PNG by the extension.
    let caption = Caption {
        model: "all-MiniLM-L6-v2".to_owned(),
        reducer: "PCA".to_owned(),
        grid: "10 × 10".to_owned(),
        corpus: "topics.csv".to_owned(),
    };
    heatmap_sheet(
        &grids,
        &maps,
        Quantity::Texts,
        &caption,
        &HeatmapStyle::default(),
    )?
    .save("stages-heatmaps.png")?;
    let layout = LayeredLayout::of(&graph);
    graph_picture(&graph.view_all(), &layout, &caption, &GraphStyle::default())?
        .save("stages-graph.svg")?;
    println!("wrote stages.graphml, stages-heatmaps.png and stages-graph.svg");
    Ok(())
}
