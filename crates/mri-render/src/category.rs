//! The colors of categories, the same in all figures of a scan.

use crate::color::Color;
use crate::colormap::{Colormap, category_color};
use crate::figure_style::FigureStyle;

/// Positions of the first and second of two categories on the diverging colormap of light figures:
/// slightly inside its ends, which are dark.
const PAIR: [f64; 2] = [0.08, 0.92];

/// The same on the colormap of dark figures, whose ends are nearly white.
const DARK_PAIR: [f64; 2] = [0.86, 0.14];

/// The luminance with a contrast ratio of 3 against the dark background and its bands, the minimum
/// for graphics in WCAG 2.
const MIN_DARK_LUMINANCE: f64 = 0.16;

/// The color of a category among `total`: a single one has the color of heatmaps, two have the ends
/// of the diverging colormap, as in difference heatmaps, more have Petroff's sequences, lightened
/// on a dark background where the contrast would be too low.
pub(crate) fn themed_color(category: usize, total: usize, style: &FigureStyle) -> Color {
    match (total, style.is_dark()) {
        (0 | 1, false) => Colormap::Blues.at(0.75),
        (0 | 1, true) => Colormap::Viridis.at(0.75),
        (2, _) => pair_color(f64::from(u8::from(category > 0)), style),
        (_, false) => category_color(category, total),
        (_, true) => lightened(category_color(category, total)),
    }
}

/// The color between two categories, from the first (0) to the second (1).
pub(crate) fn pair_color(share: f64, style: &FigureStyle) -> Color {
    let (map, [from, to]) = if style.is_dark() {
        (Colormap::Managua, DARK_PAIR)
    } else {
        (Colormap::Coolwarm, PAIR)
    };
    map.at(from + (to - from) * share)
}

/// The part of the diverging colormap, from 0 to 1, that lies between the colors of two categories.
pub(crate) fn pair_span(style: &FigureStyle) -> f64 {
    let [from, to] = if style.is_dark() { DARK_PAIR } else { PAIR };
    (to - from).abs()
}

/// The color of a category for thin marks: a light color is darkened on a light background.
pub(crate) fn line_color(category: usize, total: usize, style: &FigureStyle) -> Color {
    let color = themed_color(category, total, style);
    if !style.is_dark() && color.luminance() > 0.4 {
        color.mix(Color::BLACK, 0.35)
    } else {
        color
    }
}

/// The color mixed with as much white as it takes to reach [`MIN_DARK_LUMINANCE`].
fn lightened(color: Color) -> Color {
    let steps = (0..=20).map(|i| color.mix(Color::WHITE, f64::from(i) * 0.05));
    let mut bright = steps.filter(|lighter| lighter.luminance() >= MIN_DARK_LUMINANCE);
    bright.next().unwrap_or(Color::WHITE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_contrasts_with_its_background() {
        let contrast = |a: Color, b: Color| {
            let (a, b) = (a.luminance() + 0.05, b.luminance() + 0.05);
            a.max(b) / a.min(b)
        };
        let dark = FigureStyle::dark();
        for total in 1..=10 {
            for category in 0..total {
                let color = themed_color(category, total, &dark);
                for background in [dark.theme.background, dark.theme.empty] {
                    assert!(contrast(color, background) >= 3.0, "{category} of {total}");
                }
                let light = FigureStyle::default();
                let thin = line_color(category, total, &light);
                assert!(
                    contrast(thin, light.theme.background) >= 2.3,
                    "{category} of {total}"
                );
            }
        }
    }

    #[test]
    fn two_categories_have_the_colors_of_their_difference() {
        for style in [FigureStyle::default(), FigureStyle::dark()] {
            let [first, second] = [0, 1].map(|category| themed_color(category, 2, &style));
            assert!(
                first.b > first.r,
                "the first is blue, as positive differences are"
            );
            assert!(second.r > second.b);
            assert_eq!(
                (pair_color(0.0, &style), pair_color(1.0, &style)),
                (first, second)
            );
        }
    }
}
