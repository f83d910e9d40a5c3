//! What Python and JavaScript write that is no JSON: NaN, Infinity, and halves of surrogate pairs.

/// A text that was made JSON.
pub(super) struct Repaired {
    pub(super) text: String,
    /// The halves of surrogate pairs that were replaced by U+FFFD.
    pub(super) n_surrogates: usize,
}

/// Numbers that JSON does not have, for which there is no value.
const NO_NUMBERS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// Repairs a text; `None` if there is nothing to repair.
pub(super) fn repair(text: &str) -> Option<Repaired> {
    let mut out = String::with_capacity(text.len());
    let mut n_surrogates = 0;
    let mut n_numbers = 0;
    let mut rest = text;
    while let Some(at) = rest.find(['"', 'N', 'I', '-']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('"') {
            rest = string(rest, &mut out, &mut n_surrogates);
        } else if let Some(number) = NO_NUMBERS.iter().find(|word| rest.starts_with(**word)) {
            out.push_str("null");
            n_numbers += 1;
            rest = &rest[number.len()..];
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    (n_surrogates + n_numbers > 0).then_some(Repaired {
        text: out,
        n_surrogates,
    })
}

/// Copies the string that `text` starts with, and gives what follows it.
fn string<'a>(text: &'a str, out: &mut String, n_surrogates: &mut usize) -> &'a str {
    out.push('"');
    let mut rest = &text[1..];
    while let Some(at) = rest.find(['"', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(rest) = rest.strip_prefix('"') {
            out.push('"');
            return rest;
        }
        let (copied, replaced) = match code(rest) {
            Some(0xd800..=0xdbff) if matches!(code(&rest[6..]), Some(0xdc00..=0xdfff)) => {
                (12, false)
            }
            Some(0xd800..=0xdfff) => (6, true),
            // Another escape; perhaps the text ends in it.
            _ => {
                let escaped = rest[1..].chars().next().map_or(0, char::len_utf8);
                (1 + escaped, false)
            }
        };
        out.push_str(if replaced { "\\ufffd" } else { &rest[..copied] });
        *n_surrogates += usize::from(replaced);
        rest = &rest[copied..];
    }
    out.push_str(rest);
    ""
}

/// The code of an escape such as `\ud83d` at the start of a text.
fn code(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_json_is_changed() {
        for (text, expected) in [
            (
                r#"{"a": NaN, "b": [-Infinity,Infinity]}"#,
                r#"{"a": null, "b": [null,null]}"#,
            ),
            (
                r#"{"NaN": "NaN -Infinity", "a":NaN}"#,
                r#"{"NaN": "NaN -Infinity", "a":null}"#,
            ),
            (
                r#"{"a": "x\ud83d\ude00y\ud83d"}"#,
                r#"{"a": "x\ud83d\ude00y\ufffd"}"#,
            ),
            (
                r#"{"a": "\ude00\ud83dz\\ud83d"}"#,
                r#"{"a": "\ufffd\ufffdz\\ud83d"}"#,
            ),
            (
                r#"{"a": "\ud83d\ud83d\ude00"}"#,
                r#"{"a": "\ufffd\ud83d\ude00"}"#,
            ),
            (
                r#"{"a": "\"NaN\\", "b": NaN"#,
                r#"{"a": "\"NaN\\", "b": null"#,
            ),
        ] {
            assert_eq!(
                repair(text).map(|it| it.text).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        for sound in [
            r#"{"a": -1, "b": "NaN \\\" é"}"#,
            "",
            "\"",
            "\"\\",
            "\"\\é",
            "-",
            "\"\\ud83",
        ] {
            assert!(repair(sound).is_none(), "{sound}");
        }
        assert_eq!(repair(r#""\ud83d\udc""#).map(|it| it.n_surrogates), Some(1));
    }
}
