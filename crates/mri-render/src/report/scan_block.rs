use std::borrow::Cow;

use mri_core::{Component, Layer, Points};
use mri_graph::{Contrast, LayerTest};
use mri_grid::{Cell, Grid};
use serde_json::{Map, Value, json};

use super::block::{Arrays, DataBlock};
use super::data::Report;
use super::metrics::{by_layer_table, metrics_table};
use super::table::ReportTable;
use crate::category::{pair_span, themed_color};
use crate::colormap::Colormap;
use crate::error::RenderError;
use crate::figure_style::FigureStyle;
use crate::layout::LayeredLayout;
use crate::marker::Marker;

/// The number of words per region.
const WORDS: usize = 10;

/// The data block of everything but the texts.
pub(super) fn scan_block(report: &Report<'_>) -> Result<DataBlock, RenderError> {
    check(report)?;
    let mut arrays = Arrays::default();
    let labels = report.grids.labels();
    arrays.u32s("labels", labels.row_categories().iter().copied());
    let layers = layers(report, &mut arrays)?;
    nodes(report, &mut arrays)?;
    let contrasts: Result<Vec<Value>, RenderError> = (report.contrasts.iter().enumerate())
        .map(|(i, (contrast, tests))| contrast_head(report, i, contrast, tests, &mut arrays))
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
        // The part of the diverging colormap between two categories.
        "reach": {
            "light": pair_span(&FigureStyle::default()),
            "dark": pair_span(&FigureStyle::dark()),
        },
        // Counts that the page derives from the paths of the texts again, as a self-check.
        "expected": {
            "regions": graph.node_count(),
            "edges": graph.edge_count(),
            "transitions": steps.sum::<u64>(),
        },
    });
    let Value::Object(head) = head else {
        return Ok(arrays.finish(Map::new()));
    };
    Ok(arrays.finish(head))
}

