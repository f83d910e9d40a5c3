use std::borrow::Cow;
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
    let svg = opacity_of_paint(svg);
    let tree = Tree::from_str(&svg, &options).map_err(|e| RenderError::Draw(e.to_string()))?;
    let mut pixels = Pixmap::new(width, height).ok_or(RenderError::BadSize {
        width: f64::from(width),
        height: f64::from(height),
    })?;
    let scaled = Transform::from_scale(scale, scale);
    resvg::render(&tree, scaled, &mut pixels.as_mut());
    Ok(pixels)
}

/// The same SVG with the opacity of every shape that has only a fill or only a stroke given to its
/// paint.
///
/// `opacity` makes a group of its element: resvg draws it on pixels of its own, which it then lays
/// over the others. A graph has a thousand and more translucent edges, for which that took nine
/// tenths of the time. With one paint `fill-opacity` and `stroke-opacity` give the same picture.
fn opacity_of_paint(svg: &str) -> Cow<'_, str> {
    const OPACITY: &str = " opacity=\"";
    if !svg.contains(OPACITY) {
        return Cow::Borrowed(svg);
    }
    let mut out = String::with_capacity(svg.len() + svg.len() / 16);
    for piece in svg.split_inclusive('>') {
        let (before, tag) = piece.split_at(piece.rfind('<').unwrap_or(0));
        let paint = match (tag.contains("fill=\"none\""), stroked(tag)) {
            (true, _) => " stroke-opacity=\"",
            (false, false) if !tag.starts_with("<text") => " fill-opacity=\"",
            _ => OPACITY,
        };
        out.push_str(before);
        out.push_str(&tag.replacen(OPACITY, paint, 1));
    }
    Cow::Owned(out)
}

/// Whether a shape has a stroke; shapes without the attribute have none.
fn stroked(tag: &str) -> bool {
    tag.contains(" stroke=\"") && !tag.contains(" stroke=\"none\"")
}

#[cfg(test)]
mod tests {
    use resvg::usvg::{Group, Node};

    use super::*;

    const SHAPES: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="60" height="60">
<rect x="0" y="0" width="60" height="60" opacity="1" fill="#F3F4F6" stroke="none"/>
<polyline fill="none" opacity="0.3" stroke="#5790FC" stroke-width="9" points="5,5 50,50 5,50 50,5"/>
<polygon opacity="0.55" fill="#F89C20" points="10,20 55,25 30,58"/>
<circle cx="30" cy="30" r="12" opacity="0.8" fill="#E42536" stroke="none" stroke-width="0"/>
<circle cx="20" cy="40" r="8" opacity="0.5" fill="#E42536" stroke="#000000" stroke-width="4"/>
</svg>"##;

    /// The groups of a tree that are drawn on pixels of their own.
    fn translucent(group: &Group) -> usize {
        let own = usize::from(group.opacity().get() < 1.0);
        let children = group.children().iter().map(|node| match node {
            Node::Group(group) => translucent(group),
            _ => 0,
        });
        own + children.sum::<usize>()
    }

    #[test]
    fn opacity_of_the_paint_is_the_same_picture_with_fewer_groups() {
        let tree = |svg: &str| Tree::from_str(svg, &Options::default()).unwrap();
        let cheap = opacity_of_paint(SHAPES);
        // A circle with fill and stroke has to stay a group, or its stroke would show the fill.
        let groups = [SHAPES, &cheap].map(|svg| translucent(tree(svg).root()));
        assert_eq!(groups, [4, 1]);
        let [slow, fast] = [SHAPES, &cheap].map(|svg| {
            let mut pixels = Pixmap::new(60, 60).unwrap();
            resvg::render(&tree(svg), Transform::identity(), &mut pixels.as_mut());
            pixels
        });
        let differ = slow.data().iter().zip(fast.data());
        let most = differ.map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        // Every translucent shape is rounded to 8 bits once more in a group of its own.
        assert!(most <= 3, "{most} of 255");
    }

    #[test]
    fn texts_and_elements_without_opacity_stay() {
        let text = r#"<svg><text x="1" opacity="0.5" fill="red">a &gt; b</text><g/></svg>"#;
        assert_eq!(opacity_of_paint(text), text);
        assert!(matches!(opacity_of_paint("<svg/>"), Cow::Borrowed(_)));
    }
}
