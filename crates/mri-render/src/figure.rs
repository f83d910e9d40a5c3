use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::RenderError;
use crate::canvas::{BOLD, FAMILY, REGULAR};

/// A finished picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    svg: String,
    width: u32,
    height: u32,
}

impl Figure {
    pub(crate) fn new(svg: String, width: u32, height: u32) -> Self {
        Self { svg, width, height }
    }

    /// The picture as SVG, with its title and a description in words for those who cannot see it.
    #[must_use]
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// Width and height in pixels at scale 1.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The picture as PNG, `scale` pixels to each pixel of [`Figure::size`]; 2 suits most screens.
    ///
    /// # Errors
    /// [`RenderError::BadSize`] for a scale that is not positive or gives a picture of more than
    /// 20,000 pixels a side; [`RenderError::Draw`] should the SVG not be understood.
    pub fn png(&self, scale: f64) -> Result<Vec<u8>, RenderError> {
        // A square of this side already takes 1.6 GB.
        const LIMIT: f64 = 20_000.0;
        let (width, height) = (
            f64::from(self.width) * scale,
            f64::from(self.height) * scale,
        );
        if !(width >= 1.0 && height >= 1.0 && width <= LIMIT && height <= LIMIT) {
            return Err(RenderError::BadSize { width, height });
        }
        let options = Options {
            font_family: FAMILY.to_owned(),
            fontdb: fonts(),
            ..Options::default()
        };
        let tree =
            Tree::from_str(&self.svg, &options).map_err(|e| RenderError::Draw(e.to_string()))?;
        let mut pixels = Pixmap::new(width.round() as u32, height.round() as u32)
            .ok_or(RenderError::BadSize { width, height })?;
        let scale = scale as f32;
        resvg::render(
            &tree,
            Transform::from_scale(scale, scale),
            &mut pixels.as_mut(),
        );
        pixels
            .encode_png()
            .map_err(|e| RenderError::Draw(e.to_string()))
    }

    /// Saves the picture as its extension says, `.svg` or `.png` (at scale 2): whole or not at all.
    ///
    /// # Errors
    /// [`RenderError::UnknownFormat`], [`RenderError::Io`], or what [`Figure::png`] gives.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), RenderError> {
        let path = path.as_ref();
        let png;
        let bytes = match path.extension().and_then(|e| e.to_str()) {
            Some("svg") => self.svg.as_bytes(),
            Some("png") => {
                png = self.png(2.0)?;
                &png
            }
            _ => {
                return Err(RenderError::UnknownFormat {
                    path: path.to_owned(),
                });
            }
        };
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = path.with_file_name(name);
        let write = || {
            let mut file = fs::File::create(&partial)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&partial, path)
        };
        write().map_err(|source| {
            // What is left of the file is of no use; that it cannot be removed changes nothing.
            let _ = fs::remove_file(&partial);
            RenderError::Io {
                path: path.to_owned(),
                source,
            }
        })
    }
}

/// The embedded font and no other, so that pictures do not depend on the system.
fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    FONTS
        .get_or_init(|| {
            let mut fonts = fontdb::Database::new();
            fonts.load_font_data(REGULAR.to_vec());
            fonts.load_font_data(BOLD.to_vec());
            fonts.set_sans_serif_family(FAMILY);
            Arc::new(fonts)
        })
        .clone()
}
