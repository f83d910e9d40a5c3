//! The checksum of the manifest itself.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use twox_hash::XxHash3_128;

use crate::sum::hex;

/// The entry of the manifest that holds it.
pub(crate) const ENTRY: &str = "checksum";

/// What an entry of the manifest is when it is absent, for the hash.
const ABSENT: u8 = b'-';

/// A checksum over some entries of a manifest: those that the program wrote that computed it.
/// Entries that other programs add later are none of its business.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Seal {
    /// The names of the entries, ascending.
    entries: Vec<String>,
    /// The XXH3-128 of their names and values.
    xxh3: String,
}

impl Seal {
    /// The checksum over these entries of a manifest.
    pub(crate) fn over(entries: Vec<String>, manifest: &Map<String, Value>) -> Self {
        let mut hash = XxHash3_128::new();
        for name in &entries {
            push_text(&mut hash, name);
            match manifest.get(name) {
                Some(value) => push(&mut hash, value),
                None => hash.write(&[ABSENT]),
            }
        }
        let xxh3 = hex(hash.finish_128());
        Self { entries, xxh3 }
    }

    /// Whether the entries are those that it was computed of.
    pub(crate) fn holds(&self, manifest: &Map<String, Value>) -> bool {
        Self::over(self.entries.clone(), manifest).xxh3 == self.xxh3
    }
}

/// The entries of a manifest as they are read from its text: its numbers may differ in their last
/// bit from those that were written.
pub(crate) fn entries(text: &[u8]) -> io::Result<Map<String, Value>> {
    Ok(serde_json::from_slice(text)?)
}

/// Adds a value so that no two different ones add the same bytes, whatever the order of keys and
/// the white space in the file.
fn push(hash: &mut XxHash3_128, value: &Value) {
    match value {
        Value::Null => hash.write(b"n"),
        Value::Bool(false) => hash.write(b"f"),
        Value::Bool(true) => hash.write(b"t"),
        Value::Number(number) => {
            hash.write(b"#");
            push_text(hash, &number.to_string());
        }
        Value::String(text) => {
            hash.write(b"s");
            push_text(hash, text);
        }
        Value::Array(values) => {
            hash.write(b"[");
            push_length(hash, values.len());
            values.iter().for_each(|value| push(hash, value));
        }
        Value::Object(map) => {
            hash.write(b"{");
            push_length(hash, map.len());
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_unstable_by_key(|&(name, _)| name);
            for (name, value) in pairs {
                push_text(hash, name);
                push(hash, value);
            }
        }
    }
}

fn push_text(hash: &mut XxHash3_128, text: &str) {
    push_length(hash, text.len());
    hash.write(text.as_bytes());
}

fn push_length(hash: &mut XxHash3_128, length: usize) {
    hash.write(&(length as u64).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn seal(value: &Value) -> Seal {
        let map = value.as_object().unwrap();
        Seal::over(map.keys().cloned().collect(), map)
    }

    #[test]
    fn order_and_white_space_do_not_count_and_everything_else_does() {
        let text = br#"{"a": [1, 2.5, null, "x"], "b": {"c": true, "d": "1"}, "e": {}}"#;
        let sealed = seal(&Value::Object(entries(text).unwrap()));
        let other = br#"{"e":{},"b":{"d":"1","c":true},"new":1,"a":[1,2.5,null,"x"]}"#;
        assert!(sealed.holds(&entries(other).unwrap()));
        for changed in [
            json!({"a": [1, 2.5, null, "y"], "b": {"c": true, "d": "1"}, "e": {}}),
            json!({"a": [1, 2.5, null, "x"], "b": {"c": true, "d": 1}, "e": {}}),
            json!({"a": [1, 2.5, "x"], "b": {"c": true, "d": "1"}, "e": {}}),
            json!({"a": [1, 2.5, null, "x"], "b": {"c": false, "d": "1"}, "e": {}}),
            json!({"a": [1, 2.5, null, "x"], "b": {"c": true, "d": "1"}, "e": []}),
            json!({"a": [1, 2.5, null, "x"], "b": {"c": true, "d": "1"}}),
            json!({"a": [1, 2.5, null, "x"], "B": {"c": true, "d": "1"}, "e": {}}),
        ] {
            assert!(!sealed.holds(changed.as_object().unwrap()), "{changed}");
        }
    }
}
