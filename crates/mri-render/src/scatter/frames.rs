use std::sync::Arc;

use mri_core::{Embedding, Layer, Points};

use super::style::ScatterStyle;
use super::viewport::{outside_note, sample, viewport};
use crate::canvas::{Anchor, Canvas, Point, TextStyle};
use crate::caption::Caption;
use crate::category::themed_color;
use crate::color::Color;
use crate::error::RenderError;
use crate::figure::{Figure, draw_figure};
use crate::figure_style::FigureStyle;
use crate::header::{Header, MARGIN};
use crate::legend::{Legend, LegendItem};
use crate::marker::Marker;
use crate::names::component_name;
use crate::text::{display_name, fit_text, thousands};

/// Durations of a frame at a layer and of one between two layers, in hundredths of a second.
const LAYER_DELAY: u16 = 110;
const STEP_DELAY: u16 = 4;

/// The data of all frames; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct ScatterFrames {
    data: Arc<FrameData>,
}

#[derive(Debug)]
struct FrameData {
    style: FigureStyle,
    steps: usize,
    subtitle: String,
    layers: Vec<LayerPoints>,
    /// The category of every drawn text.
    categories: Vec<usize>,
    /// Category names as drawn.
    names: Vec<String>,
    sizes: Vec<usize>,
    /// Height of the viewport divided by its width.
    aspect: f64,
}

#[derive(Debug)]
struct LayerPoints {
    layer: Layer,
    axes: [String; 2],
    degenerate: bool,
    /// Positions of the drawn texts in units of half the viewport width: x from −1 to 1, y upwards
    /// from −aspect to aspect.
    points: Vec<Point>,
}

impl LayerPoints {
    /// The points of some rows in the viewport of a layer, and how many of them lie outside.
    fn new(
        layer: Layer,
        points: &Points,
        rows: &[usize],
        aspect: f64,
    ) -> Result<(Self, usize), RenderError> {
        let coordinates = &points.coordinates;
        if coordinates.ncols() != 2 {
            return Err(RenderError::mismatch(format!(
                "{layer} has {} components; a scatter plot needs 2",
                coordinates.ncols()
            )));
        }
        let position = |row: usize| {
            let at = [0, 1].map(|axis| f64::from(coordinates[(row, axis)]));
            (at[0], at[1])
        };
        let all: Vec<Point> = (0..coordinates.nrows()).map(position).collect();
        let (center, half_width) = viewport(&all, aspect);
        let scaled = |v: f64, center: f64| (v - center) / half_width;
        let in_viewport: Vec<Point> = rows
            .iter()
            .map(|&row| (scaled(all[row].0, center.0), scaled(all[row].1, center.1)))
            .collect();
        let outside = in_viewport
            .iter()
            .filter(|(x, y)| x.abs() > 1.0 || y.abs() > aspect)
            .count();
        let clamp = |(x, y): Point| (x.clamp(-1.0, 1.0), y.clamp(-aspect, aspect));
        let axis = |i: usize| {
            let component = points.components.get(i);
            component.map(component_name).unwrap_or_default()
        };
        let clamped = Self {
            layer,
            axes: [axis(0), axis(1)],
            degenerate: points.degenerate,
            points: in_viewport.into_iter().map(clamp).collect(),
        };
        Ok((clamped, outside))
    }
}

impl ScatterFrames {
    pub(super) fn new(
        embedding: &Embedding,
        caption: &Caption,
        style: &ScatterStyle,
    ) -> Result<Self, RenderError> {
        let labels = embedding.labels();
        let rows = sample(labels.len(), style.point_budget.max(1));
        let names = labels.category_names();
        let mut data = FrameData {
            style: style.figure,
            steps: style.steps.max(1),
            subtitle: String::new(),
            layers: Vec::new(),
            categories: rows
                .iter()
                .map(|&row| labels.row_categories()[row] as usize)
                .collect(),
            names: (0..names.len()).map(|c| display_name(names, c)).collect(),
            sizes: labels.category_counts(),
            aspect: 1.0,
        };
        let mut more = vec![if rows.len() < labels.len() {
            format!(
                "{} of n = {} texts",
                thousands(rows.len()),
                thousands(labels.len())
            )
        } else {
            format!("n = {}", thousands(labels.len()))
        }];
        // The aspect depends on the height of the subtitle, and whether the subtitle has a note on
        // outliers on the aspect: lay out as if it had one.
        data.subtitle = caption.line(&[more[0].clone(), outside_note(1, 1)]);
        let half = data.plan().half_size(data.radius());
        data.aspect = half.1 / half.0;
        let mut outside = 0;
        for (layer, points) in embedding.iter() {
            let (points, n_outside) = LayerPoints::new(layer, points, &rows, data.aspect)?;
            data.layers.push(points);
            outside += n_outside;
        }
        match data.layers.as_slice() {
            [] => return Err(RenderError::no_layer()),
            [one] if one.degenerate => more.push("all rows equal".to_owned()),
            _ => {}
        }
        if outside > 0 {
            more.push(outside_note(outside, rows.len() * data.layers.len()));
        }
        data.subtitle = caption.line(&more);
        Ok(Self {
            data: Arc::new(data),
        })
    }