fn check(report: &Report<'_>) -> Result<(), RenderError> {
    let n = report.grids.labels().len();
    if report.texts.len() != n {
        return Err(RenderError::mismatch(format!(
            "a report needs one text per label, but there are {} texts and {n} labels",
            report.texts.len()
        )));
    }
    if report.grids.is_empty() {
        return Err(RenderError::mismatch("there is no layer to report on"));
    }
    let layers: Vec<Layer> = report.grids.layers().collect();
    if !report.embedding.layers().eq(layers.iter().copied()) || report.graph.layers() != layers {
        return Err(RenderError::mismatch(
            "embedding, grids and graph of a report must be of the same layers in the same order",
        ));
    }
    if report.graph.categories() != report.grids.labels().category_names() {
        return Err(RenderError::mismatch(
            "grids and graph of a report must have the same categories",
        ));
    }
    let uneven = |t: &&ReportTable| t.rows.iter().any(|row| row.len() != t.columns.len());
    match report.tables.iter().find(uneven) {
        Some(table) => Err(RenderError::mismatch(format!(
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
            let [light, dark] = [FigureStyle::default(), FigureStyle::dark()]
                .map(|style| themed_color(i, names.len(), &style).css());
            json!({
                "name": name,
                "texts": texts,
                "color": light,
                "dark": dark,
                "marker": Marker::of(i).svg_path(),
            })
        })
        .collect()
}

/// The heads of the layers. Their points and the paths of the texts become arrays.
fn layers(report: &Report<'_>, arrays: &mut Arrays) -> Result<Vec<Value>, RenderError> {
    let n = report.texts.len();
    let mut heads = Vec::new();
    let mut coordinates = Vec::with_capacity(2 * n * report.grids.len());
    let mut paths = Vec::with_capacity(n * report.grids.len());
    let stacks = report.grids.iter().zip(report.embedding.iter());
    for (position, ((layer, grid), (_, points))) in stacks.enumerate() {
        let (head, quantized) = layer_head(layer, grid, points)?;
        heads.push(head);
        coordinates.extend(quantized);
        for &cell in grid.cells() {
            let node = report.graph.node(position, cell);
            let node =
                node.ok_or_else(|| RenderError::mismatch("the graph is not that of the grids"))?;
            paths.push(node.index() as u32);
        }
    }
    arrays.u16s("points", coordinates);
    arrays.u32s("paths", paths);
    Ok(heads)
}

/// The head of a layer, and its points as `x, y` per text from 0 (minimum) to 65535 (maximum).
fn layer_head(
    layer: Layer,
    grid: &Grid,
    points: &Points,
) -> Result<(Value, Vec<u16>), RenderError> {
    let coordinates = &points.coordinates;
    if coordinates.ncols() != 2 {
        return Err(RenderError::mismatch(format!(
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
    let quantize = |(i, &value): (usize, &f32)| {
        let (low, span) = range[i % 2];
        let share = if span > 0.0 {
            (f64::from(value) - low) / span
        } else {
            0.5
        };
        (share * f64::from(u16::MAX)).round() as u16
    };
    let quantized = coordinates.iter().enumerate().map(quantize).collect();
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
        "edges": edges(grid),
    });
    Ok((head, quantized))
}

/// Cells per side up to which a layer lists all of its edges.
const MAX_LISTED_SIDE: usize = 1_000;

/// The edges of the cells along both axes: lists, or of a very fine grid those of the occupied
/// cells, by their number.
fn edges(grid: &Grid) -> [Value; 2] {
    let all = [grid.edges_x(), grid.edges_y()];
    if grid.side() <= MAX_LISTED_SIDE {
        return all.map(|edges| json!(edges));
    }
    let used = |edges: &[f64], of: fn(&Cell) -> u16| {
        let ends = grid.cells().iter().map(|cell| usize::from(of(cell)));
        let ends = ends.flat_map(|low| [low, low + 1]);
        let by_number: Map<String, Value> = ends
            .map(|edge| (edge.to_string(), json!(edges[edge])))
            .collect();
        Value::Object(by_number)
    };
    [used(all[0], |cell| cell.x), used(all[1], |cell| cell.y)]
}

/// The cell of every region, and its coordinate in the graph.
fn nodes(report: &Report<'_>, arrays: &mut Arrays) -> Result<(), RenderError> {
    let graph = report.graph.graph();
    let layout = match report.layout {
        Some(layout) => Cow::Borrowed(layout),
        None => Cow::Owned(LayeredLayout::of(report.graph)),
    };
    if layout.coordinate.len() != graph.node_count() {
        return Err(RenderError::mismatch("the graph could not be laid out"));
    }
    let nodes = || graph.node_weights();
    arrays.u32s("node-layer", nodes().map(|node| node.position as u32));
    arrays.u16s(
        "node-cell",
        nodes().flat_map(|node| [node.cell.x, node.cell.y]),
    );
    arrays.f32s("node-place", layout.coordinate.iter().map(|&at| at as f32));
    Ok(())
}

/// The characteristic words of every region.
fn words(report: &Report<'_>) -> Vec<Vec<String>> {
    let per_layer = report.grids.iter().map(|(_, grid)| {
        // Cells are in ascending order, as the nodes of a layer are.
        grid.words(report.texts, WORDS)
    });
    per_layer
        .flat_map(|cells| cells.into_values())
        .map(|words| words.into_iter().map(|word| word.word).collect())
        .collect()
}

/// The head of a contrast. Its tests become arrays, with NaN for regions without one.
fn contrast_head(
    report: &Report<'_>,
    index: usize,
    contrast: &Contrast,
    tests: &[LayerTest<Cell>],
    arrays: &mut Arrays,
) -> Result<Value, RenderError> {
    let labels = report.grids.labels();
    let sides = [&contrast.a, &contrast.b];
    if sides
        .iter()
        .any(|side| side.iter().any(|&c| c >= labels.n_categories()))
    {
        return Err(RenderError::mismatch(
            "a contrast names a category that does not exist",
        ));
    }
    if !tests.iter().map(|v| v.position).eq(0..report.grids.len()) {
        return Err(RenderError::mismatch(
            "a contrast needs the tests of every layer, in order",
        ));
    }
    // p, q, lower and upper end of the interval, stability.
    let mut values = vec![[f64::NAN; 5]; report.graph.graph().node_count()];
    for (position, test) in tests.iter().enumerate() {
        for item in &test.items {
            let node = report.graph.node(position, item.item);
            let node =
                node.ok_or_else(|| RenderError::mismatch("a test is of a cell without texts"))?;
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
    arrays.f64s(&format!("p-{index}"), column(0));
    arrays.f64s(&format!("q-{index}"), column(1));
    for (i, name) in [(2, "low"), (3, "high"), (4, "stability")] {
        arrays.f32s(&format!("{name}-{index}"), column(i).map(|v| v as f32));
    }
    let layers: Vec<Value> = tests
        .iter()
        .map(|v| json!({ "distance": v.distance, "p": v.p, "q": v.q }))
        .collect();
    Ok(json!({
        "names": contrast.names(labels),
        "sides": sides,
        "layers": layers,
    }))
}

/// The 33 equidistant stops of a colormap.
fn stops(map: Colormap) -> Vec<String> {
    (0..=32)
        .map(|i| map.at(f64::from(i) / 32.0).css())
        .collect()
}
