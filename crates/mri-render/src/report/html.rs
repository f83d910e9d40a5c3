use std::path::Path;

use super::block::text_block;
use super::data::Report;
use super::page::{page, title};
use super::scan_block::scan_block;
use super::shown_texts::shown_texts;
use crate::error::RenderError;
use crate::save::save_bytes;

impl Report<'_> {
    /// The HTML page. The same input gives the same bytes.
    ///
    /// Of long texts the page has the beginning only ([`report_text_limit`]), and says so.
    ///
    /// [`report_text_limit`]: crate::report_text_limit
    ///
    /// Coordinates are quantized to 16 bits over the range of their axis; counts, cells and p
    /// values are exact.
    ///
    /// # Errors
    /// [`RenderError::Mismatch`] if the parts are not of the same texts, layers and categories.
    pub fn html(&self) -> Result<String, RenderError> {
        let scan = scan_block(self)?;
        let texts = text_block(&shown_texts(self.texts));
        Ok(page(&title(&self.caption), &scan, &texts))
    }

    /// Writes the HTML page to a file, atomically.
    ///
    /// # Errors
    /// [`RenderError::Io`], and those of [`Report::html`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), RenderError> {
        save_bytes(path.as_ref(), self.html()?.as_bytes())
    }
}