    pub(super) fn n_frames(&self) -> usize {
        (self.data.layers.len() - 1) * self.data.steps + 1
    }

    /// The duration of a frame in hundredths of a second.
    pub(super) fn delay(&self, i: usize) -> u16 {
        if i.is_multiple_of(self.data.steps) {
            LAYER_DELAY
        } else {
            STEP_DELAY
        }
    }

    pub(super) fn frame(&self, i: usize) -> Result<(Figure, u16), RenderError> {
        Ok((self.data.draw(i)?, self.delay(i)))
    }
}

/// The heights of the layer track above the plot and of the axis name below it, for text of 12
/// pixels.
const TRACK: f64 = 44.0;
const BELOW: f64 = 40.0;

/// The parts around the plot, and the upper left corner and size of the plot.
struct FramePlan {
    width: f64,
    title: String,
    header: Header,
    legend: Legend,
    colors: Vec<Color>,
    at: Point,
    size: Point,
}

impl FramePlan {
    /// Half the width and height available to the centers of markers, so that none is clipped.
    fn half_size(&self, radius: f64) -> Point {
        let inset = 2.0 * radius;
        (self.size.0 / 2.0 - inset, self.size.1 / 2.0 - inset)
    }
}

impl FrameData {
    fn plan(&self) -> FramePlan {
        let style = &self.style;
        let width = style.width_or(style.scaled(640.0), 240.0);
        // With a single layer there is no track, and the title names the layer.
        let (title, track) = match self.layers.as_slice() {
            [one] => (format!("Where texts lie: {}", one.layer.title()), 8.0),
            _ => ("How texts move through the layers".to_owned(), TRACK),
        };
        let header = Header::new(&title, &self.subtitle, width, style);
        let total = self.names.len();
        let colors: Vec<Color> = (0..total).map(|c| themed_color(c, total, style)).collect();
        let categories = self.names.iter().zip(&self.sizes).enumerate();
        let items: Vec<LegendItem<'_>> = categories
            .map(|(c, (name, &n))| LegendItem {
                name,
                n: Some(n),
                color: colors[c],
                marker: Marker::of(c),
            })
            .collect();
        let legend = Legend::new(&items, width, style);
        let top = header.bottom + legend.height + style.scaled(8.0 + track);
        let left = MARGIN + style.scaled(18.0);
        let side = width - left - MARGIN;
        let high = style.height.map_or(side * 0.82, |height| {
            (height - top - style.scaled(BELOW)).max(60.0)
        });
        FramePlan {
            width,
            title,
            header,
            legend,
            colors,
            at: (left, top),
            size: (side, high),
        }
    }

    /// The radius of a marker, smaller for more texts.
    fn radius(&self) -> f64 {
        let crowd = (self.categories.len() as f64).max(1.0).ln();
        self.style.scaled((5.6 - 0.42 * crowd).max(1.5))
    }

