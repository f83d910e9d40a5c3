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
    /// The marker of a category. Colors repeat after ten categories; the markers are then shifted
    /// by one, so that the combination of both repeats only after a hundred.
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
        ALL[(category + category / ALL.len()) % ALL.len()]
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
        match self {
            Self::Circle => canvas.disc(at, radius, color, alpha),
            Self::Ring => canvas.ring(at, radius * RING_RADIUS, color, radius * RING_WIDTH),
            _ => {
                for outline in self.outlines() {
                    let points = outline.iter();
                    let points = points.map(|(x, y)| (at.0 + radius * x, at.1 + radius * y));
                    canvas.polygon(points.collect(), color, alpha);
                }
            }
        }
    }

    /// The marker as path data of SVG, around the origin, for a radius of 1.
    pub(crate) fn svg_path(self) -> String {
        let circle = |r: f64, sweep: u8| {
            format!("M{r} 0A{r} {r} 0 1 {sweep} -{r} 0A{r} {r} 0 1 {sweep} {r} 0Z")
        };
        match self {
            Self::Circle => circle(1.0, 1),
            // The inner circle runs the other way, so that it is a hole.
            Self::Ring => {
                let half = RING_WIDTH / 2.0;
                circle(RING_RADIUS + half, 1) + &circle(RING_RADIUS - half, 0)
            }
            _ => self.outlines().iter().map(|o| polygon_path(o)).collect(),
        }
    }

    /// The polygons of the marker for a radius of 1; none for circles and rings.
    fn outlines(self) -> Vec<Vec<Point>> {
        let regular = |corners: usize, size: f64, turn: f64| -> Vec<Point> {
            let corner = |i: usize| {
                let angle = TAU * i as f64 / corners as f64 + turn;
                (size * angle.sin(), -size * angle.cos())
            };
            (0..corners).map(corner).collect()
        };
        let outline = match self {
            Self::Circle | Self::Ring => return Vec::new(),
            Self::Dash => {
                let dash =
                    |from: f64, to: f64| vec![(from, -0.15), (to, -0.15), (to, 0.15), (from, 0.15)];
                return vec![dash(-1.3, -0.3), dash(0.3, 1.3)];
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
        vec![outline]
    }
}

/// Radius and line width of a ring, for a marker of radius 1.
const RING_RADIUS: f64 = 0.85;
const RING_WIDTH: f64 = 0.5;

/// A closed polygon as path data of SVG.
fn polygon_path(points: &[Point]) -> String {
    let number = |v: f64| {
        let rounded = (v * 1_000.0).round() / 1_000.0;
        // Without the sign of a negative zero.
        if rounded == 0.0 { 0.0 } else { rounded }
    };
    let corners = points.iter().enumerate();
    let corners = corners.map(|(i, &(x, y))| {
        let command = if i == 0 { 'M' } else { 'L' };
        format!("{command}{} {}", number(x), number(y))
    });
    corners.collect::<String>() + "Z"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_category_has_a_marker_of_its_own_among_ten() {
        let paths: BTreeSet<String> = (0..10).map(|c| Marker::of(c).svg_path()).collect();
        assert_eq!(paths.len(), 10);
        // The eleventh category has the color of the first, but not its marker.
        assert_ne!(Marker::of(10), Marker::of(0));
    }

    #[test]
    fn paths_are_the_outlines_that_are_drawn() {
        assert_eq!(
            Marker::Bar.svg_path(),
            "M-0.5 -1.4L0.5 -1.4L0.5 1.4L-0.5 1.4Z"
        );
        assert_eq!(
            Marker::Circle.svg_path(),
            "M1 0A1 1 0 1 1 -1 0A1 1 0 1 1 1 0Z"
        );
        assert_eq!(Marker::Diamond.svg_path().matches('L').count(), 3);
    }
}
