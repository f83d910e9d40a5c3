use mri_core::{Component, Layer, Points};
use mri_graph::{Contrast, LayerTest};
use mri_grid::{Cell, Grid};
use serde_json::{Map, Value, json};

use super::block::{Block, Parts};
use super::metrics::{by_layer_table, metrics_table};
use super::{Report, ReportTable};
use crate::category::{reach, shown_color};
use crate::{Color, Colormap, LayeredLayout, Look, RenderError};

/// Words kept per region.
const WORDS: usize = 10;

/// Everything of a report but its texts, packed.
pub(super) fn scan_block(report: &Report<'_>) -> Result<Block, RenderError> {
    check(report)?;
    let mut parts = Parts::default();
    let labels = report.grids.labels();
    parts.u32s("labels", labels.row_categories().iter().copied());
    let layers = layers(report, &mut parts)?;
    nodes(report, &mut parts)?;
    let contrasts: Result<Vec<Value>, RenderError> = (report.contrasts.iter().enumerate())
        .map(|(i, (contrast, verdicts))| judged(report, i, contrast, verdicts, &mut parts))
        .collect();
    let mut tables = Vec::new();
    if !report.metrics.is_empty() {
        tables.push(metrics_table(report.metrics));
        tables.push(by_layer_table(report.metrics, report.graph.layers()));
    }
    tables.extend_from_slice(report.tables);
    let graph = report.graph.graph();
    let steps = graph.edge_weights().map(|edge| u64::from(edge.n_texts()));
    let caption = &report.caption;
    let head = json!({
        "format": 1,
        "version": env!("CARGO_PKG_VERSION"),
        "model": caption.model,
        "corpus": caption.corpus,
        "reducer": caption.reducer,
        "grid": caption.grid,
        "texts": labels.len(),
        "categories": categories(report),
        "layers": layers,
        "words": words(report),
        "contrasts": contrasts?,
        "tables": tables,
        "facts": report.facts,
        "colormaps": {
            "blues": stops(Colormap::Blues),
            "viridis": stops(Colormap::Viridis),
            "coolwarm": stops(Colormap::Coolwarm),
            "managua": stops(Colormap::Managua),
        },
        // How much of the map of differences lies between two categories.
        "reach": { "light": reach(&Look::default()), "dark": reach(&Look::dark()) },
        // What the page counts anew from the paths of the texts, to check itself.
        "expected": {
            "regions": graph.node_count(),
            "edges": graph.edge_count(),
            "transitions": steps.sum::<u64>(),
        },
    });
    let Value::Object(head) = head else {
        return Ok(parts.finish(Map::new()));
    };
    Ok(parts.finish(head))
}

fn mismatch(what: impl Into<String>) -> RenderError {
    RenderError::Mismatch(what.into())
}

fn check(report: &Report<'_>) -> Result<(), RenderError> {
    let n = report.grids.labels().len();
    if report.texts.len() != n {
        return Err(mismatch(format!(
            "a report needs one text per label, but there are {} texts and {n} labels",
            report.texts.len()
        )));
    }
    if report.grids.is_empty() {
        return Err(mismatch("there is no layer to report on"));
    }
    let layers: Vec<Layer> = report.grids.layers().collect();
    if !report.embedding.layers().eq(layers.iter().copied()) || report.graph.layers() != layers {
        return Err(mismatch(
            "embedding, grids and graph of a report must be of the same layers in the same order",
        ));
    }
    if report.graph.categories() != report.grids.labels().category_names() {
        return Err(mismatch(
            "grids and graph of a report must have the same categories",
        ));
    }
    let uneven = |t: &&ReportTable| t.rows.iter().any(|row| row.len() != t.columns.len());
    match report.tables.iter().find(uneven) {
        Some(table) => Err(mismatch(format!(
            "every row of the table {:?} must have {} entries, one per column",
            table.title,
            table.columns.len()
        ))),
        None => Ok(()),
    }
}

fn categories(report: &Report<'_>) -> Vec<Value> {
    let labels = report.grids.labels();
    let (names, counts) = (labels.category_names(), labels.category_counts());
    (names.iter().zip(counts).enumerate())
        .map(|(i, (name, texts))| {
            let [light, dark] =
                [Look::default(), Look::dark()].map(|look| hex(shown_color(i, names.len(), &look)));
            json!({ "name": name, "texts": texts, "color": light, "dark": dark })
        })
        .collect()
}

/// The heads of the layers; their points and the paths of the texts go to the parts.
fn layers(report: &Report<'_>, parts: &mut Parts) -> Result<Vec<Value>, RenderError> {
    let n = report.texts.len();
    let mut heads = Vec::new();
    let mut coordinates = Vec::with_capacity(2 * n * report.grids.len());
    let mut paths = Vec::with_capacity(n * report.grids.len());
    let stacks = report.grids.iter().zip(report.embedding.iter());
    for (position, ((layer, grid), (_, points))) in stacks.enumerate() {
        let (head, quantised) = layer_head(layer, grid, points)?;
        heads.push(head);
        coordinates.extend(quantised);
        for &cell in grid.cells() {
            let node = report.graph.node(position, cell);
            let node = node.ok_or_else(|| mismatch("the graph is not that of the grids"))?;
            paths.push(node.index() as u32);
        }
    }
    parts.u16s("points", coordinates);
    parts.u32s("paths", paths);
    Ok(heads)
}

