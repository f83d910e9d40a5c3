//! The texts as the page holds them: their beginnings, so that the page can be opened.

use std::borrow::Cow;

/// The most bytes of a text: some six thousand Latin letters, more than anyone reads in a panel.
const MAX_TEXT: usize = 6_000;

/// The most bytes of all texts together. Packed they are at most as many, and maps and paths of
/// 100,000 texts in 33 layers take as much again: a page stays below 40 MB.
const MAX_TEXTS: usize = 16 << 20;

/// The bytes after which a page cuts texts: as many as fit; `None` if it holds all of them whole.
#[must_use]
pub fn report_text_limit(texts: &[String]) -> Option<usize> {
    let longest = texts.iter().map(String::len).max().unwrap_or(0);
    let fits = |limit: usize| -> bool {
        let bytes: usize = texts.iter().map(|text| text.len().min(limit)).sum();
        bytes <= MAX_TEXTS
    };
    if longest <= MAX_TEXT && fits(longest) {
        return None;
    }
    // The largest limit that fits.
    let (mut low, mut high) = (0, MAX_TEXT);
    while low < high {
        let middle = (low + high).div_ceil(2);
        match fits(middle) {
            true => low = middle,
            false => high = middle - 1,
        }
    }
    Some(low)
}

/// The texts, of longer ones the beginning and a note on how much is left out.
pub(super) fn shown_texts(texts: &[String]) -> Vec<Cow<'_, str>> {
    let limit = report_text_limit(texts);
    let shown = texts.iter().map(|text| match limit {
        Some(limit) if text.len() > limit => {
            let (start, rest) = text.split_at(text.floor_char_boundary(limit));
            let left_out = rest.chars().count();
            Cow::Owned(format!("{start}… [{left_out} more letters]"))
        }
        _ => Cow::Borrowed(text.as_str()),
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_are_whole_and_long_ones_say_what_is_left_out() {
        let short = ["", "日本語", "a text"].map(str::to_owned);
        assert_eq!(report_text_limit(&short), None);
        assert_eq!(shown_texts(&short), short);
        let long = ["日".repeat(10_000), "b".repeat(6_000)];
        assert_eq!(report_text_limit(&long), Some(6_000));
        let shown = shown_texts(&long);
        assert_eq!(
            shown[0],
            format!("{}… [8000 more letters]", "日".repeat(2_000))
        );
        assert_eq!(shown[1], long[1]);
    }

    #[test]
    fn all_texts_together_are_bounded() {
        // A hundred thousand texts of a thousand letters, and a few short ones that stay whole.
        let mut texts = vec!["x".repeat(1_000); 100_000];
        texts.extend(["short".to_owned(), String::new()]);
        let limit = report_text_limit(&texts).unwrap();
        let bytes: usize = texts.iter().map(|text| text.len().min(limit)).sum();
        assert!(bytes <= MAX_TEXTS && bytes > MAX_TEXTS - texts.len());
        let shown = shown_texts(&texts);
        assert_eq!(shown[100_000], "short");
        assert!(shown[0].ends_with(&format!("… [{} more letters]", 1_000 - limit)));
    }
}
