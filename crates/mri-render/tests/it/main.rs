//! Integration tests of mri-render.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use mri_core::{Axis, Embedding, Labels, Layer, Points};
use mri_graph::RegionGraph;
use mri_grid::{Binning, GridStack, grid_stack};
use mri_render::{
    Caption, Color, Colormap, Figure, GraphStyle, HeatmapStyle, LayeredLayout, Quantity,
    RenderError, category_color, graph_picture, heatmap_sheet,
};
use ndarray::Array2;

/// Labels that break SVG which does not escape, and one that the font cannot draw.
const NAMES: [&str; 3] = ["a<b>&\"c\"</svg>", "line\nbreak\u{1}\u{7f}", "日本語"];

fn scan() -> (Embedding, GridStack, RegionGraph) {
    let ids: Vec<u32> = (0..60).map(|i| i % 3).collect();
    let labels = Arc::new(Labels::new(NAMES.map(str::to_owned).to_vec(), ids).unwrap());
    let layers = (0..3).map(|l| {
        let coordinates = Array2::from_shape_fn((60, 2), |(i, j)| {
            if l == 0 {
                0.0
            } else {
                ((i * (3 + j) * (l + 1)) % 17) as f32 + (i % 3) as f32
            }
        });
        let axis = |i: u32| Axis {
            name: format!("PC{i}"),
            explained_variance_ratio: Some(0.5 / f64::from(i)),
        };
        (
            Layer::resid(l),
            Points {
                coordinates,
                axes: vec![axis(1), axis(2)],
                degenerate: l == 0,
            },
        )
    });
    let embedding = Embedding::new(labels, layers.collect()).unwrap();
    let grids = grid_stack(&embedding, Binning::Uniform { side: 6 }).unwrap();
    let graph = RegionGraph::co_activation(&grids);
    (embedding, grids, graph)
}

fn caption() -> Caption {
    Caption {
        model: "model <&>".into(),
        reducer: "PCA".into(),
        grid: "6 × 6".into(),
        corpus: "texts".into(),
    }
}

/// All kinds of figures over the same data.
fn figures() -> Vec<Figure> {
    let (embedding, grids, graph) = scan();
    let layout = LayeredLayout::of(&graph);
    let style = HeatmapStyle::default();
    let sheet = |quantity| heatmap_sheet(&grids, &embedding, quantity, &caption(), &style).unwrap();
    let picture = |categories: &[usize]| {
        let style = GraphStyle::default();
        graph_picture(&graph.view(categories), &layout, &caption(), &style).unwrap()
    };
    vec![
        sheet(Quantity::Texts),
        sheet(Quantity::Category(1)),
        sheet(Quantity::Difference(0, 2)),
        picture(&[0]),
        picture(&[0, 2]),
        picture(&[0, 1, 2]),
    ]
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(figures(), figures());
}

