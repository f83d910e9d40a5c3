use std::fs;
use std::path::{Path, PathBuf};

use mri_core::{CorpusOrigin, Labels, Shard};
use mri_corpus::{Corpus, CorpusError, CorpusFile, CorpusOptions, ShardError, TextSource};

type Read = (Vec<String>, Labels, CorpusOrigin);

fn read(source: &dyn TextSource) -> Result<Read, CorpusError> {
    let mut texts = Vec::new();
    let origin = source.for_each(&mut |text| {
        texts.push(text.to_owned());
        Ok(())
    })?;
    Ok((texts, Labels::clone(source.labels()), origin))
}

/// What a corpus is, held in memory and left where it is.
fn both(path: &Path, options: &CorpusOptions, shard: Option<Shard>) -> [Result<Read, String>; 2] {
    let held = Corpus::open(path, options).and_then(|corpus| match shard {
        Some(shard) => read(&corpus.shard(shard)?),
        None => read(&corpus),
    });
    let stored = CorpusFile::open(path, options).and_then(|file| match shard {
        Some(shard) => read(&file.shard(shard)?),
        None => read(&file),
    });
    [held, stored].map(|read| read.map_err(|e| e.to_string()))
}

#[test]
fn every_format_gives_the_same_texts_left_where_they_are() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/corpora");
    let mut paths: Vec<PathBuf> = fs::read_dir(golden)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| cfg!(feature = "parquet") || path.extension().unwrap() != "parquet")
        .collect();
    paths.sort();
    assert!(paths.len() > 12);
    let mut compared = 0;
    for path in paths {
        for (limit, per_class, drop_missing, shard) in [
            (None, None, false, None),
            (None, None, true, None),
            (Some(3), None, true, None),
            (Some(4), Some(2), true, None),
            (None, None, true, Shard::new(2, 3)),
            (Some(4), None, true, Shard::new(1, 2)),
            (None, None, true, Shard::new(99, 99)),
        ] {
            let options = CorpusOptions::default()
                .with_limit(limit)
                .with_per_class(per_class)
                .with_drop_missing(drop_missing)
                .with_sample_seed(5)
                .with_split(path.ends_with("parts.hf").then(|| "train".to_owned()));
            let [held, stored] = both(&path, &options, shard);
            assert_eq!(held, stored, "{}, {options:?}, {shard:?}", path.display());
            compared += usize::from(held.is_ok());
        }
    }
    assert!(compared > 50, "{compared} corpora could be read");
}

#[test]
fn a_corpus_that_changes_while_it_is_read_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("corpus.csv");
    let write = |rows: &str| fs::write(&path, format!("text,label\n{rows}")).unwrap();
    let rows = "one,a\ntwo,b\n,\nthree,a\nfour,c\n";
    for (limit, shard) in [(None, None), (Some(3), None), (None, Shard::new(1, 2))] {
        let options = CorpusOptions::default()
            .with_drop_missing(true)
            .with_limit(limit);
        for (other, noticed) in [
            (rows, false),
            ("one,a\ntwo,b\n,\nthree,a\n", true),
            ("one,a\ntwo,b\n,\nthree,a\nfour,c\nfive,a\n", true),
            ("one,b\ntwo,a\n,\nthree,b\nfour,c\n", true),
            ("one,a\ntwo,b\n,\nthree,a\nfour,d\n", true),
            ("one,a\ntwo,b\nthree,a\nfour,c\n", true),
        ] {
            write(rows);
            let mut file = CorpusFile::open(&path, &options).unwrap();
            if let Some(shard) = shard {
                file = file.shard(shard).unwrap();
            }
            write(other);
            let found = read(&file);
            let changed = matches!(&found, Err(CorpusError::Changed { path: p }) if *p == path);
            assert_eq!(changed, noticed, "{other:?}: {found:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn what_can_be_read_only_once_is_refused() {
    let refused = CorpusFile::open(Path::new("/dev/null"), &CorpusOptions::default());
    assert!(refused.unwrap_err().to_string().contains("pipe"));
}

#[test]
fn shards_that_cannot_be_made_are_refused() {
    let pairs = ["one", "two", "three"].into_iter().zip(["a", "b", "c"]);
    let corpus = Corpus::from_pairs(pairs).unwrap();
    let err = corpus.shard("4/4".parse().unwrap()).unwrap_err();
    assert!(matches!(
        err,
        CorpusError::Shard(ShardError::Empty { texts: 3, .. })
    ));
    let part = corpus.shard("1/2".parse().unwrap()).unwrap();
    assert_eq!(
        part.labels().category_names(),
        ["a", "b", "c"],
        "those of the whole"
    );
    let err = part.shard("1/2".parse().unwrap()).unwrap_err();
    assert!(matches!(err, CorpusError::Shard(ShardError::Nested)));
}
