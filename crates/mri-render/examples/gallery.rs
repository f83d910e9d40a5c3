//! Draws every kind of figure over made-up data, to be looked at.
//!
//!     cargo run -p mri-render --example gallery -- FOLDER

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use mri_core::{Axis, Embedding, Labels, Layer, Points};
use mri_graph::RegionGraph;
use mri_grid::{Binning, GridStack, grid_stack};
use mri_render::{
    Caption, GraphStyle, HeatmapStyle, LayeredLayout, Quantity, Theme, graph_picture, heatmap_sheet,
};
use ndarray::Array2;

/// Clouds of points, one per category, that part as the layers go up; layer 0 is one point.
fn scan(n: usize, names: &[&str], n_layers: usize, side: usize) -> (Embedding, GridStack) {
    let ids: Vec<u32> = (0..n).map(|i| (i * i % 31 % names.len()) as u32).collect();
    let names = names.iter().map(|&name| name.to_owned()).collect();
    let labels = Arc::new(Labels::new(names, ids.clone()).expect("the ids are within the names"));
    let mut state = 7_u64;
    let mut normal = || {
        let mut uniform = || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 40) as f64 / f64::from(1_u32 << 24)
        };
        (0..12).map(|_| uniform()).sum::<f64>() - 6.0
    };
    let layers = (0..n_layers).map(|l| {
        let degenerate = l == 0 && n_layers > 1;
        let coordinates = Array2::from_shape_fn((n, 2), |(i, j)| {
            let angle = f64::from(ids[i]) * 2.4 + 0.15 * l as f64;
            let centre = if j == 0 { angle.cos() } else { angle.sin() };
            let apart = 4.0 * l as f64 / n_layers as f64;
            if degenerate {
                0.0
            } else {
                (centre * apart + normal()) as f32
            }
        });
        let axes = (1..=2)
            .map(|i| Axis {
                name: format!("PC{i}"),
                explained_variance_ratio: Some(0.31 / f64::from(i)),
            })
            .collect();
        (
            Layer::resid(l),
            Points {
                coordinates,
                axes,
                degenerate,
            },
        )
    });
    let embedding = Embedding::new(labels, layers.collect()).expect("one row per label");
    let grids = grid_stack(&embedding, Binning::Uniform { side }).expect("planar and finite");
    (embedding, grids)
}

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::args().nth(1).ok_or("usage: gallery FOLDER")?);
    std::fs::create_dir_all(&out)?;
    let caption = |side: usize| Caption {
        model: "made-up-model".into(),
        corpus: "made-up texts".into(),
        reducer: "PCA".into(),
        grid: format!("{side} × {side}"),
    };
    let two = ["astronomy", "cooking"];
    let three = [
        "Право & порядок",
        "Μουσική",
        "a very long label that says far more than a label should, really",
    ];
    let ten = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let cases: [(&str, usize, &[&str], usize, usize); 6] = [
        ("small", 12, &two, 7, 10),
        ("usual", 300, &two, 7, 10),
        ("one-layer", 300, &three, 1, 10),
        ("deep", 5_000, &two, 31, 10),
        ("many", 5_000, &ten, 7, 20),
        ("words", 300, &three, 13, 10),
    ];
    for (name, n, names, n_layers, side) in cases {
        let (embedding, grids) = scan(n, names, n_layers, side);
        let graph = RegionGraph::co_activation(&grids);
        let layout = LayeredLayout::of(&graph);
        let caption = caption(side);
        let sheet = |quantity, theme| {
            let style = HeatmapStyle {
                theme,
                ..HeatmapStyle::default()
            };
            heatmap_sheet(&grids, &embedding, quantity, &caption, &style)
        };
        let save = |figure: mri_render::Figure, kind: &str| {
            figure.save(out.join(format!("{name}.{kind}.png")))
        };
        save(sheet(Quantity::Category(1), Theme::LIGHT)?, "category")?;
        save(
            sheet(Quantity::Difference(0, 1), Theme::LIGHT)?,
            "difference",
        )?;
        save(
            sheet(Quantity::Difference(0, 1), Theme::DARK)?,
            "difference-dark",
        )?;
        save(sheet(Quantity::Texts, Theme::DARK)?, "all-dark")?;
        let style = GraphStyle::default();
        save(
            graph_picture(&graph.view(&[0]), &layout, &caption, &style)?,
            "graph-one",
        )?;
        save(
            graph_picture(&graph.view(&[0, 1]), &layout, &caption, &style)?,
            "graph-two",
        )?;
        let dark = GraphStyle {
            theme: Theme::DARK,
            ..style
        };
        save(
            graph_picture(&graph.view_all(), &layout, &caption, &dark)?,
            "graph-all-dark",
        )?;
    }
    Ok(())
}