#[test]
fn every_svg_is_well_formed_and_says_what_it_shows() {
    for figure in figures() {
        let svg = figure.svg();
        assert!(svg.contains("<title>") && svg.contains("<desc>"));
        assert!(
            !svg.contains("</svg>\"") && svg.matches("</svg>").count() == 1,
            "labels are escaped"
        );
        assert!(!svg.chars().any(|c| c.is_control() && c != '\n'));
        let mut reader = quick_xml::Reader::from_str(svg);
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Eof => break,
                quick_xml::events::Event::Text(text) => {
                    let _ = text.xml10_content();
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_png_has_the_scaled_size_and_is_not_blank() {
    for figure in figures() {
        let (width, height) = figure.size();
        let png = figure.png(1.5).unwrap();
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!(side(16), (f64::from(width) * 1.5).round() as u32);
        assert_eq!(side(20), (f64::from(height) * 1.5).round() as u32);
        assert!(png.len() > 5_000, "an empty picture is smaller");
    }
    let figure = &figures()[0];
    for scale in [0.0, -1.0, f64::NAN, 1e9] {
        assert!(matches!(
            figure.png(scale),
            Err(RenderError::BadSize { .. })
        ));
    }
}

#[test]
fn files_are_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let figure = &figures()[0];
    let path = folder.path().join("a.svg");
    figure.save(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), figure.svg());
    let bad = figure.save(folder.path().join("a.pdf"));
    assert!(matches!(bad, Err(RenderError::UnknownFormat { .. })));
    let bad = figure.save(folder.path().join("no/such/folder.svg"));
    assert!(matches!(bad, Err(RenderError::Io { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn misfits_are_refused() {
    let (embedding, grids, graph) = scan();
    let style = HeatmapStyle::default();
    let draw = |quantity, style: &HeatmapStyle| {
        heatmap_sheet(&grids, &embedding, quantity, &caption(), style).unwrap_err()
    };
    assert!(matches!(
        draw(Quantity::Category(3), &style),
        RenderError::Mismatch(_)
    ));
    let nothing = HeatmapStyle {
        layers: Some(vec![Layer::resid(9)]),
        ..style
    };
    assert!(matches!(
        draw(Quantity::Texts, &nothing),
        RenderError::Mismatch(_)
    ));
    let layout = mri_render::layered_layout(&[0, 1], &[]);
    let bad = graph_picture(
        &graph.view_all(),
        &layout,
        &caption(),
        &GraphStyle::default(),
    );
    assert!(matches!(bad, Err(RenderError::Mismatch(_))));
    let layout = LayeredLayout::of(&graph);
    let bad = graph_picture(
        &graph.view(&[]),
        &layout,
        &caption(),
        &GraphStyle::default(),
    );
    assert!(matches!(bad, Err(RenderError::Mismatch(_))));
}

#[test]
fn an_edge_budget_is_kept_and_stated() {
    let (_, _, graph) = scan();
    let layout = LayeredLayout::of(&graph);
    let style = GraphStyle {
        edge_budget: 10,
        ..GraphStyle::default()
    };
    let figure = graph_picture(&graph.view_all(), &layout, &caption(), &style).unwrap();
    assert_eq!(figure.svg().matches("<polyline").count(), 10);
    let edges: Vec<u32> = graph.view_all().edges().map(|e| e.weight).collect();
    let mut heaviest = edges.clone();
    heaviest.sort_unstable_by(|a, b| b.cmp(a));
    let share =
        f64::from(heaviest[..10].iter().sum::<u32>()) / f64::from(edges.iter().sum::<u32>());
    let note = format!("10 of {} edges, {:.0} % of", edges.len(), 100.0 * share);
    assert!(figure.svg().contains(&note), "{note}");
}

#[test]
fn continuous_maps_equal_matplotlibs() {
    let text = include_str!("../golden/colormaps.json");
    let golden: std::collections::HashMap<String, Vec<[f64; 3]>> =
        serde_json::from_str(text).unwrap();
    let maps = [
        ("coolwarm", Colormap::Coolwarm, 0.3),
        ("Blues", Colormap::Blues, 1.0),
        ("viridis", Colormap::Viridis, 1.5),
        ("managua", Colormap::Managua, 1.5),
    ];
    for (name, map, bound) in maps {
        for (i, expected) in golden[name].iter().enumerate() {
            let Color { r, g, b } = map.at(i as f64 / 255.0);
            for (got, expected) in [r, g, b].into_iter().zip(expected) {
                // Half a unit more for the rounding to whole bytes.
                let off = (f64::from(got) - expected).abs();
                assert!(off <= bound + 0.5, "{name} at {i}: off by {off}");
            }
        }
    }
}

#[test]
fn sequential_maps_are_ordered_by_luminance() {
    let luminance = |map: Colormap, i: u32| map.at(f64::from(i) / 50.0).luminance();
    for i in 0..50 {
        assert!(luminance(Colormap::Blues, i) > luminance(Colormap::Blues, i + 1));
        assert!(luminance(Colormap::Viridis, i) < luminance(Colormap::Viridis, i + 1));
    }
    for i in 0..25 {
        assert!(luminance(Colormap::Coolwarm, i) < luminance(Colormap::Coolwarm, i + 1) + 1e-3);
    }
}

#[test]
fn numbers_are_readable_on_every_color() {
    for i in 0..=100 {
        for map in [
            Colormap::Blues,
            Colormap::Coolwarm,
            Colormap::Viridis,
            Colormap::Managua,
        ] {
            let ground = map.at(f64::from(i) / 100.0);
            let (a, b) = (ground.luminance(), ground.readable_on().luminance());
            let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(contrast >= 4.5, "WCAG AA, got {contrast} at {i}");
        }
    }
}

#[test]
fn categories_differ_from_each_other() {
    for total in [2, 6, 10] {
        for i in 0..total {
            for j in 0..i {
                assert_ne!(category_color(i, total), category_color(j, total));
            }
        }
    }
}
