use mri_render::FigureStyle;
use resvg::usvg::{Group, Node, Options, Rect, Tree};

use crate::data::shaped_figures;

const LONG: [&str; 3] = [
    "Rechtsschutzversicherungsgesellschaften",
    "a very long label that says far more than a label should, really",
    "Право и порядок",
];
const TEN: [&str; 10] = [
    "business",
    "culture",
    "economics",
    "education",
    "environment",
    "food",
    "health",
    "politics & law",
    "sports",
    "Wissenschaft",
];

/// How far two boxes may reach into each other: they are as high as the highest and lowest letter
/// of the font, and most words have neither.
const TOLERANCE: f32 = 2.0;

/// The boxes of all words of a picture, as the renderer of SVG lays them out.
fn boxes(svg: &str) -> Vec<(String, Rect)> {
    let mut options = Options {
        font_family: "Inter".to_owned(),
        ..Options::default()
    };
    for font in [
        &include_bytes!("../../fonts/Inter-Regular.subset.otf")[..],
        &include_bytes!("../../fonts/Inter-Bold.subset.otf")[..],
    ] {
        options.fontdb_mut().load_font_data(font.to_vec());
    }
    let tree = Tree::from_str(svg, &options).unwrap();
    let mut found = Vec::new();
    collect(tree.root(), &mut found);
    found
}

fn collect(group: &Group, found: &mut Vec<(String, Rect)>) {
    for node in group.children() {
        match node {
            Node::Group(group) => collect(group, found),
            Node::Text(text) => {
                let words = text.chunks().iter().map(|chunk| chunk.text()).collect();
                found.push((words, text.abs_bounding_box()));
            }
            _ => {}
        }
    }
}

#[test]
fn words_are_whole_and_none_lies_over_others() {
    let plain = FigureStyle::default();
    for (names, n_layers) in [
        (&LONG[..], 1),
        (&LONG[..], 3),
        (&TEN[..], 1),
        (&TEN[..], 31),
    ] {
        for style in [plain, plain.with_width(900.0), plain.with_font_size(16.0)] {
            for (name, figure) in shaped_figures(names, n_layers, style) {
                let case = format!("{name}, {n_layers} layers, {style:?}");
                let (width, height) = figure.size();
                let words = boxes(figure.svg());
                assert!(words.len() > 3, "{case}");
                for (i, (text, a)) in words.iter().enumerate() {
                    let whole = a.left() >= -TOLERANCE
                        && a.top() >= -TOLERANCE
                        && a.right() <= width as f32 + TOLERANCE
                        && a.bottom() <= height as f32 + TOLERANCE;
                    assert!(whole, "{text:?} is cut in {case}");
                    for (other, b) in &words[..i] {
                        let wide = a.right().min(b.right()) - a.left().max(b.left());
                        let high = a.bottom().min(b.bottom()) - a.top().max(b.top());
                        let apart = wide <= TOLERANCE || high <= TOLERANCE;
                        assert!(apart, "{text:?} lies over {other:?} in {case}");
                    }
                }
            }
        }
    }
}
