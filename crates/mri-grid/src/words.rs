use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};
use icu_segmenter::WordSegmenter;
use icu_segmenter::options::WordBreakInvariantOptions;

use crate::cell::Cell;
use crate::grid::Grid;

/// A word that is characteristic of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// The word, in lower case.
    pub word: String,
    /// Its weight by class-based TF-IDF, see [`Grid::words`]; comparable within one grid.
    pub weight: f64,
    /// Occurrences in the texts of the cell.
    pub count: u32,
}

/// Stop words of English and Portuguese.
const STOP_WORDS: &str = include_str!("stop_words.txt");

impl Grid {
    /// The most characteristic words of every occupied cell, by descending weight.
    ///
    /// Class-based TF-IDF (M. Grootendorst, "BERTopic", 2022): with all texts of a cell as one
    /// document, `weight = f(word, cell) / n(cell) * ln(1 + A / f(word))`, where `f` counts
    /// occurrences, `n(cell)` is the number of words of the cell and `A` the mean of `n` over the
    /// occupied cells.
    ///
    /// A word is a run of at least 2 letters in lower case, with the vowel signs and viramas that
    /// belong to them; the marks `'`, `’` and `-` may stand inside it. Chinese, Japanese, Thai,
    /// Lao, Khmer and Burmese, which are written without spaces, are cut into words by dictionary
    /// or model (Unicode Standard Annex 29, by `icu_segmenter`). Stop words of English and
    /// Portuguese are removed before anything is counted. Words of equal weight are in alphabetical
    /// order; at most `top` are kept per cell.
    ///
    /// `texts` are those of the grid's rows; what is beyond the shorter of the two is not counted.
    #[must_use]
    pub fn words<S: AsRef<str>>(&self, texts: &[S], top: usize) -> BTreeMap<Cell, Vec<Word>> {
        let stop: HashSet<&str> = STOP_WORDS.split_whitespace().collect();
        let mut per_cell: BTreeMap<Cell, HashMap<String, u32>> = BTreeMap::new();
        let mut overall: HashMap<String, u32> = HashMap::new();
        for (&cell, text) in self.cells().iter().zip(texts) {
            let counts = per_cell.entry(cell).or_default();
            for word in words_of(text.as_ref()) {
                if !stop.contains(word.as_str()) {
                    *overall.entry(word.clone()).or_default() += 1;
                    *counts.entry(word).or_default() += 1;
                }
            }
        }
        let total: u64 = overall.values().map(|&count| u64::from(count)).sum();
        let mean = total as f64 / per_cell.len().max(1) as f64;
        per_cell
            .into_iter()
            .map(|(cell, counts)| {
                let in_cell: u32 = counts.values().sum();
                let mut words: Vec<Word> = counts
                    .into_iter()
                    .map(|(word, count)| {
                        let rarity = (1.0 + mean / f64::from(overall[&word])).ln();
                        let weight = f64::from(count) / f64::from(in_cell) * rarity;
                        Word {
                            word,
                            weight,
                            count,
                        }
                    })
                    .collect();
                words.sort_by(by_weight);
                words.truncate(top);
                (cell, words)
            })
            .collect()
    }
}

fn by_weight(a: &Word, b: &Word) -> Ordering {
    let heavier = b.weight.total_cmp(&a.weight);
    heavier.then_with(|| a.word.cmp(&b.word))
}

/// Scripts from Thai on may be written without spaces; the letters before it never are.
const FIRST_WITHOUT_SPACES: char = '\u{e00}';

/// The words of a text in lower case, see [`Grid::words`].
fn words_of(text: &str) -> impl Iterator<Item = String> + '_ {
    let marks = CodePointMapData::<GeneralCategory>::new();
    let is_mark = move |c: char| GeneralCategoryGroup::Mark.contains(marks.get(c));
    let belongs = move |c: char| c.is_alphabetic() || joins(c) || is_joiner(c) || is_mark(c);
    text.split(move |c: char| !belongs(c))
        .flat_map(split_by_dictionary)
        .map(|word| {
            let word = word.trim_matches(|c| joins(c) || is_joiner(c));
            word.to_lowercase().replace('’', "'")
        })
        .filter(|word| word.chars().count() >= 2)
}

/// Marks that may stand inside a word.
fn joins(c: char) -> bool {
    matches!(c, '\'' | '’' | '-')
}

/// The invisible joiners that some scripts need inside a word.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// A run of letters, cut into words where its script has no spaces.
fn split_by_dictionary(run: &str) -> Vec<&str> {
    if run
        .chars()
        .all(|c| c < FIRST_WITHOUT_SPACES || joins(c) || is_joiner(c))
    {
        return vec![run];
    }
    let segmenter = WordSegmenter::new_auto(WordBreakInvariantOptions::default());
    let mut words = Vec::new();
    let mut start = 0;
    for end in segmenter.segment_str(run) {
        // The annex separates what a hyphen joins.
        let joined = run[..end].ends_with(joins) || run[end..].starts_with(joins);
        if end > start && (end == run.len() || !joined) {
            words.push(&run[start..end]);
            start = end;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_with_marks_inside() {
        let words: Vec<String> = words_of("It's the 3rd café-bar, 'Órgão' x --a").collect();
        assert_eq!(words, ["it's", "the", "rd", "café-bar", "órgão"]);
    }

    #[test]
    fn scripts_with_marks_and_without_spaces_have_words() {
        for (text, expected) in [
            // A virama and vowel signs belong to their letters: no word is cut at them.
            ("हिन्दी में विज्ञान।", &["हिन्दी", "में", "विज्ञान"][..]),
            ("தமிழ் மொழி", &["தமிழ்", "மொழி"]),
            ("বাংলা ক্ষমতা", &["বাংলা", "ক্ষমতা"]),
            // A non-joiner stands inside a Persian word.
            ("می\u{200c}خواهم", &["می\u{200c}خواهم"]),
            (
                "北京大学的学生喜欢音乐。",
                &["北京", "大学", "学生", "喜欢", "音乐"],
            ),
            ("ภาษาไทยง่าย", &["ภาษา", "ไทย", "ง่าย"]),
            ("Tokyoの音楽はjazz-bar", &["tokyo", "音楽", "jazz-bar"]),
        ] {
            assert_eq!(words_of(text).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn stop_words_are_written_as_words_are_read() {
        for word in STOP_WORDS.split_whitespace() {
            assert_eq!(words_of(word).collect::<Vec<_>>(), [word]);
        }
    }
}
