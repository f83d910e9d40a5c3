//! `tokenizer_config.json` and the older files beside it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};
use tokenizers::AddedToken;

use super::files;
use crate::error::ExtractError;

/// The named special tokens, in the order in which transformers adds them.
pub(super) const NAMED: [&str; 7] = [
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
];

/// What a tokenizer's configuration sets.
#[derive(Default)]
pub(super) struct Settings {
    entries: Map<String, Value>,
    /// Tokens by id, of `added_tokens_decoder` or of the older files.
    pub(super) added: BTreeMap<u32, AddedToken>,
    /// Whether there is a configuration at all.
    pub(super) present: bool,
}

impl Settings {
    /// Reads the files in a tokenizer's folder; `listed` are the added tokens of `tokenizer.json`.
    pub(super) fn read(folder: &Path, listed: Option<&Value>) -> Result<Self, ExtractError> {
        let config = files::json(&folder.join("tokenizer_config.json"))?;
        let present = config.is_some();
        let mut settings = Self {
            entries: object(config),
            added: BTreeMap::new(),
            present,
        };
        let decoder = settings.entries.get("added_tokens_decoder").cloned();
        if let Some(Value::Object(decoder)) = decoder {
            for (id, token) in &decoder {
                if let (Ok(id), Some(token)) = (id.parse(), added_token(token, true)) {
                    settings.added.insert(id, token);
                }
            }
            return Ok(settings);
        }
        let map = files::json(&folder.join("special_tokens_map.json"))?;
        settings.entries.extend(object(map));
        for (content, id) in object(files::json(&folder.join("added_tokens.json"))?) {
            let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
            if let Some(id) = id {
                let special = settings.is_special(&content);
                let token = AddedToken::from(content, special).normalized(!special);
                settings.added.insert(id, token);
            }
        }
        for token in listed.and_then(Value::as_array).into_iter().flatten() {
            let id = token["id"].as_u64().and_then(|id| u32::try_from(id).ok());
            if let (Some(id), Some(token)) = (id, added_token(token, false)) {
                settings.added.insert(id, token);
            }
        }
        Ok(settings)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.entries.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.get(key).and_then(Value::as_bool)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }

    /// The limit in tokens. transformers writes 10^30 for none.
    pub(super) fn model_max_length(&self) -> Option<usize> {
        let tokens = self.get("model_max_length").and_then(Value::as_f64)?;
        let limit = 1 << 24;
        (tokens >= 1.0 && tokens < f64::from(limit)).then_some(tokens as usize)
    }

    /// A special token by its name, with `default` where the configuration has no such entry. An
    /// entry of `null` means that there is none.
    pub(super) fn named(&self, name: &str, default: Option<&str>) -> Option<AddedToken> {
        let token = match self.entries.get(name) {
            None => AddedToken::from(default?, true),
            Some(value) => added_token(value, true)?,
        };
        let known = self
            .added
            .values()
            .find(|known| known.content == token.content);
        let mut token = known.cloned().unwrap_or(token);
        token.special = true;
        Some(token)
    }

    /// Sets a special token where the configuration has no such entry.
    pub(super) fn set_default(&mut self, name: &str, token: Option<&str>) {
        if let Some(token) = token
            && !self.entries.contains_key(name)
        {
            self.entries.insert(name.to_owned(), Value::from(token));
        }
    }

    /// Special tokens without a name among [`NAMED`].
    pub(super) fn unnamed(&self) -> Vec<AddedToken> {
        let own = self.entries.iter().filter(|(key, value)| {
            key.ends_with("_token") && value.is_string() && !NAMED.contains(&key.as_str())
        });
        let mut tokens: Vec<AddedToken> = own
            .filter_map(|(_, value)| added_token(value, true))
            .collect();
        let extra = ["extra_special_tokens", "additional_special_tokens"];
        match extra.iter().find_map(|key| self.get(key)) {
            Some(Value::Array(list)) => {
                tokens.extend(list.iter().filter_map(|t| added_token(t, true)));
            }
            Some(Value::Object(map)) => {
                tokens.extend(map.values().filter_map(|t| added_token(t, true)));
            }
            _ => {}
        }
        tokens
    }

    fn is_special(&self, content: &str) -> bool {
        let named = NAMED.iter().filter_map(|name| self.named(name, None));
        named
            .chain(self.unnamed())
            .any(|token| token.content == content)
    }
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// A token by its content alone or with its properties.
fn added_token(value: &Value, special: bool) -> Option<AddedToken> {
    if let Some(content) = value.as_str() {
        return Some(AddedToken::from(content, special));
    }
    let flag = |key: &str| value[key].as_bool();
    let special = flag("special").unwrap_or(special);
    let token = AddedToken::from(value["content"].as_str()?, special)
        .lstrip(flag("lstrip").unwrap_or(false))
        .rstrip(flag("rstrip").unwrap_or(false))
        .single_word(flag("single_word").unwrap_or(false));
    Some(token.normalized(flag("normalized").unwrap_or(!special)))
}
