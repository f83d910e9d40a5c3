use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{FontResolver, Options, Tree, fontdb};

use crate::error::RenderError;
use crate::font::FAMILY;

/// Rasterizes an SVG with the given fonts. Every character must be covered by the font that its
/// element names: there is no fallback here.
pub(crate) fn rasterize(
    svg: &str,
    fontdb: Arc<fontdb::Database>,
    (width, height): (u32, u32),
    scale: f32,
) -> Result<Pixmap, RenderError> {
    let options = Options {
        font_family: FAMILY.to_owned(),
        fontdb,
        // The SVG already names the font of every character.
        font_resolver: FontResolver {
            select_fallback: Box::new(|_, _, _| None),
            ..FontResolver::default()
        },
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|e| RenderError::Draw(e.to_string()))?;
    let mut pixels = Pixmap::new(width, height).ok_or(RenderError::BadSize {
        width: f64::from(width),
        height: f64::from(height),
    })?;
    let scaled = Transform::from_scale(scale, scale);
    resvg::render(&tree, scaled, &mut pixels.as_mut());
    Ok(pixels)
}
