//! Samples of a corpus.

use std::fs;

use mri_corpus::{Corpus, CorpusError, CorpusOptions};

/// 200 numbered texts: label `a` for the first 150, `b` for 45, `c` for 5.
fn open(options: &CorpusOptions) -> Result<Corpus, CorpusError> {
    open_as("c.jsonl", options)
}

fn open_as(name: &str, options: &CorpusOptions) -> Result<Corpus, CorpusError> {
    let label = |i| match i {
        0..150 => "a",
        150..195 => "b",
        _ => "c",
    };
    let rows: String = match name {
        "c.jsonl" => (0..200)
            .map(|i| format!("{{\"text\": \"{i}\", \"label\": \"{}\"}}\n", label(i)))
            .collect(),
        _ => (0..200).fold("label,text\n".to_owned(), |rows, i| {
            format!("{rows}{},{i}\n", label(i))
        }),
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, rows).unwrap();
    Corpus::open(&path, options)
}

fn numbers(options: &CorpusOptions) -> Vec<usize> {
    let corpus = open(options).unwrap();
    corpus.texts().iter().map(|t| t.parse().unwrap()).collect()
}

fn sample(limit: Option<usize>, per_class: Option<usize>, sample_seed: u64) -> CorpusOptions {
    CorpusOptions::default()
        .with_limit(limit)
        .with_per_class(per_class)
        .with_sample_seed(sample_seed)
}

#[test]
fn a_sample_has_its_size_its_order_and_its_seed() {
    let some = numbers(&sample(Some(60), None, 1));
    assert_eq!(some.len(), 60);
    assert!(some.is_sorted() && some != (0..60).collect::<Vec<_>>());
    assert_eq!(some, numbers(&sample(Some(60), None, 1)));
    assert_ne!(some, numbers(&sample(Some(60), None, 2)));
    let fewer = numbers(&sample(Some(20), None, 1));
    assert!(fewer.iter().all(|n| some.contains(n)));
    assert_eq!(
        numbers(&sample(Some(1000), None, 1)),
        (0..200).collect::<Vec<_>>()
    );
    // What is stored how does not matter.
    let table = open_as("c.csv", &sample(Some(60), None, 1)).unwrap();
    assert_eq!(
        table.hash(),
        open(&sample(Some(60), None, 1)).unwrap().hash()
    );
    assert_eq!(table.n_read(), 200);
}

#[test]
fn per_class_evens_labels_out_and_the_limit_holds_for_the_rest() {
    let corpus = open(&sample(None, Some(10), 3)).unwrap();
    assert_eq!(corpus.labels().category_names(), ["a", "b", "c"]);
    assert_eq!(corpus.labels().category_counts(), [10, 10, 5]);
    let both = open(&sample(Some(12), Some(10), 3)).unwrap();
    assert_eq!(both.texts().len(), 12);
    assert!(both.texts().iter().all(|t| corpus.texts().contains(t)));
    for (options, of_each) in [
        (sample(Some(0), None, 0), false),
        (sample(None, Some(0), 0), true),
    ] {
        let err = open(&options).unwrap_err();
        assert!(
            matches!(err, CorpusError::EmptySample { per_class } if per_class == of_each),
            "{err}"
        );
    }
}

/// Every text has the same chance: over many seeds each is drawn about equally often.
#[test]
fn a_sample_is_fair() {
    let mut drawn = [0_u32; 200];
    let seeds = 1000;
    for seed in 0..seeds {
        for n in numbers(&sample(Some(50), None, seed)) {
            drawn[n] += 1;
        }
    }
    // A count is binomial: mean 250, standard deviation 13.7. The largest of 200 deviations stays
    // below 5 of them but once in ten thousand.
    for (n, count) in drawn.into_iter().enumerate() {
        assert!((182..=318).contains(&count), "text {n}: {count}");
    }
    // The chi-squared statistic over the 200 texts has mean 199 and standard deviation 20, once the
    // counts are divided by the variance of draws without replacement.
    let statistic: f64 = drawn
        .iter()
        .map(|&count| (f64::from(count) - 250.0).powi(2) / (250.0 * 0.75))
        .sum();
    assert!((99.0..=299.0).contains(&statistic), "{statistic}");
}
