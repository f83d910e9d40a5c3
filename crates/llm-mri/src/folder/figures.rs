//! `figures/`: every figure as SVG and PNG, and the animation.

use std::path::Path;

use mri_core::Watch;
use rayon::prelude::*;

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

/// Pictures drawn at once. A large one takes 200 MB while it is drawn.
const TOGETHER: usize = 3;

pub(crate) fn write(folder: &Path, scan: &Scan, watch: &dyn Watch) -> Result<(), ScanError> {
    let span = tracing::info_span!("figures").entered();
    // Threads of the pool tell the subscriber of this one.
    let subscriber = tracing::dispatcher::get_default(Clone::clone);
    let out = OutFolder::replacing(&folder.join(FIGURES), is_ours)?;
    let pictures = scan.pictures()?;
    for (i, together) in pictures.chunks(TOGETHER).enumerate() {
        watch.check("pictures", i * TOGETHER, pictures.len())?;
        let draw = |name, picture| {
            for (name, figure) in scan.draw(name, picture)? {
                figure.save(out.path().join(format!("{name}.svg")))?;
                figure.save(out.path().join(format!("{name}.png")))?;
            }
            Ok::<_, ScanError>(())
        };
        together.par_iter().try_for_each(|(name, picture)| {
            tracing::dispatcher::with_default(&subscriber, || span.in_scope(|| draw(name, picture)))
        })?;
    }
    let animation = scan.animation()?;
    animation.save(out.path().join("through-layers.gif"))?;
    out.finish()
}
