//! `figures/`: every figure as SVG and PNG, and the animation.

use std::path::Path;

use mri_core::Watch;

use crate::error::ScanError;
use crate::folder::output::OutFolder;
use crate::scan::Scan;

pub(crate) fn write(folder: &Path, scan: &Scan, watch: &dyn Watch) -> Result<(), ScanError> {
    let _span = tracing::info_span!("figures").entered();
    let out = OutFolder::create(&folder.join("figures"), true)?;
    let figures = scan.figures()?;
    for (i, (name, figure)) in figures.iter().enumerate() {
        // Writing figures is short: a watch that asks to stop is obeyed by the next stage.
        let _ = watch.check("pictures", i, figures.len());
        figure.save(out.path().join(format!("{name}.svg")))?;
        figure.save(out.path().join(format!("{name}.png")))?;
    }
    let animation = scan.animation()?;
    animation.save(out.path().join("through-layers.gif"))?;
    out.finish()
}
