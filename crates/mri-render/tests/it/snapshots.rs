use std::path::PathBuf;

use mri_render::FigureStyle;
use resvg::tiny_skia::Pixmap;

use crate::data::{figures, named_figures};

/// Where the pictures lie. `MRI_UPDATE_FIGURES=1 cargo nextest run -p mri-render snapshots` writes
/// them anew: look at them before you commit them.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/figures")
}

fn update() -> bool {
    std::env::var_os("MRI_UPDATE_FIGURES").is_some()
}

/// Those that are small enough to be committed as they are.
const SVG: [&str; 5] = ["category", "significance", "lines", "scree", "graph-one"];
const PNG: [&str; 3] = ["graph-all", "contact", "scatter"];

#[test]
fn small_figures_are_the_committed_ones() {
    for (name, figure) in figures() {
        if !SVG.contains(&name) {
            continue;
        }
        let path = folder().join(format!("{name}.svg"));
        if update() {
            figure.save(&path).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap();
        assert!(
            committed == figure.svg(),
            "{name} is no longer the committed figure; if that is meant, update it (see the folder's use in snapshots.rs)"
        );
    }
}

#[test]
fn pixels_are_nearly_the_committed_ones() {
    // In letters of the embedded font, so that the fonts of the system do not matter.
    for (name, figure) in named_figures(["a<b", "Μουσική", "Право"], FigureStyle::dark())
    {
        if !PNG.contains(&name) {
            continue;
        }
        let path = folder().join(format!("{name}-dark.png"));
        let png = figure.png(0.5).unwrap();
        if update() {
            std::fs::write(&path, &png).unwrap();
        }
        let pixels = Pixmap::decode_png(&png).unwrap();
        let committed = Pixmap::load_png(&path).unwrap();
        assert_eq!(
            (pixels.width(), pixels.height()),
            (committed.width(), committed.height()),
            "{name}"
        );
        let off = pixels.data().iter().zip(committed.data());
        let sum: u64 = off.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        // Another processor may round edges otherwise; a mark that is missing is more than this.
        let mean = sum as f64 / pixels.data().len() as f64;
        assert!(mean < 0.05, "{name}: off by {mean} on average");
    }
}
