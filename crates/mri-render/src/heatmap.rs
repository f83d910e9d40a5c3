use mri_core::{Embedding, Labels, Layer, Points, Site};
use mri_grid::{Grid, GridStack};
use ndarray::{Array2, Axis};

use crate::canvas::{Anchor, Canvas, TextLook, draw_figure, fit_text};
use crate::{Caption, Color, Colormap, Figure, RenderError, Theme};

/// What the cells of a heatmap show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quantity {
    /// Texts of all categories.
    Texts,
    /// Texts of one category, by its index.
    Category(usize),
    /// The share of the first category's texts minus the share of the second's, in percentage
    /// points.
    Difference(usize, usize),
}

/// How a heatmap is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeatmapStyle {
    /// Colours of everything that is not data.
    pub theme: Theme,
    /// The layers to draw; `None` for all.
    pub layers: Option<Vec<Layer>>,
}

/// Cells smaller than this many pixels carry no number.
const SMALLEST_NUMBERED: f64 = 14.0;

const MARGIN: f64 = 28.0;
const HEADER: f64 = 84.0;
/// Left of a panel for the name of its vertical axis, above for the layer's name, below for the
/// name of its horizontal axis.
const AXIS: f64 = 22.0;
const PANEL_TITLE: f64 = 24.0;
const GAP: f64 = 18.0;
/// At the right edge for the colour bar.
const BAR: f64 = 104.0;

/// One layer's values and words.
struct Panel<'a> {
    layer: Layer,
    points: &'a Points,
    /// Values per cell (x, y); `None` where no text of the quantity is.
    values: Array2<Option<f64>>,
}

/// How values become colours.
struct Scale {
    /// The value at the end of the scale; the other end is 0, or its negative if diverging.
    end: f64,
    diverging: bool,
    dark: bool,
    unit: &'static str,
}

/// Draws the grids of all layers (or of those in the style), one panel each, under one colour scale.
///
/// Every panel shows the full grid, the second component upwards. A degenerate layer, whose texts
/// are all at one point, is flagged and does not stretch the scale.
///
/// # Errors
/// [`RenderError::Mismatch`] if grids and embedding are not of the same layers, if a category does
/// not exist or if there is no layer to draw.
pub fn heatmap_sheet(
    grids: &GridStack,
    embedding: &Embedding,
    quantity: Quantity,
    caption: &Caption,
    style: &HeatmapStyle,
) -> Result<Figure, RenderError> {
    let labels = grids.labels();
    let mut panels = Vec::new();
    for (layer, grid) in grids.iter() {
        if style
            .layers
            .as_ref()
            .is_some_and(|wanted| !wanted.contains(&layer))
        {
            continue;
        }
        let points = embedding.get(layer).ok_or_else(|| {
            RenderError::Mismatch(format!(
                "the embedding has no layer {layer}, but the grids do"
            ))
        })?;
        panels.push(Panel {
            layer,
            points,
            values: values(grid, labels, quantity)?,
        });
    }
    let Some(first) = panels.first() else {
        return Err(RenderError::Mismatch(
            "there is no layer to draw".to_owned(),
        ));
    };
    let scale = Scale::over(&panels, quantity, style.theme);
    let side = first.values.nrows();
    let target = match panels.len() {
        1 => 420.0,
        2..=4 => 300.0,
        5..=9 => 240.0,
        10..=16 => 190.0,
        _ => 150.0,
    };
    let cell = (target / side as f64).clamp(2.0, 44.0).round();
    let panel = cell * side as f64;
    // Wider than high, as screens and pages in landscape are.
    let columns = ((panels.len() as f64 * 1.7).sqrt().ceil() as usize).clamp(1, panels.len());
    let rows = panels.len().div_ceil(columns);
    let step = (AXIS + panel + GAP, PANEL_TITLE + panel + AXIS + GAP);
    let width = (2.0 * MARGIN + columns as f64 * step.0 + BAR).max(560.0);
    let height = MARGIN + HEADER + rows as f64 * step.1;
    let (title, subtitle) = words(labels, quantity, caption, panels.len());
    let description = format!("{title}. {subtitle}. {}", in_words(&panels, scale.unit));

    draw_figure(
        (width, height),
        &title,
        &description,
        style.theme.background,
        |canvas| {
            let theme = style.theme;
            let fits = width - 2.0 * MARGIN;
            let heading = fit_text(&title, 20.0, true, fits);
            canvas.text(
                &heading,
                (MARGIN, MARGIN + 10.0),
                TextLook::new(20.0, theme.text).bold(),
            )?;
            let line = fit_text(&subtitle, 12.0, false, fits);
            canvas.text(
                &line,
                (MARGIN, MARGIN + 36.0),
                TextLook::new(12.0, theme.muted),
            )?;
            for (i, p) in panels.iter().enumerate() {
                let at = (
                    MARGIN + (i % columns) as f64 * step.0 + AXIS,
                    HEADER + (i / columns) as f64 * step.1 + PANEL_TITLE,
                );
                draw_panel(canvas, p, at, cell, &scale, theme)?;
            }
            draw_bar(
                canvas,
                (width - MARGIN - BAR + 30.0, HEADER + PANEL_TITLE),
                &scale,
                theme,
            )
        },
    )
}

