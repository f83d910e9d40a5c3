use std::sync::Arc;

use mri_core::{Embedding, Layer};

mod frame;

use frame::{beyond_note, frame_of, sample};

use crate::animation::Animation;
use crate::canvas::{Anchor, At, Canvas, TextLook};
use crate::category::shown_color;
use crate::figure::draw_figure;
use crate::header::{Header, MARGIN};
use crate::heatmap::axis_name;
use crate::legend::{Legend, Named};
use crate::marker::Marker;
use crate::text::{fit_text, shown_name, thousands};
use crate::{Caption, Color, Figure, Look, RenderError};

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
/// Every layer fills the same frame, with one factor for both axes, but for its outermost texts, so that
/// far outliers do not press all others together: what is beyond the frame is drawn at its edge. Layers of
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
    /// The height of the frame for the points to its width.
    aspect: f64,
}

#[derive(Debug)]
struct OneLayer {
    layer: Layer,
    axes: [String; 2],
    degenerate: bool,
    /// Of the drawn texts, from −1 to 1 of half the frame's width, the second component upwards.
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
        let names = labels.category_names();
        let mut shared = Shared {
            look: style.look,
            steps: style.steps.max(1),
            subtitle: String::new(),
            layers: Vec::new(),
            ids: rows
                .iter()
                .map(|&row| labels.row_categories()[row] as usize)
                .collect(),
            names: (0..names.len()).map(|c| shown_name(names, c)).collect(),
            full_names: names.to_vec(),
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
        // The frame must have its shape before it is known whether anything lies beyond it.
        shared.subtitle = caption.line(&[more[0].clone(), beyond_note(1, 1)]);
        let half = shared.plan().half(shared.radius());
        shared.aspect = half.1 / half.0;
        let mut beyond = 0;
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
            let (middle, reach) = frame_of(&all, shared.aspect);
            let scaled = |v: f64, middle: f64| (v - middle) / reach;
            let places: Vec<At> = rows
                .iter()
                .map(|&row| (scaled(all[row].0, middle.0), scaled(all[row].1, middle.1)))
                .collect();
            beyond += places
                .iter()
                .filter(|(x, y)| x.abs() > 1.0 || y.abs() > shared.aspect)
                .count();
            let high = shared.aspect;
            let clamp = |(x, y): At| (x.clamp(-1.0, 1.0), y.clamp(-high, high));
            let axis = |i: usize| points.components.get(i).map(axis_name).unwrap_or_default();
            shared.layers.push(OneLayer {
                layer,
                axes: [axis(0), axis(1)],
                degenerate: points.degenerate,
                places: places.into_iter().map(clamp).collect(),
            });
        }
        match shared.layers.as_slice() {
            [] => {
                return Err(RenderError::Mismatch(
                    "there is no layer to draw".to_owned(),
                ));
            }
            [one] if one.degenerate => more.push("all rows equal".to_owned()),
            _ => {}
        }
        if beyond > 0 {
            more.push(beyond_note(beyond, rows.len() * shared.layers.len()));
        }
        shared.subtitle = caption.line(&more);
        Ok(Self {
            shared: Arc::new(shared),
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

/// The room for the layers' track above the points, and for the axis' name below them.
const TRACK: f64 = 44.0;
const BELOW: f64 = 40.0;

/// What stands around the points, and where the frame for them is.
struct Plan {
    width: f64,
    title: String,
    header: Header,
    legend: Legend,
    colors: Vec<Color>,
    at: At,
    size: At,
}

impl Plan {
    /// Half the width and height that points may have, so that none is cut.
    fn half(&self, radius: f64) -> At {
        let inset = 2.0 * radius;
        (self.size.0 / 2.0 - inset, self.size.1 / 2.0 - inset)
    }
}

impl Shared {
    fn plan(&self) -> Plan {
        let look = &self.look;
        let width = look.width_or(look.scaled(640.0), 240.0);
        // A single layer has no track, and its name stands in the title.
        let (title, track) = match self.layers.as_slice() {
            [one] => (format!("Where texts lie: {}", one.layer.title()), 8.0),
            _ => ("How texts move through the layers".to_owned(), TRACK),
        };
        let header = Header::new(&title, &self.subtitle, width, look);
        let total = self.names.len();
        let colors: Vec<Color> = (0..total).map(|c| shown_color(c, total, look)).collect();
        let categories = self.names.iter().zip(&self.sizes).enumerate();
        let named: Vec<Named<'_>> = categories
            .map(|(c, (name, &n))| Named {
                name,
                n: Some(n),
                color: colors[c],
                marker: Marker::of(c),
            })
            .collect();
        let legend = Legend::new(&named, width, look);
        let top = header.bottom + legend.height + look.scaled(8.0 + track);
        let left = MARGIN + look.scaled(18.0);
        let side = width - left - MARGIN;
        let high = look.height.map_or(side * 0.82, |height| {
            (height - top - look.scaled(BELOW)).max(60.0)
        });
        Plan {
            width,
            title,
            header,
            legend,
            colors,
            at: (left, top),
            size: (side, high),
        }
    }

    /// Of a point: smaller where there are many.
    fn radius(&self) -> f64 {
        let crowd = (self.ids.len() as f64).max(1.0).ln();
        self.look.scaled((5.6 - 0.42 * crowd).max(1.5))
    }

    fn draw(&self, i: usize) -> Result<Figure, RenderError> {
        let look = &self.look;
        let theme = look.theme;
        let from = i / self.steps;
        let t = (i % self.steps) as f64 / self.steps as f64;
        let ease = t * t * (3.0 - 2.0 * t);
        let next = (from + 1).min(self.layers.len() - 1);
        let (here, there) = (&self.layers[from], &self.layers[next]);
        let nearest = if ease < 0.5 { here } else { there };
        let plan = self.plan();
        let (left, plot_top) = plan.at;
        let (side, high) = plan.size;
        let categories = self.full_names.iter().zip(&self.sizes).enumerate();
        let said: Vec<String> = categories
            .map(|(c, (name, n))| format!("{} “{name}” with {n} texts", c + 1))
            .collect();
        let description = format!(
            "{}: {}. {}. Categories: {}.",
            plan.title,
            nearest.layer.title(),
            self.subtitle,
            said.join(", ")
        );
        let height = plot_top + high + look.scaled(BELOW);
        draw_figure(
            (plan.width, height),
            &plan.title,
            &description,
            theme.background,
            |canvas| {
                plan.header.draw(canvas, look);
                plan.legend.draw(canvas, plan.header.bottom, look);
                let track = (left, plot_top - look.scaled(TRACK), side);
                self.draw_track(canvas, from as f64 + ease, nearest, track, look);
                canvas.rect((left, plot_top), (side, high), theme.empty, 1.0);
                canvas.frame((left, plot_top), (side, high), theme.line, 1.0);
                let radius = self.radius();
                let half = plan.half(radius);
                let unit = half.0.min(half.1 / self.aspect);
                // Later categories must not lie over all of the earlier ones: the order is the texts'.
                for ((&c, &a), &b) in self.ids.iter().zip(&here.places).zip(&there.places) {
                    let x = a.0 + (b.0 - a.0) * ease;
                    let y = a.1 + (b.1 - a.1) * ease;
                    let at = (
                        left + side / 2.0 + x * unit,
                        plot_top + high / 2.0 - y * unit,
                    );
                    Marker::of(c).draw(canvas, at, radius, plan.colors[c], 0.8);
                }
                if nearest.degenerate {
                    return;
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
        let last = self.layers.len() - 1;
        if last == 0 {
            return;
        }
        let theme = look.theme;
        let name = nearest.layer.title();
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
