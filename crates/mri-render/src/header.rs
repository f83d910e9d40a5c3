use crate::canvas::{Canvas, TextStyle};
use crate::figure_style::FigureStyle;
use crate::text::wrap_text;

/// The margin around every figure, in pixels.
pub(crate) const MARGIN: f64 = 28.0;

/// Font sizes and line heights of title and subtitle, for text of 12 pixels.
const TITLE: (f64, f64) = (20.0, 26.0);
const SUBTITLE: (f64, f64) = (12.0, 18.0);

/// Title and subtitle at the top of a figure, wrapped to its width.
pub(crate) struct Header {
    title: Vec<String>,
    subtitle: Vec<String>,
    /// The y at which the header ends.
    pub(crate) bottom: f64,
}

impl Header {
    pub(crate) fn new(title: &str, subtitle: &str, width: f64, style: &FigureStyle) -> Self {
        let fits = width - 2.0 * MARGIN;
        let title = wrap_text(title, style.scaled(TITLE.0), true, fits, 3);
        let subtitle = wrap_text(subtitle, style.scaled(SUBTITLE.0), false, fits, 4);
        let height = style.scaled(TITLE.1) * title.len() as f64
            + style.scaled(SUBTITLE.1) * subtitle.len() as f64;
        Self {
            title,
            subtitle,
            bottom: MARGIN * 0.8 + height + style.scaled(10.0),
        }
    }

    pub(crate) fn draw(&self, canvas: &mut Canvas, style: &FigureStyle) {
        let top = MARGIN * 0.8 + style.scaled(11.0);
        let text = TextStyle::new(style.scaled(TITLE.0), style.theme.text).bold();
        let y = canvas.lines(&self.title, (MARGIN, top), style.scaled(TITLE.1), text);
        let text = TextStyle::new(style.scaled(SUBTITLE.0), style.theme.muted);
        let line = style.scaled(SUBTITLE.1);
        canvas.lines(&self.subtitle, (MARGIN, y), line, text);
    }
}