/// A layer's head, and its points as `x, y` per text from 0 (least) to 65535 (greatest).
fn layer_head(
    layer: Layer,
    grid: &Grid,
    points: &Points,
) -> Result<(Value, Vec<u16>), RenderError> {
    let coordinates = &points.coordinates;
    if coordinates.ncols() != 2 {
        return Err(mismatch(format!(
            "a report needs maps of 2 components, but layer {layer} has {}",
            coordinates.ncols()
        )));
    }
    let range = [0, 1].map(|axis| {
        let column = coordinates.column(axis);
        let fold = |start: f32, pick: fn(f32, f32) -> f32| column.iter().copied().fold(start, pick);
        let low = f64::from(fold(f32::INFINITY, f32::min));
        (low, f64::from(fold(f32::NEG_INFINITY, f32::max)) - low)
    });
    let quantise = |(i, &value): (usize, &f32)| {
        let (low, span) = range[i % 2];
        let share = if span > 0.0 {
            (f64::from(value) - low) / span
        } else {
            0.5
        };
        (share * f64::from(u16::MAX)).round() as u16
    };
    let quantised = coordinates.iter().enumerate().map(quantise).collect();
    let axis = |i: usize| {
        let known = points.components.get(i);
        json!({
            "name": known.map_or_else(|| format!("component {}", i + 1), |a: &Component| a.name.clone()),
            "explained": known.and_then(|a| a.explained_variance_ratio),
            "low": range[i].0,
            "span": range[i].1,
        })
    };
    let head = json!({
        "name": layer.title(),
        "short": layer.abbreviation(),
        "id": layer.to_string(),
        "degenerate": points.degenerate,
        "side": grid.side(),
        "axes": [axis(0), axis(1)],
        "edges": [grid.edges_x(), grid.edges_y()],
    });
    Ok((head, quantised))
}

/// The cells of the regions, and where each stands in the picture of the graph.
fn nodes(report: &Report<'_>, parts: &mut Parts) -> Result<(), RenderError> {
    let graph = report.graph.graph();
    let layout = LayeredLayout::of(report.graph);
    if layout.coordinate.len() != graph.node_count() {
        return Err(mismatch("the graph could not be laid out"));
    }
    let nodes = || graph.node_weights();
    parts.u32s("node-layer", nodes().map(|node| node.position as u32));
    parts.u16s(
        "node-cell",
        nodes().flat_map(|node| [node.cell.x, node.cell.y]),
    );
    parts.f32s("node-place", layout.coordinate.iter().map(|&at| at as f32));
    Ok(())
}

/// The telling words of every region.
fn words(report: &Report<'_>) -> Vec<Vec<String>> {
    let per_layer = report.grids.iter().map(|(_, grid)| {
        // Cells ascend as the nodes of a layer do.
        grid.words(report.texts, WORDS)
    });
    per_layer
        .flat_map(|cells| cells.into_values())
        .map(|words| words.into_iter().map(|word| word.word).collect())
        .collect()
}

/// The head of a contrast; its verdicts go to the parts, NaN where there is none.
fn judged(
    report: &Report<'_>,
    index: usize,
    contrast: &Contrast,
    verdicts: &[LayerTest<Cell>],
    parts: &mut Parts,
) -> Result<Value, RenderError> {
    let labels = report.grids.labels();
    let sides = [&contrast.a, &contrast.b];
    if sides
        .iter()
        .any(|side| side.iter().any(|&c| c >= labels.n_categories()))
    {
        return Err(mismatch("a contrast names a category that is not there"));
    }
    if !verdicts
        .iter()
        .map(|v| v.position)
        .eq(0..report.grids.len())
    {
        return Err(mismatch(
            "a contrast needs one verdict per layer, in their order",
        ));
    }
    // p, q, low and high end of the interval, stability.
    let mut values = vec![[f64::NAN; 5]; report.graph.graph().node_count()];
    for (position, verdict) in verdicts.iter().enumerate() {
        for item in &verdict.items {
            let node = report.graph.node(position, item.item);
            let node = node.ok_or_else(|| mismatch("a verdict is on a cell without texts"))?;
            values[node.index()] = [
                item.p,
                item.q.unwrap_or(f64::NAN),
                item.interval[0],
                item.interval[1],
                item.stability,
            ];
        }
    }
    let column = |i: usize| values.iter().map(move |v| v[i]);
    parts.f64s(&format!("p-{index}"), column(0));
    parts.f64s(&format!("q-{index}"), column(1));
    for (i, name) in [(2, "low"), (3, "high"), (4, "stability")] {
        parts.f32s(&format!("{name}-{index}"), column(i).map(|v| v as f32));
    }
    let layers: Vec<Value> = verdicts
        .iter()
        .map(|v| json!({ "distance": v.distance, "p": v.p, "q": v.q }))
        .collect();
    Ok(json!({
        "names": contrast.names(labels),
        "sides": sides,
        "layers": layers,
    }))
}

/// A colour map as 33 equidistant stops, which is what it is made of.
fn stops(map: Colormap) -> Vec<String> {
    (0..=32).map(|i| hex(map.at(f64::from(i) / 32.0))).collect()
}

fn hex(Color { r, g, b }: Color) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}
