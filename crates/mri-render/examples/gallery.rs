//! Draws every kind of figure over made-up data, to be looked at.
//!
//!     cargo run -p mri-render --example gallery -- FOLDER [CASE]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mri_core::{Component, Embedding, Labels, Layer, Points, SplitMix64};
use mri_graph::{Contrast, Metrics, MetricsRow, RegionGraph, Significance};
use mri_grid::{Binning, GridStack, grid_stack};
use mri_render::{
    Caption, Figure, FigureStyle, GraphStyle, HeatmapStyle, LayeredLayout, LineChart, LinePanel,
    Quantity, ScatterStyle, Series, contact_sheet, difference_sheet, graph_picture, heatmap_sheet,
    line_chart, metrics_chart, path_picture, scatter_animation, scree,
};
use ndarray::Array2;

/// Clouds of points, one per category, that part as the layers go up; layer 0 is one point.
fn scan(n: usize, names: &[&str], n_layers: usize, side: usize) -> (Embedding, GridStack) {
    let ids: Vec<u32> = (0..n).map(|i| (i * i % 31 % names.len()) as u32).collect();
    let names = names.iter().map(|&name| name.to_owned()).collect();
    let labels = Arc::new(Labels::new(names, ids.clone()).expect("the ids are within the names"));
    let mut random = SplitMix64::new(7);
    let mut normal = || (0..12).map(|_| random.next_f64()).sum::<f64>() - 6.0;
    let layers = (0..n_layers).map(|l| {
        let degenerate = l == 0 && n_layers > 1;
        let coordinates = Array2::from_shape_fn((n, 2), |(i, j)| {
            let angle = f64::from(ids[i]) * 2.4 + 0.15 * l as f64;
            let center = if j == 0 { angle.cos() } else { angle.sin() };
            let apart = 4.0 * l as f64 / n_layers as f64;
            if degenerate {
                0.0
            } else {
                (center * apart + normal()) as f32
            }
        });
        let components = (1..=2)
            .map(|i| Component {
                name: format!("PC{i}"),
                explained_variance_ratio: Some(0.31 / f64::from(i)),
            })
            .collect();
        (
            Layer::resid(l),
            Points {
                coordinates,
                components,
                degenerate,
            },
        )
    });
    let embedding = Embedding::new(labels, layers.collect()).expect("one row per label");
    let grids = grid_stack(&embedding, Binning::Uniform { side }).expect("planar and finite");
    (embedding, grids)
}

/// Letters, shapes and lengths that labels have outside of examples.
const TWO: [&str; 2] = ["astronomy", "cooking"];
const THREE: [&str; 3] = [
    "Право & порядок",
    "Μουσική",
    "a very long label that says far more than a label should, really",
];
const TEN: [&str; 10] = [
    "business",
    "culture",
    "日本語のラベル",
    "education",
    "العربية",
    "food",
    "health",
    "politics & law",
    "sports",
    "Wissenschaft",
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::args().nth(1).ok_or("usage: gallery FOLDER")?);
    std::fs::create_dir_all(&out)?;
    // Name, texts, categories, layers, cells per side.
    let cases: [(&str, usize, &[&str], usize, usize); 8] = [
        ("small", 12, &TWO, 7, 10),
        ("usual", 300, &TWO, 7, 10),
        ("one-layer", 300, &THREE, 1, 10),
        ("one-layer-ten", 5_000, &TEN, 1, 10),
        ("words", 300, &THREE, 7, 10),
        ("many", 5_000, &TEN, 7, 20),
        ("deep", 5_000, &TWO, 31, 10),
        ("deep-ten", 5_000, &TEN, 31, 10),
    ];
    let only = std::env::args().nth(2);
    for (name, n, names, n_layers, side) in cases {
        if only.as_ref().is_none_or(|only| only == name) {
            let (embedding, grids) = scan(n, names, n_layers, side);
            let folder = out.join(name);
            std::fs::create_dir_all(&folder)?;
            draw(&folder, &embedding, &grids, side)?;
        }
    }
    Ok(())
}

/// Every kind of figure over one scan.
fn draw(
    out: &Path,
    embedding: &Embedding,
    grids: &GridStack,
    side: usize,
) -> Result<(), Box<dyn Error>> {
    let caption = Caption {
        model: "made-up-model".into(),
        corpus: "made-up texts".into(),
        reducer: "PCA".into(),
        grid: format!("{side} × {side}"),
    };
    draw_sheets(out, embedding, grids, &caption)?;
    draw_graphs(out, grids, &caption)?;
    draw_charts(out, embedding, grids, &caption)
}

/// Heatmaps of all layers, and what a reduction kept.
fn draw_sheets(
    out: &Path,
    embedding: &Embedding,
    grids: &GridStack,
    caption: &Caption,
) -> Result<(), Box<dyn Error>> {
    let labels = grids.labels();
    let save = |figure: Figure, kind: &str| figure.save(out.join(format!("{kind}.png")));
    let styles = [("", FigureStyle::default()), ("-dark", FigureStyle::dark())];
    for (suffix, style) in styles {
        let sheet_style = HeatmapStyle::default().with_figure(style);
        let sheet = |quantity| heatmap_sheet(grids, embedding, quantity, caption, &sheet_style);
        save(sheet(Quantity::Texts)?, &format!("texts{suffix}"))?;
        save(sheet(Quantity::Category(1))?, &format!("category{suffix}"))?;
        save(
            sheet(Quantity::Difference(0, 1))?,
            &format!("difference{suffix}"),
        )?;
        let contrast = &Contrast::all(labels)[0];
        let cell_tests = Significance::default()
            .with_permutations(200)
            .with_resamples(0)
            .cells(grids, contrast)?;
        let tested = difference_sheet(
            grids,
            embedding,
            contrast,
            &cell_tests,
            0.05,
            caption,
            &sheet_style,
        )?;
        save(tested, &format!("significance{suffix}"))?;
        let contact = contact_sheet(grids, embedding, caption, &sheet_style)?;
        save(contact, &format!("contact{suffix}"))?;
        save(
            scree(embedding, caption, &style)?,
            &format!("scree{suffix}"),
        )?;
    }
    Ok(())
}

