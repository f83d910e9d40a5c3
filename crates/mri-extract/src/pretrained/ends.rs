//! The tokens that are put before and after a text.

use serde_json::{Value, json};
use tokenizers::{PostProcessorWrapper, Tokenizer};

use super::class::{Class, adds_ends};
use super::settings::Settings;

/// Sets the post-processor of a `tokenizer.json`.
pub(super) fn set(tokenizer: &mut Tokenizer, saved: Value) -> Result<(), String> {
    if saved.is_null() {
        return Ok(());
    }
    let saved: PostProcessorWrapper = serde_json::from_value(saved).map_err(|e| e.to_string())?;
    tokenizer.with_post_processor(Some(saved));
    Ok(())
}

/// Replaces the post-processor where the class or the configuration does. `saved` says whether
/// there is a `tokenizer.json`, whose post-processor then stands for `add_bos_token` and
/// `add_eos_token`.
pub(super) fn finish(
    tokenizer: &mut Tokenizer,
    class: Class,
    settings: &Settings,
    saved: bool,
) -> Result<(), String> {
    let content = |name: &str| {
        let token = settings.named(name, class.default_token(name));
        token.map(|token| token.content)
    };
    let pair = |name: &str, tokenizer: &Tokenizer| {
        let content = content(name)?;
        let id = tokenizer.token_to_id(&content)?;
        Some((content, id))
    };
    match class {
        Class::Bert => {
            let ends = (pair("cls_token", tokenizer), pair("sep_token", tokenizer));
            return set(tokenizer, template(ends.0, ends.1));
        }
        Class::MpNet | Class::Roberta => {
            let (cls, sep) = (pair("cls_token", tokenizer), pair("sep_token", tokenizer));
            let processor = json!({
                "type": "RobertaProcessing",
                "sep": sep,
                "cls": cls,
                "trim_offsets": true,
                "add_prefix_space": class == Class::Roberta
                    && settings.flag("add_prefix_space").unwrap_or(false),
            });
            return set(tokenizer, processor);
        }
        Class::T5 => {
            let eos = pair("eos_token", tokenizer);
            return set(tokenizer, template(None, eos));
        }
        Class::XlmRoberta => {
            let ends = (pair("bos_token", tokenizer), pair("eos_token", tokenizer));
            return set(tokenizer, template(ends.0, ends.1));
        }
        _ => {}
    }
    let wanted = |key: &str| settings.flag(key).unwrap_or(false);
    let declared = settings.text("tokenizer_class").unwrap_or_default();
    let bos = pair("bos_token", tokenizer).filter(|_| wanted("add_bos_token"));
    let eos = pair("eos_token", tokenizer).filter(|_| wanted("add_eos_token"));
    if !saved || class == Class::GptNeoX {
        return set(tokenizer, template(bos, eos));
    }
    if !adds_ends(declared) || (bos.is_none() && eos.is_none()) {
        return Ok(());
    }
    // What the file adds already is kept.
    let alone = tokenizer.encode("", true).map_err(|e| e.to_string())?;
    let ids = alone.get_ids();
    let has = |end: &Option<(String, u32)>| end.as_ref().is_none_or(|(_, id)| ids.contains(id));
    if has(&bos) && has(&eos) {
        return Ok(());
    }
    let kept = |name: &str| pair(name, tokenizer).filter(|(_, id)| ids.contains(id));
    let ends = (
        bos.or_else(|| kept("bos_token")),
        eos.or_else(|| kept("eos_token")),
    );
    set(tokenizer, template(ends.0, ends.1))
}

/// A template of a text between two tokens.
fn template(first: Option<(String, u32)>, last: Option<(String, u32)>) -> Value {
    let special = |end: &Option<(String, u32)>| {
        let token = end.as_ref().map(|(token, _)| token);
        token.map(|token| json!({"SpecialToken": {"id": token, "type_id": 0}}))
    };
    let sequence = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
    let single: Vec<Value> = special(&first)
        .into_iter()
        .chain([sequence("A")])
        .chain(special(&last))
        .collect();
    let mut pair = single.clone();
    pair.push(sequence("B"));
    let tokens = [&first, &last].into_iter().flatten();
    let tokens: serde_json::Map<String, Value> = tokens
        .map(|(token, id)| {
            let entry = json!({"id": token, "ids": [id], "tokens": [token]});
            (token.clone(), entry)
        })
        .collect();
    json!({"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": tokens})
}
