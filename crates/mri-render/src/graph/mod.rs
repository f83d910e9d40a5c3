use mri_graph::{GraphView, RegionGraph};
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

mod labels;
mod scene;

use scene::Scene;

use crate::category::{shown_color, strong_color};
use crate::figure::draw_figure;
use crate::header::{Header, MARGIN};
use crate::legend::{Legend, Named};
use crate::marker::Marker;
use crate::text::{clean, shown_name, thousands};
use crate::{Caption, Color, Figure, LayeredLayout, Look, RenderError, layered_layout};

/// How a region graph is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphStyle {
    /// Colours, size and letters.
    pub look: Look,
    /// At most this many edges are drawn, the heaviest; the picture says so where it leaves out any.
    pub edge_budget: usize,
}

impl Default for GraphStyle {
    /// Light, and at most 1,500 edges: more are a grey mass.
    fn default() -> Self {
        Self {
            look: Look::default(),
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
                    f64::from(e.weight().n_texts()),
                )
            })
            .collect();
        layered_layout(&layer, &edges)
    }
}

/// Draws a view of a region graph: a column per layer, a circle per region (area ~ texts), a curve
/// per transition (width and opacity ~ texts). The regions of a single layer, between which nothing
/// moves, stand where their cells are. With several categories circles are pies of their
/// shares, clockwise from the top in the order of the legend.
///
/// `layout` is that of the whole graph ([`LayeredLayout::of`]).
///
/// # Errors
/// [`RenderError::Mismatch`] if the layout is of another graph or the view has no category.
pub fn graph_picture(
    view: &GraphView<'_>,
    layout: &LayeredLayout,
    caption: &Caption,
    style: &GraphStyle,
) -> Result<Figure, RenderError> {
    let names = view.graph().categories();
    let quoted = |&c: &usize| format!("“{}”", shown_name(names, c));
    let chosen: Vec<String> = view.categories().iter().map(quoted).collect();
    // Between the regions of one layer nothing moves.
    let still = view.graph().layers().len() == 1;
    let title = match chosen.as_slice() {
        [] => {
            return Err(RenderError::Mismatch(
                "there is no category to draw".to_owned(),
            ));
        }
        _ if still && chosen.len() == names.len() => "How texts spread over the regions".to_owned(),
        [one] if still => format!("How {one} spreads over the regions"),
        [rest @ .., last] if still => {
            format!("How {} and {last} spread over the regions", rest.join(", "))
        }
        _ if chosen.len() == names.len() && names.len() > 2 => {
            "How texts move through the layers".to_owned()
        }
        [one] => format!("How {one} moves through the layers"),
        [rest @ .., last] => {
            format!("How {} and {last} move through the layers", rest.join(", "))
        }
    };
    let n = format!("n = {}", thousands(view.n_texts()));
    draw_graph(view, layout, caption, style, (&title, vec![n]), None)
}

/// Draws the way of one text through the regions of every layer, over the graph of a view.
///
/// `path` is what [`RegionGraph::path`] gives for the text, `category` its category, `text` its words,
/// of which the subtitle shows the beginning (empty if they are not at hand). Beside every region of the path, where there is room,
/// stands its cell and how many texts share it.
///
/// # Errors
/// As [`graph_picture`], and [`RenderError::Mismatch`] if a region of the path is not of this graph.
pub fn path_picture(
    view: &GraphView<'_>,
    layout: &LayeredLayout,
    path: &[NodeIndex],
    category: usize,
    text: &str,
    caption: &Caption,
    style: &GraphStyle,
) -> Result<Figure, RenderError> {
    let graph = view.graph();
    if let Some(node) = path
        .iter()
        .find(|n| n.index() >= graph.graph().node_count())
    {
        return Err(RenderError::Mismatch(format!(
            "the path has region {}, which the graph does not",
            node.index()
        )));
    }
    let name = shown_name(graph.categories(), category);
    let words: String = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let mut start: String = words.chars().take(120).collect();
    if start.len() < words.len() {
        start = start.trim_end().to_owned() + "…";
    }
    let title = match graph.layers().len() {
        1 => format!("The region of one “{name}” text"),
        _ => format!("The way of one “{name}” text through the layers"),
    };
    let quoted = (!start.is_empty()).then(|| format!("“{start}”"));
    let mut more: Vec<String> = quoted.into_iter().collect();
    more.extend([
        match graph.layers().len() {
            1 => "beside it its cell and texts".to_owned(),
            _ => "beside regions their cells and texts".to_owned(),
        },
        format!("in grey n = {}", thousands(view.n_texts())),
    ]);
    draw_graph(
        view,
        layout,
        caption,
        style,
        (&title, more),
        Some((path, category)),
    )
}