    fn draw(&self, i: usize) -> Result<Figure, RenderError> {
        let style = &self.style;
        let from = i / self.steps;
        let t = (i % self.steps) as f64 / self.steps as f64;
        let ease = t * t * (3.0 - 2.0 * t);
        let next = (from + 1).min(self.layers.len() - 1);
        let (here, there) = (&self.layers[from], &self.layers[next]);
        let nearest = if ease < 0.5 { here } else { there };
        let plan = self.plan();
        let categories = self.names.iter().zip(&self.sizes).enumerate();
        let names: Vec<String> = categories
            .map(|(c, (name, n))| format!("{} “{name}” with {n} texts", c + 1))
            .collect();
        let description = format!(
            "{}: {}. {}. Categories: {}.",
            plan.title,
            nearest.layer.title(),
            self.subtitle,
            names.join(", ")
        );
        let height = plan.at.1 + plan.size.1 + style.scaled(BELOW);
        draw_figure(
            (plan.width, height),
            &plan.title,
            &description,
            style.theme.background,
            |canvas| {
                plan.header.draw(canvas, style);
                plan.legend.draw(canvas, plan.header.bottom, style);
                let (left, top) = plan.at;
                let track = (left, top - style.scaled(TRACK), plan.size.0);
                self.draw_track(canvas, from as f64 + ease, nearest, track);
                self.draw_points(canvas, &plan, [here, there], ease);
                if !nearest.degenerate {
                    self.draw_axis_names(canvas, &plan, nearest);
                }
            },
        )
    }

    /// The points on their way from one layer to another, and the frame around them.
    fn draw_points(
        &self,
        canvas: &mut Canvas,
        plan: &FramePlan,
        [here, there]: [&LayerPoints; 2],
        ease: f64,
    ) {
        let theme = self.style.theme;
        let ((left, top), (side, high)) = (plan.at, plan.size);
        canvas.rect((left, top), (side, high), theme.empty, 1.0);
        canvas.frame((left, top), (side, high), theme.line, 1.0);
        let radius = self.radius();
        let half = plan.half_size(radius);
        let unit = half.0.min(half.1 / self.aspect);
        // Drawn in row order, so that later categories do not cover all earlier ones.
        for ((&c, &a), &b) in self.categories.iter().zip(&here.points).zip(&there.points) {
            let x = a.0 + (b.0 - a.0) * ease;
            let y = a.1 + (b.1 - a.1) * ease;
            let at = (left + side / 2.0 + x * unit, top + high / 2.0 - y * unit);
            Marker::of(c).draw(canvas, at, radius, plan.colors[c], 0.8);
        }
    }

    fn draw_axis_names(&self, canvas: &mut Canvas, plan: &FramePlan, nearest: &LayerPoints) {
        let style = &self.style;
        let ((left, top), (side, high)) = (plan.at, plan.size);
        let size = style.scaled(10.5);
        let text = TextStyle::new(size, style.theme.muted).anchor(Anchor::Middle);
        let x_name = fit_text(&nearest.axes[0], size, false, side);
        let below = top + high + style.scaled(13.0);
        canvas.text(&x_name, (left + side / 2.0, below), text);
        let y_name = fit_text(&nearest.axes[1], size, false, high);
        let beside = left - style.scaled(11.0);
        canvas.text(&y_name, (beside, top + high / 2.0), text.vertical());
    }

    /// The layers as stops along a line, the position `now` between them, and the name of the
    /// nearest.
    fn draw_track(
        &self,
        canvas: &mut Canvas,
        now: f64,
        nearest: &LayerPoints,
        (left, top, width): (f64, f64, f64),
    ) {
        let last = self.layers.len() - 1;
        if last == 0 {
            return;
        }
        let style = &self.style;
        let theme = style.theme;
        let name = nearest.layer.title();
        let words = if nearest.degenerate {
            format!("{name}: all rows equal")
        } else {
            name
        };
        let bold = style.scaled(14.0);
        let text = TextStyle::new(bold, theme.text).bold();
        // The name keeps a gap to the first stop.
        let room = style.scaled(212.0);
        let words = fit_text(&words, bold, true, room - style.scaled(12.0));
        let y = top + style.scaled(18.0);
        canvas.text(&words, (left, y), text);
        let (from, to) = (left + room, left + width - 8.0);
        let x = |at: f64| from + (to - from) * at / last as f64;
        canvas.line((from, y), (to, y), theme.line, 2.0);
        let radius = ((to - from) / last as f64 * 0.2).clamp(1.5, style.scaled(4.0));
        for stop in 0..=last {
            let passed = stop as f64 <= now + 1e-9;
            let color = if passed { theme.text } else { theme.line };
            canvas.disc((x(stop as f64), y), radius, color, 1.0);
        }
        canvas.line((from, y), (x(now), y), theme.text, 2.0);
        canvas.disc((x(now), y), style.scaled(6.0), theme.text, 1.0);
    }
}
