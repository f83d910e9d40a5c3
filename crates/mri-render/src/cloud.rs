use std::sync::Arc;

use mri_core::{Embedding, Layer};

use crate::animation::Animation;
use crate::canvas::{Anchor, At, Canvas, TextLook};
use crate::figure::draw_figure;
use crate::header::{Header, MARGIN};
use crate::heatmap::{axis_name, layer_name};
use crate::legend::{Legend, Named};
use crate::marker::Marker;
use crate::text::{fit_text, shown_name, thousands};
use crate::{Caption, Color, Colormap, Figure, Look, RenderError, category_color};

/// How points are shown on their way through the layers.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudStyle {
    /// Colours, size and letters.
    pub look: Look,
    /// At most this many texts are drawn; the figure says so where it leaves out any.
    pub point_budget: usize,
    /// Frames from one layer to the next, at least 1.
    pub steps: usize,
}

impl Default for CloudStyle {
    /// Light, at most 1,500 texts, twelve frames between layers: half a second.
    fn default() -> Self {
        Self {
            look: Look::default(),
            point_budget: 1_500,
            steps: 12,
        }
    }
}

/// Hundredths of a second that a layer is shown for, and a frame on the way to the next.
const HOLD: u16 = 110;
const STEP: u16 = 4;

/// Animates the map of points through the layers: each text moves from its place in one layer to its
/// place in the next. Colour and shape tell its category.
///
/// Every layer is brought to the same size about its middle, one factor for both axes, so that far
/// outliers do not press all others together: what is beyond the frame is drawn at its edge. Layers of
/// an embedding turn and mirror at random between each other; aligned ones (`align_layers` of
/// mri-reduce) move no more than the model moved them.
///
/// # Errors
/// [`RenderError::Mismatch`] unless there is a layer, and two components in each.
pub fn through_layers(
    embedding: &Embedding,
    caption: &Caption,
    style: &CloudStyle,
) -> Result<Animation, RenderError> {
    Ok(Animation::new(Clouds::new(embedding, caption, style)?))
}

/// Everything that the frames are drawn from.
#[derive(Debug, Clone)]
pub(crate) struct Clouds {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    look: Look,
    steps: usize,
    subtitle: String,
    layers: Vec<OneLayer>,
    /// Category of every drawn text.
    ids: Vec<usize>,
    names: Vec<String>,
    full_names: Vec<String>,
    sizes: Vec<usize>,
}

#[derive(Debug)]
struct OneLayer {
    layer: Layer,
    axes: [String; 2],
    degenerate: bool,
    /// Of the drawn texts, from −1 to 1, the second component upwards.
    places: Vec<At>,
}

impl Clouds {
    fn new(
        embedding: &Embedding,
        caption: &Caption,
        style: &CloudStyle,
    ) -> Result<Self, RenderError> {
        let labels = embedding.labels();
        let rows = sample(labels.len(), style.point_budget.max(1));
        let mut beyond = 0;
        let mut layers = Vec::new();
        for (layer, points) in embedding.iter() {
            if points.coordinates.ncols() != 2 {
                return Err(RenderError::Mismatch(format!(
                    "{layer} has {} components; points are drawn of 2",
                    points.coordinates.ncols()
                )));
            }
            let place = |row: usize| {
                let at = [0, 1].map(|axis| f64::from(points.coordinates[(row, axis)]));
                (at[0], at[1])
            };
            let all: Vec<At> = (0..labels.len()).map(place).collect();
            let (middle, reach) = frame_of(&all);
            let scaled = |v: f64, middle: f64| (v - middle) / reach;
            let places: Vec<At> = rows
                .iter()
                .map(|&row| (scaled(all[row].0, middle.0), scaled(all[row].1, middle.1)))
                .collect();
            beyond += places
                .iter()
                .filter(|(x, y)| x.abs() > 1.0 || y.abs() > 1.0)
                .count();
            let clamp = |(x, y): At| (x.clamp(-1.0, 1.0), y.clamp(-1.0, 1.0));
            let axis = |i: usize| points.axes.get(i).map(axis_name).unwrap_or_default();
            layers.push(OneLayer {
                layer,
                axes: [axis(0), axis(1)],
                degenerate: points.degenerate,
                places: places.into_iter().map(clamp).collect(),
            });
        }
        if layers.is_empty() {
            return Err(RenderError::Mismatch(
                "there is no layer to draw".to_owned(),
            ));
        }
        let mut more = vec![if rows.len() < labels.len() {
            format!(
                "{} of n = {} texts",
                thousands(rows.len()),
                thousands(labels.len())
            )
        } else {
            format!("n = {}", thousands(labels.len()))
        }];
        if beyond > 0 {
            let share = 100.0 * beyond as f64 / (rows.len() * layers.len()) as f64;
            more.push(format!("{share:.1} % lie beyond the frame, at its edge"));
        }
        let names = labels.names();
        Ok(Self {
            shared: Arc::new(Shared {
                look: style.look,
                steps: style.steps.max(1),
                subtitle: caption.line(&more),
                layers,
                ids: rows.iter().map(|&row| labels.ids()[row] as usize).collect(),
                names: (0..names.len()).map(|c| shown_name(names, c)).collect(),
                full_names: names.to_vec(),
                sizes: labels.counts(),
            }),
        })
    }

