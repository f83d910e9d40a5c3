//! The colours that categories have in all figures.

use crate::{Color, Colormap, Look, category_color};

/// Where on the diverging map of a light ground the first of two categories lies, and the second: a
/// little inside its ends, where they are not yet dark.
const PAIR: [f64; 2] = [0.08, 0.92];

/// The same on the map of a dark ground, whose ends are too near white.
const DARK_PAIR: [f64; 2] = [0.86, 0.14];

/// The luminance that has a contrast of 3 against the dark ground and its bands, as WCAG 2 asks of
/// graphics.
const LEAST_ON_DARK: f64 = 0.16;

/// The colour of a category among all of a scan: one has that of heatmaps, two have the ends of the map
/// of differences, so that both pictures agree, and more have Petroff's. On a dark ground those that
/// would hardly be seen are lighter.
pub(crate) fn shown_color(category: usize, total: usize, look: &Look) -> Color {
    match (total, look.is_dark()) {
        (0 | 1, false) => Colormap::Blues.at(0.75),
        (0 | 1, true) => Colormap::Viridis.at(0.75),
        (2, _) => between(f64::from(u8::from(category > 0)), look),
        (_, false) => category_color(category, total),
        (_, true) => lifted(category_color(category, total)),
    }
}

/// The colour between two categories, from the first (0) to the second (1).
pub(crate) fn between(share: f64, look: &Look) -> Color {
    let (map, [from, to]) = if look.is_dark() {
        (Colormap::Managua, DARK_PAIR)
    } else {
        (Colormap::Coolwarm, PAIR)
    };
    map.at(from + (to - from) * share)
}

/// The length of the map of differences between the colours of two categories, of 1.
pub(crate) fn reach(look: &Look) -> f64 {
    let [from, to] = if look.is_dark() { DARK_PAIR } else { PAIR };
    (to - from).abs()
}

/// The colour of something thin that has to stand out alone: darker where it is light on a light ground.
pub(crate) fn strong_color(category: usize, total: usize, look: &Look) -> Color {
    let color = shown_color(category, total, look);
    if !look.is_dark() && color.luminance() > 0.4 {
        color.mix(Color::BLACK, 0.35)
    } else {
        color
    }
}

/// The colour with as much white as it needs on a dark ground.
fn lifted(color: Color) -> Color {
    let steps = (0..=20).map(|i| color.mix(Color::WHITE, f64::from(i) * 0.05));
    let mut bright = steps.filter(|lighter| lighter.luminance() >= LEAST_ON_DARK);
    bright.next().unwrap_or(Color::WHITE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_is_seen_on_its_ground() {
        let contrast = |a: Color, b: Color| {
            let (a, b) = (a.luminance() + 0.05, b.luminance() + 0.05);
            a.max(b) / a.min(b)
        };
        let dark = Look::dark();
        for total in 1..=10 {
            for category in 0..total {
                let color = shown_color(category, total, &dark);
                for ground in [dark.theme.background, dark.theme.empty] {
                    assert!(contrast(color, ground) >= 3.0, "{category} of {total}");
                }
                let light = Look::default();
                let alone = strong_color(category, total, &light);
                assert!(
                    contrast(alone, light.theme.background) >= 2.3,
                    "{category} of {total}"
                );
            }
        }
    }

    #[test]
    fn two_categories_have_the_sides_of_their_difference() {
        for look in [Look::default(), Look::dark()] {
            let [first, second] = [0, 1].map(|category| shown_color(category, 2, &look));
            assert!(
                first.b > first.r,
                "the first is blue, as above in differences"
            );
            assert!(second.r > second.b);
            assert_eq!((between(0.0, &look), between(1.0, &look)), (first, second));
        }
    }
}
