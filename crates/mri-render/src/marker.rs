use std::f64::consts::{PI, TAU};

use crate::canvas::{Canvas, Point};
use crate::color::Color;

/// The marker of a category, which identifies it without its color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
    TriangleDown,
    Star,
    Hexagon,
    Bar,
    Ring,
    /// Two dashes, for a baseline.
    Dash,
}

impl Marker {
    /// The marker of a category; markers repeat after ten, as colors do.
    pub(crate) fn of(category: usize) -> Self {
        const ALL: [Marker; 10] = [
            Marker::Circle,
            Marker::Triangle,
            Marker::Square,
            Marker::Diamond,
            Marker::Cross,
            Marker::TriangleDown,
            Marker::Star,
            Marker::Hexagon,
            Marker::Bar,
            Marker::Ring,
        ];
        ALL[category % ALL.len()]
    }

    /// Draws the marker; `radius` is that of a circle of about the same area.
    pub(crate) fn draw(
        self,
        canvas: &mut Canvas,
        at: Point,
        radius: f64,
        color: Color,
        alpha: f64,
    ) {
        let around = |points: &[(f64, f64)]| -> Vec<Point> {
            let scaled = points.iter();
            scaled
                .map(|(x, y)| (at.0 + radius * x, at.1 + radius * y))
                .collect()
        };
        let regular = |corners: usize, size: f64, turn: f64| -> Vec<(f64, f64)> {
            let corner = |i: usize| {
                let angle = TAU * i as f64 / corners as f64 + turn;
                (size * angle.sin(), -size * angle.cos())
            };
            (0..corners).map(corner).collect()
        };
        let shape = match self {
            Self::Circle => return canvas.disc(at, radius, color, alpha),
            Self::Ring => return canvas.ring(at, radius * 0.85, color, radius * 0.5),
            Self::Dash => {
                for (from, to) in [(-1.3, -0.3), (0.3, 1.3)] {
                    let points = around(&[(from, -0.15), (to, -0.15), (to, 0.15), (from, 0.15)]);
                    canvas.polygon(points, color, alpha);
                }
                return;
            }
            Self::Square => regular(4, 1.25, PI / 4.0),
            Self::Diamond => regular(4, 1.35, 0.0),
            Self::Triangle => regular(3, 1.4, 0.0),
            Self::TriangleDown => regular(3, 1.4, PI),
            Self::Hexagon => regular(6, 1.15, 0.0),
            Self::Bar => vec![(-0.5, -1.4), (0.5, -1.4), (0.5, 1.4), (-0.5, 1.4)],
            Self::Cross => {
                let (a, b) = (0.42, 1.3);
                vec![
                    (-a, -b),
                    (a, -b),
                    (a, -a),
                    (b, -a),
                    (b, a),
                    (a, a),
                    (a, b),
                    (-a, b),
                    (-a, a),
                    (-b, a),
                    (-b, -a),
                    (-a, -a),
                ]
            }
            Self::Star => {
                let outer = regular(5, 1.5, 0.0);
                let inner = regular(5, 0.65, PI / 5.0);
                outer
                    .into_iter()
                    .zip(inner)
                    .flat_map(|(a, b)| [a, b])
                    .collect()
            }
        };
        canvas.polygon(around(&shape), color, alpha);
    }
}
