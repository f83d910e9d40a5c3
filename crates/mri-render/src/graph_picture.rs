use std::f64::consts::TAU;

use mri_graph::{GraphView, RegionGraph};
use petgraph::visit::EdgeRef;

use crate::canvas::{Anchor, Canvas, TextLook, draw_figure, fit_text, text_width};
use crate::heatmap::layer_name;
use crate::{
    Caption, Color, Colormap, Figure, LayeredLayout, RenderError, Theme, category_color,
    layered_layout,
};

/// How a region graph is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphStyle {
    /// Colours of everything that is not data.
    pub theme: Theme,
    /// At most this many edges are drawn, the heaviest; the picture says so where it leaves out any.
    pub edge_budget: usize,
}

impl Default for GraphStyle {
    /// Light, and at most 1,500 edges: more are a grey mass.
    fn default() -> Self {
        Self {
            theme: Theme::LIGHT,
            edge_budget: 1_500,
        }
    }
}

impl LayeredLayout {
    /// Lays out a region graph as a whole, so that the pictures of its views share positions.
    #[must_use]
    pub fn of(graph: &RegionGraph) -> Self {
        let g = graph.graph();
        let layer: Vec<usize> = g.node_weights().map(|region| region.position).collect();
        let edges: Vec<_> = g
            .edge_references()
            .map(|e| {
                (
                    e.source().index(),
                    e.target().index(),
                    f64::from(e.weight().texts()),
                )
            })
            .collect();
        layered_layout(&layer, &edges)
    }
}

const MARGIN: f64 = 28.0;
const HEADER: f64 = 118.0;
const FOOTER: f64 = 44.0;
/// The largest circle.
const RADIUS: f64 = 13.0;
const SMALLEST_RADIUS: f64 = 2.2;

/// Draws a view of a region graph: a column per layer, a circle per region (area ~ texts), a curve
/// per transition (width and opacity ~ texts). With several categories circles are pies of their
/// shares.
///
/// `layout` is that of the whole graph ([`LayeredLayout::of`]).
///
/// # Errors
/// [`RenderError::Mismatch`] if the layout is of another graph.
pub fn graph_picture(
    view: &GraphView<'_>,
    layout: &LayeredLayout,
    caption: &Caption,
    style: &GraphStyle,
) -> Result<Figure, RenderError> {
    let graph = view.graph();
    let n_layers = graph.layers().len();
    if layout.coordinate.len() != graph.graph().node_count() {
        return Err(RenderError::Mismatch(
            "the layout is not that of this graph".to_owned(),
        ));
    }
    let scene = Scene::new(view, layout, style, n_layers);
    let names = graph.categories();
    let chosen: Vec<&str> = view
        .categories()
        .iter()
        .map(|&c| names[c].as_str())
        .collect();
    let quoted: Vec<String> = chosen.iter().map(|name| format!("“{name}”")).collect();
    let title = match quoted.as_slice() {
        _ if chosen.len() == names.len() && names.len() > 2 => {
            "How texts move through the layers".to_owned()
        }
        [one] => format!("How {one} moves through the layers"),
        [rest @ .., last] => {
            format!("How {} and {last} move through the layers", rest.join(", "))
        }
        [] => {
            return Err(RenderError::Mismatch(
                "there is no category to draw".to_owned(),
            ));
        }
    };
    let mut more = vec![format!("n = {}", view.n_texts())];
    more.push(scene.edge_note());
    let subtitle = caption.line(&more);
    let description = format!(
        "{title}. {subtitle}. {} regions in {n_layers} layers, from left to right.",
        scene.nodes.len()
    );
    let size = (scene.width, scene.height);
    draw_figure(
        size,
        &title,
        &description,
        style.theme.background,
        |canvas| scene.draw(canvas, &title, &subtitle, view),
    )
}

/// A circle to draw.
struct Node {
    at: (f64, f64),
    radius: f64,
    texts: u32,
    /// Texts of each of the view's categories.
    parts: Vec<u32>,
}

/// A curve to draw.
struct Edge {
    from: (f64, f64),
    to: (f64, f64),
    weight: u32,
    color: Color,
}

/// All that is drawn, placed.
struct Scene {
    theme: Theme,
    width: f64,
    height: f64,
    column: f64,
    colors: Vec<Color>,
    nodes: Vec<Node>,
    /// Ascending by weight, so that the heaviest come on top.
    edges: Vec<Edge>,
    n_edges: usize,
    drawn_share: f64,
}

