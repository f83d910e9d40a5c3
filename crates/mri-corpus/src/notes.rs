use std::collections::BTreeMap;

/// What a reader saw in a corpus that is no error, but that its owner may want to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CorpusNotes {
    /// Labeled texts that end in white space: the last token of such a text may be a blank.
    pub n_trailing_space: usize,
    /// Rows of JSON that hold half of a surrogate pair, such as `\ud83d` alone, which is no
    /// character and was replaced by U+FFFD.
    pub n_replaced: usize,
    /// Labels that differ only in case or white space, in groups.
    pub similar_labels: Vec<Vec<String>>,
}

/// The names that differ only in case or white space, in groups by their first.
pub(crate) fn similar(names: &[String]) -> Vec<Vec<String>> {
    let mut groups: BTreeMap<String, (usize, Vec<String>)> = BTreeMap::new();
    for (position, name) in names.iter().enumerate() {
        let key: String = name.split_whitespace().collect();
        let (_, group) = groups
            .entry(key.to_lowercase())
            .or_insert_with(|| (position, Vec::new()));
        group.push(name.clone());
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.retain(|(_, group)| group.len() > 1);
    groups.sort();
    groups.into_iter().map(|(_, group)| group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_or_space_are_grouped() {
        let names = [
            "ham",
            "Spam",
            "New York",
            "spam",
            "eggs",
            "new  york",
            "SPAM",
        ];
        let groups = similar(&names.map(str::to_owned));
        assert_eq!(
            groups,
            [vec!["Spam", "spam", "SPAM"], vec!["New York", "new  york"]]
        );
        assert!(similar(&["a".to_owned(), "b".to_owned()]).is_empty());
    }
}