fn values(
    grid: &Grid,
    labels: &Labels,
    quantity: Quantity,
) -> Result<Array2<Option<f64>>, RenderError> {
    let counts = grid.counts(labels);
    let sizes = labels.counts();
    let of = |category: usize| {
        if category < sizes.len() {
            Ok(counts.index_axis(Axis(0), category))
        } else {
            let n = sizes.len();
            Err(RenderError::Mismatch(format!(
                "there is no category {category}, only {n}"
            )))
        }
    };
    let some = |count: &u32| (*count > 0).then_some(f64::from(*count));
    Ok(match quantity {
        Quantity::Texts => counts.sum_axis(Axis(0)).map(some),
        Quantity::Category(category) => of(category)?.map(some),
        Quantity::Difference(a, b) => {
            let share = |category: usize, count: u32| {
                100.0 * f64::from(count) / sizes[category].max(1) as f64
            };
            let (left, right) = (of(a)?, of(b)?);
            Array2::from_shape_fn(left.dim(), |at| {
                let (l, r) = (left[at], right[at]);
                (l + r > 0).then(|| share(a, l) - share(b, r))
            })
        }
    })
}

impl Scale {
    fn over(panels: &[Panel<'_>], quantity: Quantity, theme: Theme) -> Self {
        let largest = |skip_degenerate: bool| {
            panels
                .iter()
                .filter(|p| !(skip_degenerate && p.points.degenerate))
                .flat_map(|p| p.values.iter().flatten())
                .fold(0.0_f64, |m, v| m.max(v.abs()))
        };
        let end = match largest(true) {
            0.0 => largest(false).max(1.0),
            end => end,
        };
        let diverging = matches!(quantity, Quantity::Difference(..));
        let unit = if diverging {
            "percentage points"
        } else {
            "texts"
        };
        Self {
            end,
            diverging,
            dark: theme == Theme::DARK,
            unit,
        }
    }

    /// A value as it stands in a cell: whole, with a sign (and a true minus) where there are two
    /// sides.
    fn number(&self, value: f64) -> String {
        let rounded = value.round();
        if !self.diverging || rounded == 0.0 {
            return format!("{:.0}", rounded.abs());
        }
        let sign = if rounded > 0.0 { '+' } else { '−' };
        format!("{sign}{:.0}", rounded.abs())
    }

    fn color(&self, value: f64) -> Color {
        let share = (value / self.end).clamp(-1.0, 1.0);
        match (self.diverging, self.dark) {
            (true, false) => Colormap::Coolwarm.at(0.5 + share / 2.0),
            (true, true) => Colormap::Managua.at(0.5 + share / 2.0),
            // A single text must differ from none, so the scale starts above the lightest tone.
            (false, false) => Colormap::Blues.at(0.12 + 0.88 * share),
            (false, true) => Colormap::Viridis.at(0.12 + 0.88 * share),
        }
    }
}

/// Title and subtitle.
fn words(
    labels: &Labels,
    quantity: Quantity,
    caption: &Caption,
    panels: usize,
) -> (String, String) {
    let name = |category: usize| labels.names().get(category).map_or("?", String::as_str);
    let sizes = labels.counts();
    let size = |category: usize| sizes.get(category).copied().unwrap_or(0);
    let (title, n) = match quantity {
        Quantity::Texts => (
            "Where all texts lie".to_owned(),
            format!("n = {}", labels.len()),
        ),
        Quantity::Category(c) => (
            format!("Where “{}” lies", name(c)),
            format!("n = {} of {}", size(c), labels.len()),
        ),
        Quantity::Difference(a, b) => (
            format!("“{}” against “{}”", name(a), name(b)),
            format!("n = {} and {}", size(a), size(b)),
        ),
    };
    let title = if panels > 1 {
        format!("{title}, layer by layer")
    } else {
        title
    };
    (title, caption.line(&[n]))
}

/// The picture in words, for those who cannot see it: the fullest cell of each layer.
fn in_words(panels: &[Panel<'_>], unit: &str) -> String {
    let of = |p: &Panel<'_>| {
        let occupied = p.values.iter().flatten().count();
        let fullest = p
            .values
            .indexed_iter()
            .filter_map(|(at, value)| value.map(|v| (at, v)))
            .fold(
                None,
                |best: Option<((usize, usize), f64)>, (at, v)| match best {
                    Some((_, top)) if top.abs() >= v.abs() => best,
                    _ => Some((at, v)),
                },
            );
        match fullest {
            Some(((x, y), v)) => format!(
                "Layer {}: {occupied} cells with texts, the strongest at x {x}, y {y} with {v:.0} {unit}.",
                p.layer.index
            ),
            None => format!("Layer {}: no texts.", p.layer.index),
        }
    };
    panels.iter().map(of).collect::<Vec<_>>().join(" ")
}

fn draw_panel(
    canvas: &Canvas<'_>,
    panel: &Panel<'_>,
    (left, top): (f64, f64),
    cell: f64,
    scale: &Scale,
    theme: Theme,
) -> Result<(), RenderError> {
    let side = panel.values.nrows();
    let size = cell * side as f64;
    let name = layer_name(panel.layer);
    let title = TextLook::new(13.0, theme.text).bold();
    canvas.text(
        &fit_text(&name, 13.0, true, size),
        (left, top - 12.0),
        title,
    )?;
    if panel.points.degenerate {
        let used = crate::canvas::text_width(&name, 13.0, true) + 10.0;
        let note = fit_text("all rows equal", 11.0, false, size - used);
        canvas.text(
            &note,
            (left + used, top - 12.0),
            TextLook::new(11.0, theme.muted),
        )?;
    }
    canvas.rect((left, top), (size, size), theme.empty, 1.0)?;
    for ((x, y), value) in panel.values.indexed_iter() {
        let Some(value) = *value else { continue };
        // The second component grows upwards.
        let at = (left + x as f64 * cell, top + (side - 1 - y) as f64 * cell);
        let color = scale.color(value);
        canvas.rect(at, (cell, cell), color, 1.0)?;
        if cell >= SMALLEST_NUMBERED {
            let number = scale.number(value);
            let font = (cell * 0.42).min(13.0);
            if crate::canvas::text_width(&number, font, false) <= cell - 1.5 {
                let look = TextLook::new(font, color.readable_on()).anchor(Anchor::Middle);
                canvas.text(&number, (at.0 + cell / 2.0, at.1 + cell / 2.0), look)?;
            }
        }
    }
    canvas.frame((left, top), (size, size), theme.line, 1.0)?;
    let look = TextLook::new(10.5, theme.muted).anchor(Anchor::Middle);
    let axis = |i: usize| {
        let axis = panel.points.axes.get(i)?;
        let name = &axis.name;
        Some(match axis.explained_variance_ratio {
            Some(share) => format!("{name} ({:.1} %)", 100.0 * share),
            None => name.clone(),
        })
    };
    if !panel.points.degenerate {
        let x = fit_text(&axis(0).unwrap_or_default(), 10.5, false, size);
        canvas.text(&x, (left + size / 2.0, top + size + 12.0), look)?;
        let y = fit_text(&axis(1).unwrap_or_default(), 10.5, false, size);
        canvas.text(&y, (left - 10.0, top + size / 2.0), look.upright())?;
    }
    Ok(())
}

/// The name of a layer in a picture.
pub(crate) fn layer_name(layer: Layer) -> String {
    match layer.site {
        Site::Resid if layer.index == 0 => "Embedding".to_owned(),
        Site::Resid => format!("Layer {}", layer.index),
        site => format!("{site} {}", layer.index),
    }
}

fn draw_bar(
    canvas: &Canvas<'_>,
    (left, top): (f64, f64),
    scale: &Scale,
    theme: Theme,
) -> Result<(), RenderError> {
    const STEPS: usize = 60;
    const HEIGHT: f64 = 168.0;
    const WIDTH: f64 = 14.0;
    let low = if scale.diverging { -scale.end } else { 0.0 };
    let step = HEIGHT / STEPS as f64;
    for i in 0..STEPS {
        let t = (i as f64 + 0.5) / STEPS as f64;
        let color = scale.color(low + (scale.end - low) * t);
        let y = top + HEIGHT - (i + 1) as f64 * step;
        // Half a pixel more than the step, so that no line shows between the steps.
        let more = if i == 0 { 0.0 } else { 0.5 };
        canvas.rect((left, y), (WIDTH, step + more), color, 1.0)?;
    }
    canvas.frame((left, top), (WIDTH, HEIGHT), theme.line, 0.8)?;
    let look = TextLook::new(11.0, theme.muted);
    for (t, value) in [
        (0.0, low),
        (0.5, f64::midpoint(low, scale.end)),
        (1.0, scale.end),
    ] {
        let y = top + HEIGHT * (1.0 - t);
        let sign = if scale.diverging && value > 0.0 {
            "+"
        } else {
            ""
        };
        let digits = usize::from(value.fract() != 0.0 && value.abs() < 10.0);
        canvas.text(
            &format!("{sign}{value:.digits$}"),
            (left + WIDTH + 6.0, y),
            look,
        )?;
    }
    for (i, word) in scale.unit.split(' ').enumerate() {
        canvas.text(word, (left, top + HEIGHT + 18.0 + 14.0 * i as f64), look)?;
    }
    canvas.rect(
        (left, top + HEIGHT + 46.0),
        (WIDTH, WIDTH),
        theme.empty,
        1.0,
    )?;
    canvas.frame((left, top + HEIGHT + 46.0), (WIDTH, WIDTH), theme.line, 0.8)?;
    canvas.text("no texts", (left + WIDTH + 6.0, top + HEIGHT + 53.0), look)
}