fn draw_graph(
    view: &GraphView<'_>,
    layout: &LayeredLayout,
    caption: &Caption,
    style: &GraphStyle,
    (title, mut more): (&str, Vec<String>),
    path: Option<(&[NodeIndex], usize)>,
) -> Result<Figure, RenderError> {
    let graph = view.graph();
    let look = &style.look;
    let n_layers = graph.layers().len();
    if layout.coordinate.len() != graph.graph().node_count() {
        return Err(RenderError::Mismatch(
            "the layout is not that of this graph".to_owned(),
        ));
    }
    // A path has its regions' names beside it.
    let least = if path.is_some() { 58.0 } else { 44.0 };
    let column = (1_120.0 / n_layers.max(1) as f64).clamp(look.scaled(least), 170.0);
    let suits = (2.0 * MARGIN + n_layers as f64 * column).max(640.0);
    let width = look.width_or(suits, 320.0);
    let column = (width - 2.0 * MARGIN) / n_layers.max(1) as f64;
    let colors = colors(view, look);
    let mut scene = Scene::new(view, layout, style, &colors, column);
    if path.is_some() {
        scene.fade();
    }
    more.push(match n_layers {
        1 => "regions at their cells".to_owned(),
        _ => scene.edge_note(),
    });
    let subtitle = caption.line(&more);
    let header = Header::new(title, &subtitle, width, look);
    let all = graph.categories();
    let names: Vec<String> = (0..all.len()).map(|c| shown_name(all, c)).collect();
    let listed: Vec<(usize, Color)> = match path {
        Some((_, category)) => vec![(category, path_color(category, graph, look))],
        None => view.categories().iter().copied().zip(colors).collect(),
    };
    let named: Vec<Named<'_>> = listed
        .iter()
        .map(|&(c, color)| Named {
            name: names.get(c).map_or("?", String::as_str),
            n: graph.category_sizes().get(c).copied(),
            color,
            marker: Marker::Circle,
        })
        .collect();
    let legend = Legend::new(&named, width, look);
    let top = header.bottom + legend.height + look.scaled(8.0);
    let footer = look.scaled(40.0);
    let wanted = look
        .height
        .map(|height| height.clamp(200.0, 8_000.0) - top - footer);
    let band = scene.place(top, wanted);
    let description = format!(
        "{title}. {subtitle}. {} Regions per layer, from left to right: {}.",
        in_words(&listed, all, graph.category_sizes()),
        scene.regions_in_words(graph.layers()),
    );
    draw_figure(
        (width, top + band + footer),
        title,
        &description,
        look.theme.background,
        |canvas| {
            header.draw(canvas, look);
            legend.draw(canvas, header.bottom, look);
            scene.draw_bands(canvas, graph.layers(), look);
            scene.draw(canvas, look);
            if let Some((path, category)) = path {
                let color = path_color(category, graph, look);
                scene.draw_path(canvas, view, path, color, look);
            }
        },
    )
}

/// A colour per category of a view, the same in every view of a graph.
fn colors(view: &GraphView<'_>, look: &Look) -> Vec<Color> {
    let total = view.graph().categories().len();
    match view.categories() {
        [one] => vec![strong_color(*one, total, look)],
        many => many.iter().map(|&c| shown_color(c, total, look)).collect(),
    }
}

/// One line over everything else has to stand out from the ground.
fn path_color(category: usize, graph: &RegionGraph, look: &Look) -> Color {
    strong_color(category, graph.categories().len(), look)
}

fn in_words(listed: &[(usize, Color)], names: &[String], sizes: &[usize]) -> String {
    let one = |&(c, _): &(usize, Color)| {
        let name = names.get(c).map_or("?", String::as_str);
        let n = sizes.get(c).copied().unwrap_or(0);
        format!("category {} “{name}” with {n} texts", c + 1)
    };
    let all: Vec<String> = listed.iter().map(one).collect();
    format!("Shown: {}.", all.join(", "))
}
