use crate::Theme;

/// What all figures have in common: colours, size, letters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Colours of everything that is not data.
    pub theme: Theme,
    /// The width that the figure should have, in pixels; `None` for what suits its content. A figure
    /// that cannot be drawn so narrow is wider.
    pub width: Option<f64>,
    /// The height it should have; `None` for what suits its content and width.
    pub height: Option<f64>,
    /// The size of plain text in pixels; titles and small print scale with it.
    pub font_size: f64,
}

impl Default for Look {
    /// Light, as large as the content wants, letters of 12 pixels.
    fn default() -> Self {
        Self {
            theme: Theme::LIGHT,
            width: None,
            height: None,
            font_size: 12.0,
        }
    }
}

impl Look {
    /// The default in dark colours.
    #[must_use]
    pub fn dark() -> Self {
        Self {
            theme: Theme::DARK,
            ..Self::default()
        }
    }

    /// A length that belongs to letters of 12 pixels, at the letters' size. Sizes out of all reason
    /// are brought into it.
    pub(crate) fn scaled(&self, length: f64) -> f64 {
        length * self.font_size.clamp(4.0, 60.0) / 12.0
    }

    pub(crate) fn is_dark(&self) -> bool {
        self.theme.background.luminance() < 0.179
    }

    /// The wanted width within reason, or what suits.
    pub(crate) fn width_or(&self, suits: f64, least: f64) -> f64 {
        self.width
            .map_or(suits, |w| w.clamp(least, 8_000.0))
            .max(least)
    }
}
