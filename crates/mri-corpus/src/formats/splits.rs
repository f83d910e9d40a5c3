//! The splits of a dataset, as the names of its files tell them.
//!
//! Rules: "Structure your repository" in the documentation of Hugging Face's `datasets`.

use std::path::Path;

/// The words for the usual splits, which stand in names of files and folders.
const WORDS: [(&str, &[&str]); 3] = [
    ("train", &["train", "training"]),
    ("validation", &["validation", "valid", "val", "dev"]),
    ("test", &["test", "testing", "eval", "evaluation"]),
];

/// What the name of a file tells of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileName {
    /// The name without endings and number.
    pub(super) stem: String,
    /// The number of the file and how many there are: `-00002-of-00005`.
    pub(super) shard: Option<(usize, usize)>,
}

impl FileName {
    pub(super) fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stem = name.split('.').next().unwrap_or_default();
        let numbered = stem.match_indices("-of-").find_map(|(at, of)| {
            let (before, number) = stem[..at].rsplit_once('-')?;
            let count = stem[at + of.len()..].split('-').next()?;
            let digits = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
            (digits(number) && digits(count))
                .then(|| Some((before, (number.parse().ok()?, count.parse().ok()?))))?
        });
        Self {
            stem: numbered.map_or(stem, |(before, _)| before).to_owned(),
            shard: numbered.map(|(_, shard)| shard),
        }
    }
}

/// The usual name of a split, if it is one of the usual splits.
pub(super) fn usual_name(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    WORDS
        .iter()
        .find(|(_, words)| words.contains(&word.as_str()))
        .map(|(name, _)| *name)
}

/// The usual split that a name has as a word of its own.
pub(super) fn usual_split(name: &str) -> Option<&'static str> {
    name.split(|c: char| !c.is_alphanumeric())
        .rev()
        .find_map(usual_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_tell_their_split_and_number() {
        for (name, stem, shard, split) in [
            (
                "train-00001-of-00002.parquet",
                "train",
                Some((1, 2)),
                Some("train"),
            ),
            (
                "test-00000-of-00001-0a1b2c.parquet",
                "test",
                Some((0, 1)),
                Some("test"),
            ),
            ("imdb-unsupervised.arrow", "imdb-unsupervised", None, None),
            ("my_dev.csv.gz", "my_dev", None, Some("validation")),
            ("contest.csv", "contest", None, None),
            ("part-0-of-3.csv", "part-0-of-3", None, None),
            ("-of-.csv", "-of-", None, None),
        ] {
            let found = FileName::of(Path::new(name));
            assert_eq!((found.stem.as_str(), found.shard), (stem, shard), "{name}");
            assert_eq!(usual_split(stem), split, "{name}");
        }
    }
}
