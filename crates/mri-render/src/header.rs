use crate::Look;
use crate::canvas::{Canvas, TextLook};
use crate::text::wrap_text;

/// The space around every figure, in pixels.
pub(crate) const MARGIN: f64 = 28.0;

/// Title and subtitle at the top of a figure, broken into lines where they are long.
pub(crate) struct Header {
    title: Vec<String>,
    subtitle: Vec<String>,
    /// Where the header ends.
    pub(crate) bottom: f64,
}

impl Header {
    pub(crate) fn new(title: &str, subtitle: &str, width: f64, look: &Look) -> Self {
        let fits = width - 2.0 * MARGIN;
        let title = wrap_text(title, look.scaled(20.0), true, fits, 3);
        let subtitle = wrap_text(subtitle, look.scaled(12.0), false, fits, 4);
        let height =
            look.scaled(26.0) * title.len() as f64 + look.scaled(18.0) * subtitle.len() as f64;
        Self {
            title,
            subtitle,
            bottom: MARGIN * 0.8 + height + look.scaled(10.0),
        }
    }

    pub(crate) fn draw(&self, canvas: &mut Canvas, look: &Look) {
        let mut y = MARGIN * 0.8 + look.scaled(11.0);
        for line in &self.title {
            let style = TextLook::new(look.scaled(20.0), look.theme.text).bold();
            canvas.text(line, (MARGIN, y), style);
            y += look.scaled(26.0);
        }
        for line in &self.subtitle {
            let style = TextLook::new(look.scaled(12.0), look.theme.muted);
            canvas.text(line, (MARGIN, y), style);
            y += look.scaled(18.0);
        }
    }
}
