//! What pictures cannot show.

use llm_mri::Scan;

use super::progress::say;

/// Says which letters of the labels no font has, so that nobody wonders at what stands in their place.
pub(crate) fn report_missing_glyphs(scan: &Scan) {
    let unknown = scan.undrawable_letters();
    if scan.graph().is_none() || unknown.is_empty() {
        return;
    }
    const MOST: usize = 8;
    let shown: String = unknown.iter().take(MOST).collect();
    let more = if unknown.len() > MOST { "…" } else { "" };
    say(&format!(
        "no font of this system has {shown}{more}: .png and .gif show code points instead; .svg and \
         report.html have the letters, and a font such as Noto Sans puts them into all"
    ));
}
