use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::block::DataBlock;
use crate::caption::Caption;
use crate::theme::Theme;

const TEMPLATE: &str = include_str!("../../assets/report.html");
const STYLE: &str = include_str!("../../assets/report.css");

/// The files of the script, in order of dependency.
const SCRIPT: [&str; 15] = [
    include_str!("../../assets/decode.js"),
    include_str!("../../assets/scan.js"),
    include_str!("../../assets/state.js"),
    include_str!("../../assets/element.js"),
    include_str!("../../assets/color.js"),
    include_str!("../../assets/plot.js"),
    include_str!("../../assets/controls.js"),
    include_str!("../../assets/strip.js"),
    include_str!("../../assets/points.js"),
    include_str!("../../assets/heatmap.js"),
    include_str!("../../assets/region.js"),
    include_str!("../../assets/graph.js"),
    include_str!("../../assets/search.js"),
    include_str!("../../assets/numbers.js"),
    include_str!("../../assets/main.js"),
];

/// The title of the page.
pub(super) fn title(caption: &Caption) -> String {
    match caption.line(&[]) {
        line if line.is_empty() => "Scan report".to_owned(),
        line => format!("{line} – scan report"),
    }
}

/// Whether a file is a report, by its first bytes.
///
/// ```
/// assert!(!mri_render::is_report(b"<!doctype html><title>Notes</title>"));
/// ```
#[must_use]
pub fn is_report(start: &[u8]) -> bool {
    let text = String::from_utf8_lossy(start);
    let Some((head, _)) = text.split_once("can report</title>") else {
        return false;
    };
    let (before, _) = TEMPLATE.split_once("{{policy}}").unwrap_or((TEMPLATE, ""));
    head.starts_with(before) && head.contains("default-src 'none'; script-src 'sha256-")
}

/// The whole page. Its Content Security Policy allows its own script and style, by hash, and
/// nothing else: no request, image or frame, and no script injected through a text.
pub(super) fn page(title: &str, scan: &DataBlock, texts: &DataBlock) -> String {
    let style = format!(
        "{}@media (prefers-color-scheme: dark) {{ {} }}\n{STYLE}",
        variables(Theme::LIGHT),
        variables(Theme::DARK)
    );
    let script = format!("(() => {{\n\"use strict\";\n{}}})();\n", SCRIPT.concat());
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        source(&script),
        source(&style)
    );
    let values = [
        ("policy", policy),
        ("title", escape(title)),
        ("style", style),
        ("scan", data("scan", scan)),
        ("texts", data("texts", texts)),
        ("script", script),
    ];
    fill(TEMPLATE, &values)
}

/// A data block: a script element of a type that browsers do not run. Base64 has no `<` that could
/// end it.
fn data(id: &str, block: &DataBlock) -> String {
    format!(
        "<script type=\"text/plain\" id=\"data-{id}\" data-bytes=\"{}\" data-hash=\"{:08x}\">{}</script>",
        block.bytes, block.hash, block.base64
    )
}

/// The hash source of an inline script or style in a Content Security Policy.
fn source(content: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(content)))
}

/// The colors of a theme as CSS variables.
fn variables(theme: Theme) -> String {
    format!(
        ":root {{ --background: {}; --text: {}; --muted: {}; --line: {}; --empty: {}; }}\n",
        theme.background.css(),
        theme.text.css(),
        theme.muted.css(),
        theme.line.css(),
        theme.empty.css()
    )
}

/// Escapes text for an HTML element or a quoted attribute.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Not allowed in HTML.
            '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\x7f' => {}
            c => out.push(c),
        }
    }
    out
}

/// The template with each `{{name}}` replaced. Inserted values are not expanded.
fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut pieces = template.split("{{");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or((piece, ""));
        let value = values.iter().find(|(known, _)| *known == name);
        out.push_str(value.map_or("", |(_, value)| value));
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_known_and_no_asset_can_end_its_element() {
        let mut names: Vec<&str> = TEMPLATE
            .split("{{")
            .skip(1)
            .filter_map(|piece| piece.split_once("}}"))
            .map(|(name, _)| name)
            .collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["policy", "scan", "script", "style", "texts", "title"]
        );
        assert!(!STYLE.contains("</"));
        for file in SCRIPT {
            assert!(!file.contains("</script") && !file.contains("<!--"));
            assert!(!file.contains("innerHTML") && !file.contains("insertAdjacentHTML"));
            assert!(!file.contains('\r'), "the hash requires LF line endings");
        }
    }

    #[test]
    fn a_report_is_known_by_its_head() {
        let block = DataBlock {
            bytes: 0,
            hash: 0,
            base64: String::new(),
        };
        for caption in [
            Caption::default(),
            Caption {
                model: "m<n".into(),
                ..Caption::default()
            },
        ] {
            assert!(is_report(page(&title(&caption), &block, &block).as_bytes()));
        }
        for other in ["", "<!doctype html>\n<title>My scan report</title>"] {
            assert!(!is_report(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn inserted_values_are_not_expanded() {
        let values = [("a", "{{b}}".to_owned()), ("b", "x".to_owned())];
        assert_eq!(fill("<{{a}}|{{b}}>", &values), "<{{b}}|x>");
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(
            escape("</title><b a='\"'>\0&"),
            "&lt;/title&gt;&lt;b a=&#39;&quot;&#39;&gt;&amp;"
        );
    }

    #[test]
    fn hash_sources_follow_the_standard() {
        // The example of CSP Level 3, section 6.7.2.
        assert_eq!(
            source("alert('Hello, world.');"),
            "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
        );
    }
}