impl Scene {
    fn new(
        view: &GraphView<'_>,
        layout: &LayeredLayout,
        style: &GraphStyle,
        n_layers: usize,
    ) -> Self {
        let g = view.graph().graph();
        let total = view.graph().categories().len();
        let colors: Vec<Color> = match view.categories() {
            [_] => vec![Colormap::Blues.at(0.75)],
            // The ends of the diverging map, a little inside, where they are not yet dark.
            [_, _] => vec![Colormap::Coolwarm.at(0.08), Colormap::Coolwarm.at(0.92)],
            many => many.iter().map(|&c| category_color(c, total)).collect(),
        };
        let fold = |start: f64, pick: fn(f64, f64) -> f64| {
            layout.coordinate.iter().copied().fold(start, pick)
        };
        let (low, high) = (
            fold(f64::INFINITY, f64::min),
            fold(f64::NEG_INFINITY, f64::max),
        );
        let span = if high > low { high - low } else { 1.0 };
        let inner = (span * 19.0).clamp(260.0, 1_000.0);
        let unit = inner / span;
        let largest = RADIUS.min((unit * 0.85).max(7.0));
        let column = (1_080.0 / n_layers.max(1) as f64).clamp(64.0, 170.0);
        let place = |position: usize, coordinate: f64| {
            (
                MARGIN + (position as f64 + 0.5) * column,
                HEADER + largest + 10.0 + (coordinate - low) * unit,
            )
        };
        // Where all texts are in one region there is nothing to compare: such a layer (a degenerate
        // one, most often) does not make all others small.
        let mut regions = vec![0; n_layers];
        view.nodes()
            .for_each(|(_, region, _)| regions[region.position] += 1);
        let tells = |position: usize| regions[position] > 1;
        let most = (view.nodes().filter(|(_, region, _)| tells(region.position)))
            .map(|(_, _, texts)| texts)
            .max()
            .unwrap_or_else(|| u32::try_from(view.n_texts()).unwrap_or(u32::MAX));
        let at =
            |id: petgraph::graph::NodeIndex| place(g[id].position, layout.coordinate[id.index()]);
        let parts =
            |values: &[u32]| -> Vec<u32> { view.categories().iter().map(|&c| values[c]).collect() };
        let nodes = view
            .nodes()
            .map(|(id, region, texts)| Node {
                at: at(id),
                radius: (largest * (f64::from(texts.min(most)) / f64::from(most)).sqrt())
                    .max(SMALLEST_RADIUS),
                texts,
                parts: parts(&region.counts),
            })
            .collect();
        let mut edges: Vec<Edge> = view
            .edges()
            .map(|e| Edge {
                from: at(e.source),
                to: at(e.target),
                weight: e.weight,
                color: blend(&colors, &parts(&g[e.id].weights), view.categories().len()),
            })
            .collect();
        let n_edges = edges.len();
        let all: u64 = edges.iter().map(|e| u64::from(e.weight)).sum();
        edges.sort_by_key(|e| e.weight);
        edges.drain(..n_edges.saturating_sub(style.edge_budget));
        let drawn: u64 = edges.iter().map(|e| u64::from(e.weight)).sum();
        Self {
            theme: style.theme,
            width: (2.0 * MARGIN + n_layers as f64 * column).max(640.0),
            height: HEADER + inner + 2.0 * largest + 20.0 + FOOTER,
            column,
            colors,
            nodes,
            edges,
            n_edges,
            drawn_share: if all > 0 {
                drawn as f64 / all as f64
            } else {
                1.0
            },
        }
    }

