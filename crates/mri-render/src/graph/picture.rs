use mri_graph::{GraphView, RegionGraph};
use petgraph::graph::NodeIndex;

use super::scene::Scene;
use super::style::GraphStyle;
use crate::caption::Caption;
use crate::category::{line_color, themed_color};
use crate::color::Color;
use crate::error::RenderError;
use crate::figure::{Figure, draw_figure};
use crate::figure_style::FigureStyle;
use crate::header::{Header, MARGIN};
use crate::layout::LayeredLayout;
use crate::legend::{Legend, LegendItem};
use crate::marker::Marker;
use crate::text::{clean, display_name, thousands};

/// Categories that a title names at most; it then has three lines.
const MAX_NAMED: usize = 12;

/// Draws a view of a region graph: a column per layer, a circle per region (area proportional to
/// the number of texts) and a curve per transition (width and opacity growing with the number of
/// texts). With several categories, circles are pie charts in the order of the legend, clockwise
/// from the top. The regions of a graph with a single layer are drawn at their cells.
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
    let quoted = |&c: &usize| format!("“{}”", display_name(names, c));
    let shown: Vec<String> = view.categories().iter().map(quoted).collect();
    let single_layer = view.graph().layers().len() == 1;
    let title = match shown.as_slice() {
        [] => {
            return Err(RenderError::mismatch("the view has no category"));
        }
        _ if single_layer && shown.len() == names.len() => {
            "How texts spread over the regions".to_owned()
        }
        [one] if single_layer => format!("How {one} spreads over the regions"),
        many if many.len() > MAX_NAMED => {
            let n = thousands(many.len());
            match single_layer {
                true => format!("How {n} categories spread over the regions"),
                false => format!("How {n} categories move through the layers"),
            }
        }
        [rest @ .., last] if single_layer => {
            format!("How {} and {last} spread over the regions", rest.join(", "))
        }
        _ if shown.len() == names.len() && names.len() > 2 => {
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

/// Draws the path of one text through the regions of all layers, over the graph of a view in gray.
///
/// `path` comes from [`RegionGraph::path`], `category` is the category of the text, and `text` its
/// content, of which the subtitle shows the beginning; it may be empty. Every region of the path is
/// labeled with its cell and its number of texts where there is room.
///
/// # Errors
/// As [`graph_picture`], and [`RenderError::Mismatch`] if a region of the path is not of this
/// graph.
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
        return Err(RenderError::mismatch(format!(
            "the path contains region {}, but the graph has {} regions",
            node.index(),
            graph.graph().node_count()
        )));
    }
    let name = display_name(graph.categories(), category);
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
        format!("in gray n = {}", thousands(view.n_texts())),
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
    let figure_style = &style.figure;
    let n_layers = graph.layers().len();
    if layout.coordinate.len() != graph.graph().node_count() {
        return Err(RenderError::mismatch(format!(
            "the layout has {} nodes, but the graph has {} regions",
            layout.coordinate.len(),
            graph.graph().node_count()
        )));
    }
    // A path needs room for labels.
    let least = if path.is_some() { 58.0 } else { 44.0 };
    let column = (1_120.0 / n_layers.max(1) as f64).clamp(figure_style.scaled(least), 170.0);
    let default_width = (2.0 * MARGIN + n_layers as f64 * column).max(640.0);
    let width = figure_style.width_or(default_width, 320.0);
    let column = (width - 2.0 * MARGIN) / n_layers.max(1) as f64;
    let colors = colors(view, figure_style);
    let mut scene = Scene::new(view, layout, style, &colors, column);
    if path.is_some() {
        scene.fade();
    }
    more.push(match n_layers {
        1 => "regions at their cells".to_owned(),
        _ => scene.edge_note(),
    });
    let subtitle = caption.line(&more);
    let header = Header::new(title, &subtitle, width, figure_style);
    let all = graph.categories();
    let names: Vec<String> = (0..all.len()).map(|c| display_name(all, c)).collect();
    let legend_categories: Vec<(usize, Color)> = match path {
        Some((_, category)) => vec![(category, path_color(category, graph, figure_style))],
        None => view.categories().iter().copied().zip(colors).collect(),
    };
    let items: Vec<LegendItem<'_>> = legend_categories
        .iter()
        .map(|&(c, color)| LegendItem {
            name: names.get(c).map_or("?", String::as_str),
            n: graph.category_sizes().get(c).copied(),
            color,
            marker: Marker::Circle,
        })
        .collect();
    let legend = Legend::new(&items, width, figure_style);
    let top = header.bottom + legend.height + figure_style.scaled(8.0);
    let footer = figure_style.scaled(40.0);
    let height = figure_style
        .height
        .map(|height| height.clamp(200.0, 8_000.0) - top - footer);
    let band = scene.place(top, height);
    let description = format!(
        "{title}. {subtitle}. {} Regions per layer, from left to right: {}.",
        describe(&legend_categories, all, graph.category_sizes()),
        scene.regions_in_words(graph.layers()),
    );
    draw_figure(
        (width, top + band + footer),
        title,
        &description,
        figure_style.theme.background,
        |canvas| {
            header.draw(canvas, figure_style);
            legend.draw(canvas, header.bottom, figure_style);
            scene.draw_bands(canvas, graph.layers(), figure_style);
            scene.draw(canvas, figure_style);
            if let Some((path, category)) = path {
                let color = path_color(category, graph, figure_style);
                scene.draw_path(canvas, view, path, color, figure_style);
            }
        },
    )
}

/// The colors of the categories of a view, the same in every view of a graph.
fn colors(view: &GraphView<'_>, figure_style: &FigureStyle) -> Vec<Color> {
    let total = view.graph().categories().len();
    match view.categories() {
        [one] => vec![line_color(*one, total, figure_style)],
        many => many
            .iter()
            .map(|&c| themed_color(c, total, figure_style))
            .collect(),
    }
}

/// The color of a path, with enough contrast for a thin line.
fn path_color(category: usize, graph: &RegionGraph, figure_style: &FigureStyle) -> Color {
    line_color(category, graph.categories().len(), figure_style)
}

/// The categories shown in words, for screen readers.
fn describe(listed: &[(usize, Color)], names: &[String], sizes: &[usize]) -> String {
    let one = |&(c, _): &(usize, Color)| {
        let name = names.get(c).map_or("?", String::as_str);
        let n = sizes.get(c).copied().unwrap_or(0);
        format!("category {} “{name}” with {n} texts", c + 1)
    };
    let all: Vec<String> = listed.iter().map(one).collect();
    format!("Shown: {}.", all.join(", "))
}