    pub(crate) fn n_frames(&self) -> usize {
        (self.shared.layers.len() - 1) * self.shared.steps + 1
    }

    pub(crate) fn delay(&self, i: usize) -> u16 {
        if i.is_multiple_of(self.shared.steps) {
            HOLD
        } else {
            STEP
        }
    }

    pub(crate) fn frame(&self, i: usize) -> Result<(Figure, u16), RenderError> {
        Ok((self.shared.draw(i)?, self.delay(i)))
    }
}

impl Shared {
    fn draw(&self, i: usize) -> Result<Figure, RenderError> {
        let look = &self.look;
        let theme = look.theme;
        let from = i / self.steps;
        let t = (i % self.steps) as f64 / self.steps as f64;
        let ease = t * t * (3.0 - 2.0 * t);
        let next = (from + 1).min(self.layers.len() - 1);
        let (here, there) = (&self.layers[from], &self.layers[next]);
        let nearest = if ease < 0.5 { here } else { there };
        let width = look.width_or(look.scaled(640.0), 240.0);
        let title = "How texts move through the layers";
        let header = Header::new(title, &self.subtitle, width, look);
        let colors: Vec<Color> = (0..self.names.len())
            .map(|c| color(c, self.names.len()))
            .collect();
        let named: Vec<Named<'_>> = self
            .names
            .iter()
            .enumerate()
            .map(|(c, name)| Named {
                name,
                n: Some(self.sizes[c]),
                color: colors[c],
                marker: Marker::of(c),
            })
            .collect();
        let legend = Legend::new(&named, width, look);
        let top = header.bottom + legend.height + look.scaled(8.0);
        let track = look.scaled(44.0);
        let left = MARGIN + look.scaled(18.0);
        let side = width - left - MARGIN;
        let high = look.height.map_or(side * 0.82, |height| {
            (height - top - track - look.scaled(40.0)).max(60.0)
        });
        let categories = self.full_names.iter().zip(&self.sizes).enumerate();
        let said: Vec<String> = categories
            .map(|(c, (name, n))| format!("{} “{name}” with {n} texts", c + 1))
            .collect();
        let description = format!(
            "{title}: {}. {}. Categories: {}.",
            layer_name(nearest.layer),
            self.subtitle,
            said.join(", ")
        );
        let plot_top = top + track;
        let height = plot_top + high + look.scaled(40.0);
        draw_figure(
            (width, height),
            title,
            &description,
            theme.background,
            |canvas| {
                header.draw(canvas, look);
                legend.draw(canvas, header.bottom, look);
                self.draw_track(canvas, from as f64 + ease, nearest, (left, top, side), look);
                canvas.rect((left, plot_top), (side, high), theme.empty, 1.0);
                canvas.frame((left, plot_top), (side, high), theme.line, 1.0);
                let radius = look.scaled(3.4 - (self.ids.len() as f64 / 1_500.0).min(1.0));
                let inset = 2.0 * radius;
                let half = ((side / 2.0 - inset), (high / 2.0 - inset));
                // Later categories must not lie over all of the earlier ones: the order is the texts'.
                for ((&c, &a), &b) in self.ids.iter().zip(&here.places).zip(&there.places) {
                    let x = a.0 + (b.0 - a.0) * ease;
                    let y = a.1 + (b.1 - a.1) * ease;
                    let at = (
                        left + side / 2.0 + x * half.0,
                        plot_top + high / 2.0 - y * half.1,
                    );
                    Marker::of(c).draw(canvas, at, radius, colors[c], 0.8);
                }
                let size = look.scaled(10.5);
                let text = TextLook::new(size, theme.muted).anchor(Anchor::Middle);
                let x_name = fit_text(&nearest.axes[0], size, false, side);
                let below = plot_top + high + look.scaled(13.0);
                canvas.text(&x_name, (left + side / 2.0, below), text);
                let y_name = fit_text(&nearest.axes[1], size, false, high);
                let beside = left - look.scaled(11.0);
                canvas.text(&y_name, (beside, plot_top + high / 2.0), text.upright());
            },
        )
    }

