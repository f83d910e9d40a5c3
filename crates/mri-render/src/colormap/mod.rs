mod tables;

use crate::color::Color;

/// A continuous map from 0 … 1 to colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Colormap {
    /// Light to dark blue, for counts (ColorBrewer).
    Blues,
    /// Blue over gray to red, diverging (Moreland 2009).
    Coolwarm,
    /// Dark blue to yellow, perceptually uniform (van der Walt and Smith 2015).
    Viridis,
    /// Yellow over dark to blue, diverging, for dark backgrounds (Crameri).
    Managua,
}

impl Colormap {
    /// The color at `t`; values outside 0 … 1 are clamped, NaN counts as 0.
    #[must_use]
    pub fn at(self, t: f64) -> Color {
        let stops = match self {
            Self::Blues => &tables::BLUES,
            Self::Coolwarm => &tables::COOLWARM,
            Self::Viridis => &tables::VIRIDIS,
            Self::Managua => &tables::MANAGUA,
        };
        let position = t.clamp(0.0, 1.0).max(0.0) * (stops.len() - 1) as f64;
        let below = (position as usize).min(stops.len() - 2);
        let fraction = position - below as f64;
        let channel = |c: usize| {
            let (a, b) = (stops[below][c], stops[below + 1][c]);
            (a + (b - a) * fraction).round() as u8
        };
        Color {
            r: channel(0),
            g: channel(1),
            b: channel(2),
        }
    }
}

/// The sequences of 6 and 10 of Petroff, "Accessible color sequences for data visualization"
/// (2021).
const PETROFF_6: [u32; 6] = [
    0x57_90fc, 0xf8_9c20, 0xe4_2536, 0x96_4a8b, 0x9c_9ca1, 0x7a_21dd,
];
const PETROFF_10: [u32; 10] = [
    0x3f_90da, 0xff_a90e, 0xbd_1f01, 0x94_a4a2, 0x83_2db6, 0xa9_6b59, 0xe7_6300, 0xb9_ac70,
    0x71_7581, 0x92_dadd,
];

/// The color of category `index` among `total`: Petroff's sequence of 6 for up to 6 categories,
/// else that of 10. Beyond ten categories colors repeat.
#[must_use]
pub fn category_color(index: usize, total: usize) -> Color {
    if total <= PETROFF_6.len() {
        Color::hex(PETROFF_6[index % PETROFF_6.len()])
    } else {
        Color::hex(PETROFF_10[index % PETROFF_10.len()])
    }
}
