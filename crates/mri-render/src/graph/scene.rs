use mri_core::{CategoryCounts, Layer};
use mri_graph::GraphView;
use petgraph::graph::NodeIndex;

use super::labels::LabelPlacer;
use super::shapes::{curve, pie};
use super::style::GraphStyle;
use crate::canvas::{Anchor, Canvas, Point, TextStyle};
use crate::category::pair_color;
use crate::color::Color;
use crate::figure_style::FigureStyle;
use crate::font::text_width;
use crate::header::MARGIN;
use crate::layout::LayeredLayout;
use crate::text::thousands;

/// The largest and smallest radius of a circle, in pixels.
const MAX_RADIUS: f64 = 13.0;
const MIN_RADIUS: f64 = 2.2;

/// The segments of a curve; with this many a thin curve looks smooth.
const SEGMENTS: usize = 14;

/// A region as a circle.
struct Node {
    id: NodeIndex,
    at: Point,
    radius: f64,
    texts: u32,
    /// Number of texts of each category of the view, numbered as there.
    parts: CategoryCounts,
}

/// A transition as a curve.
struct Edge {
    ends: [NodeIndex; 2],
    weight: u32,
    color: Color,
}

/// The circles and curves of a view, and their positions.
pub(super) struct Scene<'a> {
    layout: &'a LayeredLayout,
    column: f64,
    colors: Vec<Color>,
    /// The layer position of every node of the graph.
    positions: Vec<usize>,
    nodes: Vec<Node>,
    /// Ascending by weight, so that the heaviest are drawn last.
    edges: Vec<Edge>,
    n_edges: usize,
    drawn_share: f64,
    /// The map from layout coordinates to y: `from + (coordinate - low) * unit`.
    low: f64,
    span: f64,
    unit: f64,
    from: f64,
    /// Top and height of the bands.
    top: f64,
    height: f64,
    /// For a graph with a single layer: the cell of every node, and the cells per side.
    cells: Option<(Vec<(f64, f64)>, f64)>,
    faded: bool,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        view: &GraphView<'_>,
        layout: &'a LayeredLayout,
        style: &GraphStyle,
        colors: &[Color],
        column: f64,
    ) -> Self {
        let g = view.graph().graph();
        let fold = |start: f64, pick: fn(f64, f64) -> f64| {
            layout.coordinate.iter().copied().fold(start, pick)
        };
        let (low, high) = (
            fold(f64::INFINITY, f64::min),
            fold(f64::NEG_INFINITY, f64::max),
        );
        let nodes = view
            .nodes()
            .map(|(id, region, texts)| Node {
                id,
                at: (0.0, 0.0),
                radius: 0.0,
                texts,
                parts: region.counts.select(view.categories()),
            })
            .collect();
        let both = view.categories() == [0, 1] && view.graph().categories().len() == 2;
        let mut edges: Vec<Edge> = view
            .edges()
            .map(|e| Edge {
                ends: [e.source, e.target],
                weight: e.weight,
                color: blend(
                    colors,
                    both,
                    &g[e.id].weights.select(view.categories()),
                    &style.figure,
                ),
            })
            .collect();
        let n_edges = edges.len();
        let all: u64 = edges.iter().map(|e| u64::from(e.weight)).sum();
        edges.sort_by_key(|e| e.weight);
        edges.drain(..n_edges.saturating_sub(style.edge_budget));
        let drawn: u64 = edges.iter().map(|e| u64::from(e.weight)).sum();
        // A single layer has no transitions; its regions are drawn at their cells.
        let cells = (view.graph().layers().len() == 1).then(|| {
            let cells: Vec<(f64, f64)> = g
                .node_weights()
                .map(|region| (f64::from(region.cell.x), f64::from(region.cell.y)))
                .collect();
            let last = cells
                .iter()
                .fold(0.0_f64, |last, (x, y)| last.max(*x).max(*y));
            (cells, last + 1.0)
        });
        Self {
            layout,
            column,
            cells,
            colors: colors.to_vec(),
            positions: g.node_weights().map(|region| region.position).collect(),
            nodes,
            edges,
            n_edges,
            drawn_share: if all > 0 {
                drawn as f64 / all as f64
            } else {
                1.0
            },
            low: if low.is_finite() { low } else { 0.0 },
            span: if high > low { high - low } else { 1.0 },
            unit: 1.0,
            from: 0.0,
            top: 0.0,
            height: 0.0,
            faded: false,
        }
    }

    /// Draws everything in gray, as the background of a path.
    pub(super) fn fade(&mut self) {
        self.faded = true;
    }

    /// Positions everything below `top`, in the given height or a height by content. Returns the
    /// height.
    pub(super) fn place(&mut self, top: f64, height: Option<f64>) -> f64 {
        let (height, largest) = if let Some((_, side)) = &self.cells {
            let height = height.map_or(self.column, |height| height.max(60.0));
            self.unit = height.min(self.column) / side;
            self.from = top + (height - self.unit * side) / 2.0;
            (height, self.unit * 0.45)
        } else {
            let default_height = (self.span * 2.0 * MAX_RADIUS).clamp(260.0, 1_000.0);
            // A path has labels of two lines above its regions.
            let around = 2.0 * MAX_RADIUS + if self.faded { 60.0 } else { 12.0 };
            let inner = height.map_or(default_height, |height| (height - around).max(60.0));
            self.unit = inner / self.span;
            self.from = top + around / 2.0;
            // The size of the largest region is one unit.
            let largest = MAX_RADIUS
                .min((self.unit * 0.5).max(5.0))
                .min((self.column * 0.3).max(3.0));
            (inner + around, largest)
        };
        // Layers with a single region, such as degenerate ones, do not count for the maximum, or
        // all other circles would be small.
        let mut regions = vec![0; self.positions.iter().max().map_or(0, |last| last + 1)];
        for node in &self.nodes {
            regions[self.positions[node.id.index()]] += 1;
        }
        let compared = |node: &&Node| regions[self.positions[node.id.index()]] > 1;
        let most = self
            .nodes
            .iter()
            .filter(compared)
            .map(|node| node.texts)
            .max();
        let most = most.or_else(|| self.nodes.iter().map(|node| node.texts).max());
        let most = f64::from(most.unwrap_or(1).max(1));
        let positions: Vec<Point> = self.nodes.iter().map(|node| self.at(node.id)).collect();
        for (node, at) in self.nodes.iter_mut().zip(positions) {
            node.at = at;
            let share = (f64::from(node.texts) / most).min(1.0);
            node.radius = largest * share.sqrt();
        }
        let factor = self.overlap_factor();
        for node in &mut self.nodes {
            node.radius = (node.radius * factor).max(MIN_RADIUS);
        }
        (self.top, self.height) = (top, height);
        height
    }

    /// The factor by which all circles shrink so that none overlap, at least 0.5: the layout
    /// reserves room by the texts of all categories, and a view may distribute them differently.
    fn overlap_factor(&self) -> f64 {
        let mut nodes: Vec<(usize, f64, f64)> = (self.nodes.iter())
            .map(|node| (self.positions[node.id.index()], node.at.1, node.radius))
            .collect();
        nodes.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let pairs = nodes.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        let factors = pairs.map(|pair| (pair[1].1 - pair[0].1) / (pair[0].2 + pair[1].2).max(1e-9));
        match self.cells {
            Some(_) => 1.0,
            None => factors.fold(1.0, f64::min).max(0.5),
        }
    }

    fn at(&self, id: NodeIndex) -> Point {
        if let Some((cells, side)) = &self.cells {
            let (x, y) = cells[id.index()];
            let left = MARGIN + (self.column - self.unit * side) / 2.0;
            // The second component points upwards.
            let up = side - 1.0 - y;
            return (
                left + (x + 0.5) * self.unit,
                self.from + (up + 0.5) * self.unit,
            );
        }
        let column = self.positions[id.index()] as f64 + 0.5;
        let across = self.layout.coordinate[id.index()] - self.low;
        (
            MARGIN + column * self.column,
            self.from + across * self.unit,
        )
    }

    /// The number of edges, and the share drawn if there are too many.
    pub(super) fn edge_note(&self) -> String {
        if self.edges.len() == self.n_edges {
            return format!("{} edges", thousands(self.n_edges));
        }
        format!(
            "{} of {} edges, {:.0} % of the texts’ transitions",
            thousands(self.edges.len()),
            thousands(self.n_edges),
            100.0 * self.drawn_share
        )
    }

    /// The number of regions of every layer in words, for screen readers.
    pub(super) fn regions_in_words(&self, layers: &[Layer]) -> String {
        let mut regions = vec![0; layers.len()];
        for node in &self.nodes {
            regions[self.positions[node.id.index()]] += 1;
        }
        let one = |(layer, n): (&Layer, &usize)| format!("{} {n}", layer.title());
        let all: Vec<String> = layers.iter().zip(&regions).map(one).collect();
        all.join(", ")
    }

    /// A band behind every second layer, and the layer names below.
    pub(super) fn draw_bands(&self, canvas: &mut Canvas, layers: &[Layer], style: &FigureStyle) {
        let (top, height) = (self.top, self.height);
        let size = style.scaled(12.0);
        let fits = |layer: &Layer| text_width(&layer.title(), size, false) < self.column - 4.0;
        let all_fit = layers.iter().all(fits);
        for (i, &layer) in layers.iter().enumerate() {
            let left = MARGIN + i as f64 * self.column;
            if i % 2 == 0 {
                canvas.rect((left, top), (self.column, height), style.theme.empty, 1.0);
            }
            let name = if all_fit {
                layer.title()
            } else {
                layer.abbreviation()
            };
            let text = TextStyle::new(size, style.theme.muted).anchor(Anchor::Middle);
            let below = top + height + style.scaled(14.0);
            canvas.text(&name, (left + self.column / 2.0, below), text);
        }
        if !all_fit {
            let text = TextStyle::new(size, style.theme.muted);
            canvas.text("layer", (MARGIN, top + height + style.scaled(29.0)), text);
        }
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, style: &FigureStyle) {
        let heaviest = self.edges.last().map_or(1.0, |e| f64::from(e.weight));
        // Close columns need thinner curves.
        let thickest = (self.column * 0.05).clamp(1.5, 4.4);
        for edge in &self.edges {
            let share = (f64::from(edge.weight) / heaviest).sqrt();
            let [from, to] = edge.ends.map(|id| self.at(id));
            let (color, alpha) = if self.faded {
                (style.theme.line, 0.25 + 0.5 * share)
            } else {
                (edge.color, 0.18 + 0.62 * share)
            };
            canvas.path(
                curve(from, to, SEGMENTS),
                color,
                alpha,
                0.6 + thickest * share,
            );
        }
        for node in &self.nodes {
            self.draw_node(canvas, node, style);
        }
    }

    fn draw_node(&self, canvas: &mut Canvas, node: &Node, style: &FigureStyle) {
        let background = style.theme.background;
        if self.faded {
            canvas.disc(node.at, node.radius, style.theme.line, 1.0);
            canvas.ring(node.at, node.radius, background, 0.6);
            return;
        }
        let color = most(&node.parts).map_or(style.theme.muted, |i| self.colors[i]);
        canvas.disc(node.at, node.radius, color, 1.0);
        // The shares of the other categories, clockwise from the top.
        let mut start = 0.0;
        for (category, part) in node.parts.iter() {
            let sector = self.colors[category];
            let share = f64::from(part) / f64::from(node.texts.max(1));
            if sector != color {
                let points = pie(node.at, node.radius, start, start + share);
                canvas.polygon(points, sector, 1.0);
            }
            start += share;
        }
        canvas.ring(node.at, node.radius, background, 0.8);
    }

    /// Draws the path of one text over the graph.
    pub(super) fn draw_path(
        &self,
        canvas: &mut Canvas,
        view: &GraphView<'_>,
        path: &[NodeIndex],
        color: Color,
        style: &FigureStyle,
    ) {
        let theme = style.theme;
        let size = style.scaled(10.5);
        for pair in path.windows(2) {
            let points = curve(self.at(pair[0]), self.at(pair[1]), 2 * SEGMENTS);
            canvas.path(points.clone(), theme.background, 1.0, 6.0);
            canvas.path(points, color, 1.0, 3.0);
        }
        let line: Vec<Point> = (path.windows(2))
            .flat_map(|pair| curve(self.at(pair[0]), self.at(pair[1]), 8 * SEGMENTS))
            .collect();
        let last = MARGIN + self.column * view.graph().layers().len() as f64;
        let bounds = [(MARGIN, self.top), (last, self.top + self.height)];
        let mut labels = LabelPlacer::new(&line, bounds, size, style);
        for &id in path {
            let at = self.at(id);
            let drawn = self.nodes.iter().find(|node| node.id == id);
            let radius = drawn.map_or(MIN_RADIUS, |node| node.radius).max(5.0);
            canvas.disc(at, radius, color, 1.0);
            canvas.ring(at, radius, theme.text, 1.4);
            let region = &view.graph().graph()[id];
            let (x, y) = (region.cell.x, region.cell.y);
            let long = format!("cell {x}, {y}");
            let fits = text_width(&long, size, true) < self.column * 0.7;
            let cell = if fits { long } else { format!("{x}, {y}") };
            let texts = match region.n_texts() {
                1 => "alone".to_owned(),
                n => format!("{} texts", thousands(n as usize)),
            };
            labels.draw(canvas, at, radius, [&cell, &texts]);
        }
    }
}

/// The color of an edge: between the colors of two categories, if the view shows `both` categories
/// of the graph, else that of the category with the most texts.
fn blend(colors: &[Color], both: bool, parts: &CategoryCounts, style: &FigureStyle) -> Color {
    if both {
        let [a, b] = [0, 1].map(|category| parts.get(category));
        return pair_color(f64::from(b) / f64::from((a + b).max(1)), style);
    }
    colors[most(parts).unwrap_or(0)]
}

/// The category with the most texts, the first of several.
fn most(parts: &CategoryCounts) -> Option<usize> {
    let largest = parts.iter().max_by_key(|&(i, n)| (n, usize::MAX - i));
    largest.map(|(i, _)| i)
}