/// Graphs, and the path of one text.
fn draw_graphs(out: &Path, grids: &GridStack, caption: &Caption) -> Result<(), Box<dyn Error>> {
    let labels = grids.labels();
    let save = |figure: Figure, kind: &str| figure.save(out.join(format!("{kind}.png")));
    let graph = RegionGraph::co_activation(grids);
    let layout = LayeredLayout::of(&graph);
    let style = GraphStyle::default();
    let dark = GraphStyle::default().with_figure(FigureStyle::dark());
    let picture = |categories: &[usize], style| {
        graph_picture(&graph.view(categories), &layout, caption, style)
    };
    save(picture(&[0], &style)?, "graph-one")?;
    save(picture(&[0, 1], &style)?, "graph-two")?;
    save(
        graph_picture(&graph.view_all(), &layout, caption, &dark)?,
        "graph-all-dark",
    )?;
    save(
        graph_picture(&graph.view_all(), &layout, caption, &style)?,
        "graph-all",
    )?;
    let path = graph.path(grids, 3).ok_or("there is no text 3")?;
    let category = labels.row_categories()[3] as usize;
    let text = "The text whose way is shown, with its first words and then a good many more of them, \
                so that it has to be cut where the subtitle ends.";
    for (kind, style) in [("path", &style), ("path-dark", &dark)] {
        let figure = path_picture(
            &graph.view_all(),
            &layout,
            &path,
            category,
            text,
            caption,
            style,
        )?;
        save(figure, kind)?;
    }
    Ok(())
}

/// Charts of metrics and probes, and the animated scatter plot.
fn draw_charts(
    out: &Path,
    embedding: &Embedding,
    grids: &GridStack,
    caption: &Caption,
) -> Result<(), Box<dyn Error>> {
    let labels = grids.labels();
    let save = |figure: Figure, kind: &str| figure.save(out.join(format!("{kind}.png")));
    let graph = RegionGraph::co_activation(grids);
    let metrics: Vec<Metrics> = (0..labels.n_categories())
        .map(|c| Metrics::of(&graph.view(&[c]).digraph()))
        .collect();
    let rows: Vec<MetricsRow<'_>> = metrics
        .iter()
        .zip(labels.category_names())
        .map(|(metrics, label)| MetricsRow {
            model_name: "made-up-model",
            label,
            metrics,
        })
        .collect();
    let layers: Vec<Layer> = grids.layers().collect();
    for (kind, style) in [
        ("metrics", FigureStyle::default()),
        ("metrics-dark", FigureStyle::dark()),
    ] {
        let figure = metrics_chart(&rows, &labels.category_counts(), &layers, caption, &style)?;
        save(figure, kind)?;
    }
    save(
        line_chart(&probe(layers.len()), caption, &FigureStyle::default())?,
        "probe",
    )?;
    let animation = scatter_animation(embedding, caption, &ScatterStyle::default())?;
    save(animation.frame(0)?.0, "scatter-first")?;
    save(
        animation.frame(animation.n_frames() / 2)?.0,
        "scatter-middle",
    )?;
    save(animation.frame(usize::MAX)?.0, "scatter-last")?;
    let dark = ScatterStyle::default().with_figure(FigureStyle::dark());
    save(
        scatter_animation(embedding, caption, &dark)?
            .frame(usize::MAX)?
            .0,
        "scatter-dark",
    )?;
    if layers.len() <= 7 && labels.len() <= 300 {
        animation.save(out.join("through-layers.gif"))?;
    }
    Ok(())
}

/// Scores with intervals and a baseline, as of a probe.
fn probe(n_layers: usize) -> LineChart {
    let line = |top: f64| -> Vec<Option<f64>> {
        let score = |l: usize| Some(0.5 + (top - 0.5) * (1.0 - 0.8_f64.powi(l as i32)));
        (0..n_layers).map(score).collect()
    };
    let about = |line: &[Option<f64>]| -> Vec<Option<[f64; 2]>> {
        line.iter()
            .map(|v| v.map(|v| [v - 0.03, (v + 0.03).min(1.0)]))
            .collect()
    };
    let lines = vec![line(0.95), line(0.86), line(0.8), vec![Some(0.5); n_layers]];
    let mut intervals: Vec<_> = lines.iter().map(|line| about(line)).collect();
    intervals[3] = vec![None; n_layers];
    let series = ["activations", "map", "cells", "majority"];
    LineChart {
        title: "What a linear probe reads from each layer".into(),
        notes: vec!["mean and 95 % interval of 5 splits".into()],
        x_name: "layer".into(),
        x: (0..n_layers).map(|l| l.to_string()).collect(),
        series: series
            .iter()
            .map(|&name| Series {
                name: name.into(),
                n: None,
                baseline: name == "majority",
            })
            .collect(),
        panels: vec![LinePanel {
            name: "F1, macro".into(),
            lines,
            intervals,
            range: Some([0.0, 1.0]),
        }],
    }
}
