//! The prefix that all names of a model's weights share.

use std::collections::{BTreeMap, BTreeSet};

use super::spec::TransformerSpec;

/// What stands before the names of a description in `names`: nothing, the name of the model within
/// its task (`model.`, `bert.`), or that of a wrapper (`module.`, `_orig_mod.`,
/// `base_model.model.`), alone or in a row.
///
/// It is the prefix under which most of the names of the first block and of the embedding are
/// found; of several such prefixes the one that the description names, or else the shortest. `None`
/// if none of the names is found at all.
pub(crate) fn find_prefix<'a>(
    spec: &TransformerSpec,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let stems: Vec<String> = spec
        .weights
        .names
        .iter()
        .map(|(_, stem)| {
            let stem = stem.replace("{}", "0");
            stem.replace("{e}", "0").replace("{h}", "0")
        })
        .collect();
    let mut found: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for name in names {
        for (number, stem) in stems.iter().enumerate() {
            if let Some(prefix) = prefix_of(name, stem) {
                found.entry(prefix).or_default().insert(number);
            }
        }
    }
    let most = found.values().map(BTreeSet::len).max()?;
    let best = found.iter().filter(|(_, stems)| stems.len() == most);
    let preference = |prefix: &str| {
        let known = spec
            .weights
            .prefixes
            .iter()
            .position(|known| *known == prefix);
        (known.unwrap_or(usize::MAX), prefix.len())
    };
    let best = best.min_by_key(|(prefix, _)| preference(prefix));
    best.map(|(prefix, _)| (*prefix).to_owned())
}

/// What stands before `stem` in a name that is `stem`, a dot and one or more parts.
fn prefix_of<'a>(name: &'a str, stem: &str) -> Option<&'a str> {
    let mut rest = name;
    // The parts after the stem: `weight`, `lora_A.weight`.
    while let Some((before, _)) = rest.rsplit_once('.') {
        if let Some(prefix) = before.strip_suffix(stem)
            && (prefix.is_empty() || prefix.ends_with('.'))
        {
            return Some(prefix);
        }
        if before.len() < stem.len() {
            return None;
        }
        rest = before;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_a_name_begins() {
        assert_eq!(prefix_of("a.b.h.0.ln.weight", "h.0.ln"), Some("a.b."));
        assert_eq!(prefix_of("h.0.ln.weight", "h.0.ln"), Some(""));
        assert_eq!(prefix_of("x.h.0.q.lora_A.weight", "h.0.q"), Some("x."));
        assert_eq!(prefix_of("length.0.ln.weight", "h.0.ln"), None);
        assert_eq!(prefix_of("h.0.ln", "h.0.ln"), None);
    }
}