    fn edge_note(&self) -> String {
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

    fn draw(
        &self,
        canvas: &Canvas<'_>,
        title: &str,
        subtitle: &str,
        view: &GraphView<'_>,
    ) -> Result<(), RenderError> {
        let theme = self.theme;
        let layers = view.graph().layers();
        let (top, bottom) = (HEADER, self.height - FOOTER);
        for (i, &layer) in layers.iter().enumerate() {
            let left = MARGIN + i as f64 * self.column;
            if i % 2 == 0 {
                canvas.rect((left, top), (self.column, bottom - top), theme.empty, 1.0)?;
            }
            let name = fit_text(&layer_name(layer), 12.0, false, self.column - 4.0);
            let look = TextLook::new(12.0, theme.muted).anchor(Anchor::Middle);
            canvas.text(&name, (left + self.column / 2.0, bottom + 16.0), look)?;
        }
        let fits = self.width - 2.0 * MARGIN;
        let heading = fit_text(title, 20.0, true, fits);
        canvas.text(
            &heading,
            (MARGIN, MARGIN + 10.0),
            TextLook::new(20.0, theme.text).bold(),
        )?;
        let line = fit_text(subtitle, 12.0, false, fits);
        canvas.text(
            &line,
            (MARGIN, MARGIN + 36.0),
            TextLook::new(12.0, theme.muted),
        )?;
        self.draw_legend(canvas, view)?;
        let heaviest = self.edges.last().map_or(1.0, |e| f64::from(e.weight));
        for edge in &self.edges {
            let share = (f64::from(edge.weight) / heaviest).sqrt();
            canvas.path(
                &curve(edge.from, edge.to),
                edge.color,
                0.18 + 0.62 * share,
                0.6 + 4.4 * share,
            )?;
        }
        self.nodes
            .iter()
            .try_for_each(|node| self.draw_node(canvas, node))
    }

    fn draw_node(&self, canvas: &Canvas<'_>, node: &Node) -> Result<(), RenderError> {
        let outline = self.theme.background;
        let main = node
            .parts
            .iter()
            .enumerate()
            .max_by_key(|&(i, n)| (*n, usize::MAX - i));
        let color = main.map_or(self.theme.muted, |(i, _)| self.colors[i]);
        canvas.circle(node.at, node.radius, color, outline)?;
        // The other categories' shares, clockwise from the top.
        let mut start = 0.0;
        for (&part, &sector) in node.parts.iter().zip(&self.colors) {
            let share = f64::from(part) / f64::from(node.texts.max(1));
            if part > 0 && sector != color {
                canvas.polygon(&pie(node.at, node.radius, start, start + share), sector)?;
            }
            start += share;
        }
        Ok(())
    }

    fn draw_legend(&self, canvas: &Canvas<'_>, view: &GraphView<'_>) -> Result<(), RenderError> {
        const SIZE: f64 = 12.0;
        let graph = view.graph();
        let y = MARGIN + 64.0;
        let mut x = MARGIN;
        let look = TextLook::new(SIZE, self.theme.text);
        for (&category, &color) in view.categories().iter().zip(&self.colors) {
            let n = graph.category_sizes()[category];
            let name = fit_text(&graph.categories()[category], SIZE, false, 180.0);
            let words = format!("{name} (n = {})", thousands(n));
            let needed = 18.0 + text_width(&words, SIZE, false) + 18.0;
            if x > MARGIN && x + needed > self.width - MARGIN {
                // What does not fit is not named; the description and the tables name all.
                canvas.text("…", (x, y), look)?;
                break;
            }
            canvas.circle((x + 6.0, y), 6.0, color, self.theme.background)?;
            canvas.text(&words, (x + 18.0, y), look)?;
            x += needed;
        }
        Ok(())
    }
}

/// The colour of an edge: the one category's, the place between two, or the largest's of more.
fn blend(colors: &[Color], parts: &[u32], n: usize) -> Color {
    let total: u32 = parts.iter().sum();
    if n == 2 {
        let share = f64::from(parts[1]) / f64::from(total.max(1));
        return Colormap::Coolwarm.at(0.08 + 0.84 * share);
    }
    let largest = parts
        .iter()
        .enumerate()
        .max_by_key(|&(i, part)| (*part, usize::MAX - i));
    colors[largest.map_or(0, |(i, _)| i)]
}

/// A curve that leaves and arrives horizontally.
fn curve(from: (f64, f64), to: (f64, f64)) -> Vec<(f64, f64)> {
    const STEPS: usize = 14;
    (0..=STEPS)
        .map(|i| {
            let t = i as f64 / STEPS as f64;
            let ease = t * t * (3.0 - 2.0 * t);
            (
                from.0 + (to.0 - from.0) * t,
                from.1 + (to.1 - from.1) * ease,
            )
        })
        .collect()
}

/// A sector of a circle between two shares of the full turn, clockwise from the top.
fn pie(at: (f64, f64), radius: f64, start: f64, end: f64) -> Vec<(f64, f64)> {
    let steps = ((end - start) * 40.0).ceil().max(2.0) as usize;
    let rim = (0..=steps).map(|i| {
        let angle = TAU * (start + (end - start) * i as f64 / steps as f64);
        (at.0 + radius * angle.sin(), at.1 - radius * angle.cos())
    });
    std::iter::once(at).chain(rim).collect()
}

/// A number with commas between thousands.
fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
