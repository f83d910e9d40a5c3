use quick_xml::escape::escape;

/// Text for an XML attribute: escaped, and with what XML 1.0 does not allow replaced by U+FFFD.
pub(crate) fn xml(text: &str) -> String {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    let clean: String = text
        .chars()
        .map(|c| if allowed(c) { c } else { '\u{fffd}' })
        .collect();
    // A line break inside an attribute would be read as a space.
    escape(&clean)
        .replace('\n', "&#10;")
        .replace('\r', "&#13;")
        .replace('\t', "&#9;")
}