    /// The layers as stations along a line, and where between them the frame is.
    fn draw_track(
        &self,
        canvas: &mut Canvas,
        now: f64,
        nearest: &OneLayer,
        (left, top, width): (f64, f64, f64),
        look: &Look,
    ) {
        let theme = look.theme;
        let name = layer_name(nearest.layer);
        let words = if nearest.degenerate {
            format!("{name}: all rows equal")
        } else {
            name
        };
        let bold = look.scaled(14.0);
        let text = TextLook::new(bold, theme.text).bold();
        // The track begins with a disc.
        let room = look.scaled(212.0);
        let words = fit_text(&words, bold, true, room - look.scaled(12.0));
        let y = top + look.scaled(18.0);
        canvas.text(&words, (left, y), text);
        let last = self.layers.len() - 1;
        if last == 0 {
            return;
        }
        let (from, to) = (left + room, left + width - 8.0);
        let x = |at: f64| from + (to - from) * at / last as f64;
        canvas.line((from, y), (to, y), theme.line, 2.0);
        let radius = ((to - from) / last as f64 * 0.2).clamp(1.5, look.scaled(4.0));
        for station in 0..=last {
            let passed = station as f64 <= now + 1e-9;
            let color = if passed { theme.text } else { theme.line };
            canvas.disc((x(station as f64), y), radius, color, 1.0);
        }
        canvas.line((from, y), (x(now), y), theme.text, 2.0);
        canvas.disc((x(now), y), look.scaled(6.0), theme.text, 1.0);
    }
}

fn color(category: usize, total: usize) -> Color {
    match total {
        0..=2 => Colormap::Coolwarm.at(if category == 0 { 0.08 } else { 0.92 }),
        _ => category_color(category, total),
    }
}

/// Which texts are drawn: all, or the first of an order that has nothing to do with theirs.
fn sample(n: usize, budget: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..n).collect();
    if n > budget {
        // The mixing of splitmix64.
        let mixed = |&row: &usize| {
            let mut z = (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z ^ (z >> 27)
        };
        rows.sort_by_key(mixed);
        rows.truncate(budget);
        rows.sort_unstable();
    }
    rows
}

/// The middle of a layer and how far its frame reaches along both axes: to the 99th percentile of
/// all coordinates, and some more.
fn frame_of(places: &[At]) -> (At, f64) {
    let median = |pick: fn(&At) -> f64| {
        let mut values: Vec<f64> = places.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    };
    let middle = (median(|at| at.0), median(|at| at.1));
    let mut far: Vec<f64> = places
        .iter()
        .map(|at| (at.0 - middle.0).abs().max((at.1 - middle.1).abs()))
        .filter(|v| v.is_finite())
        .collect();
    far.sort_by(f64::total_cmp);
    let at = (far.len() * 99 / 100).min(far.len().saturating_sub(1));
    match far.get(at).copied() {
        Some(reach) if reach > 0.0 => (middle, reach * 1.15),
        _ => match far.last().copied() {
            Some(reach) if reach > 0.0 => (middle, reach * 1.05),
            _ => (middle, 1.0),
        },
    }
}
