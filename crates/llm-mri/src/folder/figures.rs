//! `figures/`: every figure as SVG and PNG, and the animation.

use std::path::Path;

use mri_core::Watch;

use crate::error::ScanError;
use crate::folder::file_names::FIGURES;
use crate::folder::output::OutFolder;
use crate::scan::Scan;

/// How the names of the files in it begin and end.
const STEMS: [&str; 6] = [
    "heatmaps",
    "contact-sheet",
    "graph",
    "metrics",
    "variance",
    "through-layers",
];
const ENDS: [&str; 3] = ["svg", "png", "gif"];

/// Whether a file in it is one of the stage's.
pub(crate) fn is_ours(name: &str) -> bool {
    // Between the two there may be the name of a category.
    let stem = name.split('.').next().unwrap_or_default();
    let end = name.rsplit('.').next().unwrap_or_default();
    name.contains('.') && STEMS.contains(&stem) && ENDS.contains(&end)
}

pub(crate) fn write(folder: &Path, scan: &Scan, watch: &dyn Watch) -> Result<(), ScanError> {
    let _span = tracing::info_span!("figures").entered();
    let out = OutFolder::replacing(&folder.join(FIGURES), is_ours)?;
    let figures = scan.figures()?;
    for (i, (name, figure)) in figures.iter().enumerate() {
        watch.check("pictures", i, figures.len())?;
        figure.save(out.path().join(format!("{name}.svg")))?;
        figure.save(out.path().join(format!("{name}.png")))?;
    }
    let animation = scan.animation()?;
    animation.save(out.path().join("through-layers.gif"))?;
    out.finish()
}
