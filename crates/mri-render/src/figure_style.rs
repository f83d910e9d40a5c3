use crate::theme::Theme;

/// Colors, size and font size of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct FigureStyle {
    /// Colors of everything that is not data.
    pub theme: Theme,
    /// Width in pixels; `None` for a width that fits the content. A figure that cannot be drawn
    /// this narrow is wider.
    pub width: Option<f64>,
    /// Height in pixels; `None` for a height that fits the content and the width.
    pub height: Option<f64>,
    /// Size of plain text in pixels; titles and notes scale with it. Clamped to 4 … 60.
    pub font_size: f64,
}

impl Default for FigureStyle {
    /// Light theme, size by content, text of 12 pixels.
    fn default() -> Self {
        Self {
            theme: Theme::LIGHT,
            width: None,
            height: None,
            font_size: BASE_FONT_SIZE,
        }
    }
}

/// The font size at which the lengths in the drawing code are given, in pixels.
const BASE_FONT_SIZE: f64 = 12.0;

/// Figures are never wider than this, in pixels.
const MAX_WIDTH: f64 = 8_000.0;

impl FigureStyle {
    /// The default style with the dark theme.
    #[must_use]
    pub fn dark() -> Self {
        Self::default().with_theme(Theme::DARK)
    }

    /// Sets the theme.
    #[must_use]
    pub fn with_theme(self, theme: Theme) -> Self {
        Self { theme, ..self }
    }

    /// Sets the width in pixels.
    #[must_use]
    pub fn with_width(self, width: f64) -> Self {
        let width = Some(width);
        Self { width, ..self }
    }

    /// Sets the height in pixels.
    #[must_use]
    pub fn with_height(self, height: f64) -> Self {
        let height = Some(height);
        Self { height, ..self }
    }

    /// Sets the size of plain text in pixels.
    #[must_use]
    pub fn with_font_size(self, font_size: f64) -> Self {
        Self { font_size, ..self }
    }

    /// Scales a length given for text of 12 pixels to the font size.
    pub(crate) fn scaled(&self, length: f64) -> f64 {
        length * self.font_size.clamp(4.0, 60.0) / BASE_FONT_SIZE
    }

    pub(crate) fn is_dark(&self) -> bool {
        self.theme.background.luminance() < 0.179
    }

    /// The width of the style, or `default` without one; at least `min`.
    pub(crate) fn width_or(&self, default: f64, min: f64) -> f64 {
        self.width
            .map_or(default, |width| width.clamp(min, MAX_WIDTH))
            .max(min)
    }
}
