//! Characters that figures cannot show.

use llm_mri::Scan;

use super::progress::say;

/// Names the characters of labels for which no font is installed, and what is drawn instead.
pub(crate) fn report_missing_glyphs(scan: &Scan) {
    let unknown = scan.undrawable_letters();
    if scan.graph().is_none() || unknown.is_empty() {
        return;
    }
    const LISTED: usize = 8;
    let shown: String = unknown.iter().take(LISTED).collect();
    let more = if unknown.len() > LISTED { "…" } else { "" };
    say(&format!(
        "no installed font has {shown}{more}: .png and .gif show code points instead, .svg and \
         report.html contain the characters; installing a font such as Noto Sans helps"
    ));
}
