use std::sync::Arc;

use mri_core::{Component, Embedding, Labels, Layer, Points};
use mri_graph::{Contrast, Metrics, MetricsRow, RegionGraph, Significance};
use mri_grid::{Binning, GridStack, grid_stack};
use mri_render::{
    Caption, Figure, FigureStyle, GraphStyle, HeatmapStyle, LayeredLayout, LineChart, LinePanel,
    Quantity, ScatterStyle, Series, contact_sheet, difference_sheet, graph_picture, heatmap_sheet,
    line_chart, metrics_chart, path_picture, scatter_animation, scree,
};
use ndarray::Array2;

/// Labels that break SVG which does not escape, and one that the embedded font cannot draw.
pub(crate) const NAMES: [&str; 3] = ["a<b>&\"c\"</svg>", "line\nbreak\u{1}\u{7f}", "日本語"];

pub(crate) fn scan() -> (Embedding, GridStack, RegionGraph) {
    scan_of(&NAMES, 3)
}

pub(crate) fn scan_of(names: &[&str], n_layers: usize) -> (Embedding, GridStack, RegionGraph) {
    let ids: Vec<u32> = (0..60).map(|i| i % names.len() as u32).collect();
    let named = names.iter().map(|&name| name.to_owned()).collect();
    let labels = Arc::new(Labels::new(named, ids).unwrap());
    let layers = (0..n_layers).map(|l| {
        let degenerate = l == 0 && n_layers > 1;
        let coordinates = Array2::from_shape_fn((60, 2), |(i, j)| {
            if degenerate {
                0.0
            } else {
                ((i * (3 + j) * (l + 1)) % 17) as f32 + (i % 3) as f32
            }
        });
        let axis = |i: u32| Component {
            name: format!("PC{i}"),
            explained_variance_ratio: Some(0.5 / f64::from(i)),
        };
        (
            Layer::resid(l),
            Points {
                coordinates,
                components: vec![axis(1), axis(2)],
                degenerate,
            },
        )
    });
    let embedding = Embedding::new(labels, layers.collect()).unwrap();
    let grids = grid_stack(&embedding, Binning::Uniform { side: 6 }).unwrap();
    let graph = RegionGraph::co_activation(&grids);
    (embedding, grids, graph)
}

pub(crate) fn caption() -> Caption {
    Caption {
        model: "model <&>".into(),
        reducer: "PCA".into(),
        grid: "6 × 6".into(),
        corpus: "texts".into(),
    }
}

/// All kinds of figures over the same data.
pub(crate) fn figures() -> Vec<(&'static str, Figure)> {
    styled_figures(FigureStyle::default())
}

/// [`figures`] in another style.
pub(crate) fn styled_figures(style: FigureStyle) -> Vec<(&'static str, Figure)> {
    named_figures(NAMES, style)
}

/// [`styled_figures`] with other labels.
pub(crate) fn named_figures(names: [&str; 3], style: FigureStyle) -> Vec<(&'static str, Figure)> {
    shaped_figures(&names, 3, style)
}

/// [`named_figures`] with at least three categories and any number of layers.
pub(crate) fn shaped_figures(
    names: &[&str],
    n_layers: usize,
    style: FigureStyle,
) -> Vec<(&'static str, Figure)> {
    let (embedding, grids, graph) = scan_of(names, n_layers);
    let layout = LayeredLayout::of(&graph);
    let caption = caption();
    let heat = HeatmapStyle::default().with_figure(style);
    let sheet = |quantity| heatmap_sheet(&grids, &embedding, quantity, &caption, &heat).unwrap();
    let graph_style = GraphStyle::default().with_figure(style);
    let picture = |categories: &[usize]| {
        graph_picture(&graph.view(categories), &layout, &caption, &graph_style)
    };
    let contrast = Contrast::pair(0, 2);
    let cell_tests = Significance::default().cells(&grids, &contrast).unwrap();
    let tested = difference_sheet(
        &grids,
        &embedding,
        &contrast,
        &cell_tests,
        0.05,
        &caption,
        &heat,
    );
    let path = graph.path(&grids, 4).unwrap();
    let text = "words <b>in</b> the text & more";
    let path_figure = path_picture(
        &graph.view_all(),
        &layout,
        &path,
        1,
        text,
        &caption,
        &graph_style,
    );
    let all: Vec<usize> = (0..names.len()).collect();
    let metrics: Vec<Metrics> = (0..names.len())
        .map(|c| Metrics::of(&graph.view(&[c]).digraph()))
        .collect();
    let rows: Vec<MetricsRow<'_>> = metrics
        .iter()
        .zip(names)
        .map(|(metrics, &label)| MetricsRow {
            model_name: "model",
            label,
            metrics,
        })
        .collect();
    let layers: Vec<Layer> = grids.layers().collect();
    let sizes = grids.labels().category_counts();
    let scatter = ScatterStyle::default().with_figure(style).with_steps(3);
    let animation = scatter_animation(&embedding, &caption, &scatter).unwrap();
    vec![
        ("texts", sheet(Quantity::Texts)),
        ("category", sheet(Quantity::Category(1))),
        ("difference", sheet(Quantity::Difference(0, 2))),
        ("significance", tested.unwrap()),
        (
            "contact",
            contact_sheet(&grids, &embedding, &caption, &heat).unwrap(),
        ),
        ("graph-one", picture(&[0]).unwrap()),
        ("graph-two", picture(&[0, 2]).unwrap()),
        ("graph-all", picture(&all).unwrap()),
        ("path", path_figure.unwrap()),
        ("lines", line_chart(&lines(), &caption, &style).unwrap()),
        (
            "metrics",
            metrics_chart(&rows, &sizes, &layers, &caption, &style).unwrap(),
        ),
        ("scree", scree(&embedding, &caption, &style).unwrap()),
        ("scatter", animation.frame(4).unwrap().0),
    ]
}

/// Two lines, one with intervals and a gap, and a baseline.
pub(crate) fn lines() -> LineChart {
    let series = |name: &str, baseline| Series {
        name: name.into(),
        n: None,
        baseline,
    };
    LineChart {
        title: "Scores".into(),
        notes: vec!["made up".into()],
        x_name: "layer".into(),
        x: ["0", "1", "2"].map(str::to_owned).to_vec(),
        series: vec![series("map", false), series("chance", true)],
        panels: vec![LinePanel {
            name: "F1".into(),
            lines: vec![
                vec![Some(0.5), None, Some(0.8)],
                vec![Some(0.5), Some(0.5), Some(0.5)],
            ],
            intervals: vec![
                vec![Some([0.4, 0.6]), None, Some([0.7, 0.9])],
                vec![None; 3],
            ],
            range: Some([0.0, 1.0]),
        }],
    }
}
