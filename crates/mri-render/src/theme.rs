use crate::color::Color;

/// The colors of everything in a figure that is not data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Background of the figure.
    pub background: Color,
    /// Titles and values.
    pub text: Color,
    /// Subtitles, axis names, notes.
    pub muted: Color,
    /// Frames and separators.
    pub line: Color,
    /// Empty cells, and the band behind every second layer of a graph.
    pub empty: Color,
}

impl Theme {
    /// Dark on white, for paper.
    pub const LIGHT: Self = Self {
        background: Color::WHITE,
        text: Color::hex(0x1b_1f24),
        muted: Color::hex(0x5b_6470),
        line: Color::hex(0xc9_ced6),
        empty: Color::hex(0xf3_f4f6),
    };
    /// Light on near-black, for screens.
    pub const DARK: Self = Self {
        background: Color::hex(0x14_171c),
        text: Color::hex(0xee_f0f3),
        muted: Color::hex(0xa3_acb8),
        line: Color::hex(0x3d_444f),
        empty: Color::hex(0x1e_2229),
    };
}

impl Default for Theme {
    fn default() -> Self {
        Self::LIGHT
    }
}
