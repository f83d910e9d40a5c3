//! How much longer a tokenizer's normalizer can make a text.

use serde_json::Value;

/// The most that a normalizer may multiply the length of a text by. Those in use replace letters
/// one by one; a few replacements that each double a text grow it beyond any memory.
const MAX_GROWTH: f64 = 256.0;

/// Refuses a `tokenizer.json` whose normalizer grows texts without bound, with the factor.
pub(crate) fn check_growth(tokenizer: &[u8]) -> Result<(), u64> {
    let json: Value = serde_json::from_slice(tokenizer).unwrap_or_default();
    match growth(&json["normalizer"]) {
        growth if growth > MAX_GROWTH => Err(growth as u64),
        _ => Ok(()),
    }
}

/// The factor of a normalizer: the product of those of its replacements, all else left out.
fn growth(normalizer: &Value) -> f64 {
    let length = |value: &Value| value.as_str().map_or(0, str::len) as f64;
    match normalizer["type"].as_str() {
        Some("Sequence") => {
            let steps = normalizer["normalizers"].as_array();
            steps.into_iter().flatten().map(growth).product()
        }
        Some("Replace") => {
            let (pattern, content) = (&normalizer["pattern"], length(&normalizer["content"]));
            match pattern["String"].as_str() {
                Some(pattern) => (content / pattern.len().max(1) as f64).max(1.0),
                // An expression may match every letter, and between them.
                None => 1.0 + content,
            }
        }
        Some("Prepend") => 1.0 + length(&normalizer["prepend"]),
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalizer(steps: &str) -> Vec<u8> {
        format!(r#"{{"normalizer": {{"type": "Sequence", "normalizers": [{steps}]}}}}"#).into()
    }

    #[test]
    fn usual_normalizers_pass_and_growing_ones_do_not() {
        // Those of T5, Llama and XLM-R.
        let usual = r#"{"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
            {"type": "Precompiled", "precompiled_charsmap": ""},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}"#;
        assert_eq!(check_growth(&normalizer(usual)), Ok(()));
        assert_eq!(check_growth(br#"{"normalizer": null}"#), Ok(()));
        let doubling = r#"{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}"#;
        assert_eq!(check_growth(&normalizer(&[doubling; 8].join(","))), Ok(()));
        assert_eq!(
            check_growth(&normalizer(&[doubling; 9].join(","))),
            Err(512)
        );
        let long = format!(
            r#"{{"type": "Replace", "pattern": {{"Regex": "."}}, "content": "{}"}}"#,
            "x".repeat(300)
        );
        assert_eq!(check_growth(&normalizer(&long)), Err(301));
    }
}
