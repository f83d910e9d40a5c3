//! Corpora as people have them: what other programs wrote (`golden/wild.py`), and files that were
//! written by hand, saved in a spreadsheet, cut off or half downloaded.

use std::fs;
use std::path::{Path, PathBuf};

use mri_corpus::{Corpus, CorpusError, CorpusFile, CorpusOptions, Format, Quotes, TextSource};
use serde_json::Value as Json;

use crate::common::{open, open_with, pairs, reads, refuses};

fn golden(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/wild");
    folder.join(name)
}

fn options_of(case: &Json) -> CorpusOptions {
    let given = &case["options"];
    let text = |key: &str| given[key].as_str();
    CorpusOptions::default()
        .with_split(text("split").map(str::to_owned))
        .with_drop_missing(given["drop_missing"] == true)
        .with_quotes(text("quotes").map_or(Quotes::Auto, |name| name.parse().unwrap()))
        .with_encoding(text("encoding").map(|name| name.parse().unwrap()))
}

#[test]
fn files_of_other_programs_are_read_as_they_were_written() {
    let cases: Json = serde_json::from_slice(&fs::read(golden("expected.json")).unwrap()).unwrap();
    let mut n_read = 0;
    for case in cases.as_array().unwrap() {
        let name = case["path"].as_str().unwrap();
        let needs_parquet = case["path"].to_string().contains(".parquet")
            || ["clone", "partly", "two", "parts"]
                .iter()
                .any(|part| name.contains(part));
        if needs_parquet && !cfg!(feature = "parquet") {
            println!("skipped {name}: the feature `parquet` is off");
            continue;
        }
        let options = options_of(case);
        let read = Corpus::open(&golden(name), &options);
        let stored = CorpusFile::open(&golden(name), &options);
        if let Some(parts) = case["error"].as_array() {
            let message = read
                .err()
                .unwrap_or_else(|| panic!("{case} passes"))
                .to_string();
            for part in parts {
                let part = part.as_str().unwrap();
                assert!(message.contains(part), "{case}: {message}");
            }
            assert_eq!(stored.unwrap_err().to_string(), message);
            continue;
        }
        let corpus = read.unwrap_or_else(|e| panic!("{case}: {e}"));
        let found = pairs(&corpus);
        let list = |key: &str| case[key].as_array().unwrap().clone();
        let texts: Vec<Json> = found.iter().map(|(text, _)| Json::from(*text)).collect();
        let labels: Vec<Json> = found.iter().map(|(_, label)| Json::from(*label)).collect();
        assert_eq!(texts, list("texts"), "{case}");
        assert_eq!(labels, list("labels"), "{case}");
        let hash = stored.unwrap().for_each(&mut |_| Ok(())).unwrap().hash;
        assert_eq!(hash, corpus.hash(), "{case}");
        n_read += 1;
    }
    assert!(n_read >= 30, "{n_read}");
}

#[test]
fn the_last_line_break_of_a_text_file_and_its_mark_are_no_text() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("a")).unwrap();
    for (name, bytes) in [
        ("1.txt", &b"one\n"[..]),
        ("2.txt", b"two\r\n"),
        ("3.txt", b"three\n\n"),
        ("4.txt", b"\xef\xbb\xbffour"),
        ("5.txt", b"\xff\xfef\0i\0v\0e\0\n\0"),
    ] {
        fs::write(folder.path().join("a").join(name), bytes).unwrap();
    }
    let corpus = Corpus::open(folder.path(), &CorpusOptions::default()).unwrap();
    assert_eq!(corpus.texts(), ["one", "two", "three\n", "four", "five"]);
    assert_eq!(corpus.notes().n_trailing_space, 1);
    fs::write(folder.path().join("a/6.txt"), b"caf\xe9").unwrap();
    let error = Corpus::open(folder.path(), &CorpusOptions::default()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("6.txt, line 1, column 4") && message.contains("0xE9"),
        "{message}"
    );
}

#[test]
fn texts_that_end_in_white_space_are_counted_in_every_format() {
    let corpus = open("c.csv", b"text,label\n\"a\n\",x\nb ,x\nc,y\n").unwrap();
    assert_eq!(corpus.notes().n_trailing_space, 2);
    assert_eq!(corpus.texts(), ["a\n", "b ", "c"]);
    let line = "{\"text\": \"\u{feff}a\\t\", \"label\": \"\u{feff}x\"}";
    let corpus = open("c.jsonl", line.as_bytes()).unwrap();
    assert_eq!(pairs(&corpus), [("a\t", "x")]);
    assert_eq!(corpus.notes().n_trailing_space, 1);
}

#[test]
fn one_label_has_one_name() {
    let corpus = open(
        "c.csv",
        b"text,label\na,spam\nb,spam \nc, spam\nd,Spam\ne,ham\t\n",
    )
    .unwrap();
    assert_eq!(corpus.labels().category_names(), ["spam", "Spam", "ham"]);
    assert_eq!(corpus.labels().category_counts(), [3, 1, 1]);
    assert_eq!(corpus.notes().similar_labels, [["spam", "Spam"]]);
    reads(
        "c.jsonl",
        b"{\"text\":\"a\",\"label\":1}\n{\"text\":\"b\",\"label\":1.0}\n{\"text\":\"c\",\"label\":\"1\"}\n{\"text\":\"d\",\"label\":true}\n{\"text\":\"e\",\"label\":0.50}\n",
        &[("a", "1"), ("b", "1"), ("c", "1"), ("d", "true"), ("e", "0.5")],
    );
    reads(
        "c.csv",
        b"text,label\na,1.0\nb,1\nc,v1.0\n",
        &[("a", "1"), ("b", "1"), ("c", "v1.0")],
    );
}

#[test]
fn what_is_empty_is_called_so() {
    for name in [
        "c.csv",
        "c.tsv",
        "c.jsonl",
        "c.json",
        "c.arrow",
        "c.parquet",
    ] {
        if name == "c.parquet" && !cfg!(feature = "parquet") {
            continue;
        }
        refuses(name, b"", &[&format!("{name} is empty")]);
    }
    for blank in ["\n\n", "\u{feff}", "  \r\n"] {
        refuses("c.csv", blank.as_bytes(), &["c.csv is empty"]);
        refuses("c.json", blank.as_bytes(), &["c.json is empty"]);
    }
    let folder = tempfile::tempdir().unwrap();
    let error = Corpus::open(folder.path(), &CorpusOptions::default()).unwrap_err();
    assert!(error.to_string().ends_with(" is empty"), "{error}");
    refuses("c.csv", b"text,label\n", &["no labeled texts in it"]);
}

#[test]
fn what_is_no_corpus_is_named() {
    refuses("c.xlsx", b"PK\x03\x04", &["spreadsheet"]);
    refuses("c.csv", b"PK\x03\x04....", &["spreadsheet"]);
    refuses("c.csv.bz2", b"BZh9", &["unpack it first"]);
    refuses("c.csv", b"BZh91AY", &["unpack it first"]);
    refuses("c.csv", b"PAR1....", &[".parquet"]);
    refuses("c.arrow.gz", b"\x1f\x8b\x08", &["unpack it first"]);
    refuses("c.sqlite", b"x", &["not a corpus", ".jsonl"]);
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
    for name in ["c.csv", "c.parquet", "data/train-00000-of-00001.parquet"] {
        if cfg!(feature = "parquet") || !name.contains("parquet") {
            refuses(name, pointer, &["git lfs pull"]);
        }
    }
}

/// Any object that is read is read alike, whatever holds it.
#[test]
fn json_is_read_in_every_arrangement() {
    let expected = [("a", "x"), ("b", "y")];
    for text in [
        "[{\"text\": \"a\", \"label\": \"x\"}, {\"label\": \"y\", \"text\": \"b\"}]",
        "[\n  {\n    \"text\": \"a\",\n    \"label\": \"x\"\n  },\n{\"text\": \"b\", \"label\": \"y\"}\n]\n",
        "{\"text\": \"a\",\n \"label\": \"x\"}\n{\"text\": \"b\",\n \"label\": \"y\"}\n",
        "{\"text\": \"a\", \"label\": \"x\"}\n{\"text\": \"b\", \"label\": \"y\"}\n",
        "{\"n\": [1, {}], \"rows\": [{\"text\": \"a\", \"label\": \"x\"}, {\"text\": \"b\", \"label\": \"y\"}]}",
        "{\"text\": {\"0\": \"a\", \"1\": \"b\"}, \"label\": {\"0\": \"x\", \"1\": \"y\"}}",
        "{\"text\": [\"a\", \"b\"], \"label\": [\"x\", \"y\"], \"id\": [NaN, Infinity]}",
        "{\"spans\": [{\"text\": \"n\", \"label\": \"z\"}], \"text\": \"a\", \"label\": \"x\"}\n{\"text\": \"b\", \"label\": \"y\"}",
    ] {
        reads("c.json", text.as_bytes(), &expected);
    }
    for (text, parts) in [
        (
            "[{\"text\": \"a\", \"label\": \"x\"}",
            &["line 1", "cut off"][..],
        ),
        (
            "[{\"text\": \"a\", \"label\": \"x\"},\n{\"text\":",
            &["line 2", "cut off"],
        ),
        ("[1, 2]", &["line 1", "'1'", "object"]),
        (
            "[{\"text\": \"a\", \"label\": \"x\"}] {}",
            &["follows the list"],
        ),
        (
            "{\"rows\": [{\"a\": 1}]}",
            &["no column \"text\"", "\"rows\""],
        ),
        (
            "{\"text\": [\"a\"], \"label\": [\"x\", \"y\"]}",
            &["1 texts and 2 labels"],
        ),
        (
            "{\"text\": [\"a\"], \"label\": \"x\"}",
            &["a list or an object"],
        ),
        (
            "[{\"text\": \"a\", \"label\": \"x\"},\n {\"text\": \"\"}]",
            &["line 2, object 1", "no text"],
        ),
        ("\"text\"", &["not a JSON object"]),
    ] {
        refuses("c.json", text.as_bytes(), parts);
    }
    let split = CorpusOptions::default().with_split("train".to_owned());
    let line = b"{\"text\": \"a\", \"label\": \"x\"}\n";
    let error = open_with("c.json", line, &split).unwrap_err();
    assert!(error.to_string().contains("not divided"), "{error}");
    refuses(
        "c.jsonl",
        b"{\"text\": \"a\",\n\"label\": \"x\"}\n",
        &["line 1", "not a JSON object"],
    );
}

#[test]
fn numbers_and_halves_of_characters_that_json_lacks_are_no_obstacle() {
    let corpus = open(
        "c.jsonl",
        b"{\"text\": \"a\", \"label\": \"x\", \"s\": NaN}\n{\"text\": \"b\\ud83d\", \"label\": \"x\", \"s\": [-Infinity]}\n{\"text\": \"c\\ud83d\\ude00\", \"label\": \"y\", \"s\": \"\\ud83d\"}\n",
    )
    .unwrap();
    assert_eq!(corpus.texts(), ["a", "b\u{fffd}", "c\u{1f600}"]);
    assert_eq!(corpus.notes().n_replaced, 1);
    refuses(
        "c.jsonl",
        b"{\"text\": NaN, \"label\": \"x\"}\n",
        &["line 1", "no text"],
    );
}

/// The frames of `zstd` for "text,label\n", skipped bytes, and "a,x\n".
const FRAMES: [&[u8]; 3] = [
    b"\x28\xb5\x2f\xfd\x20\x0b\x59\x00\x00text,label\n",
    b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc",
    b"\x28\xb5\x2f\xfd\x20\x04\x21\x00\x00a,x\n",
];

#[test]
fn compressed_texts_are_read_whole_or_not_at_all() {
    let whole = FRAMES.concat();
    reads("c.csv.zst", &whole, &[("a", "x")]);
    // The bytes tell, not the name.
    reads("c.csv", &whole, &[("a", "x")]);
    for end in (FRAMES[0].len() + 1)..whole.len() {
        let skipped = end == FRAMES[0].len() + FRAMES[1].len();
        match open("c.csv.zst", &whole[..end]) {
            Ok(_) => panic!("cut at {end}"),
            Err(CorpusError::Empty { .. }) if skipped => {}
            Err(error) => assert!(matches!(error, CorpusError::Io { .. }), "{end}: {error}"),
        }
    }
    // A window of 2 GiB.
    let mut wide = b"\x28\xb5\x2f\xfd\x00\xa8\x59\x00\x00text,label\n".to_vec();
    wide.extend(FRAMES[2]);
    refuses("c.csv.zst", &wide, &["128 MiB", "zstd -d"]);
    let gzip = fs::read(golden("pandas/rows.csv.gz")).unwrap();
    reads(
        "c.csv.gz",
        &gzip,
        &pairs(&Corpus::open(&golden("pandas/rows.csv.gz"), &CorpusOptions::default()).unwrap()),
    );
    for end in [gzip.len() - 1, gzip.len() - 9, gzip.len() / 2] {
        assert!(open("c.csv.gz", &gzip[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_stream_is_read_as_its_format_says() {
    let name = Path::new("standard input");
    let text = &b"text\tlabel\na\tx\nb\ty\nc\tx\n"[..];
    let options = CorpusOptions::default()
        .with_format(Format::Tsv)
        .with_limit(2);
    let corpus = Corpus::from_reader(name, text, &options).unwrap();
    let file = CorpusFile::from_reader(name, text, &options).unwrap();
    let origin = file.for_each(&mut |_| Ok(())).unwrap();
    assert_eq!((corpus.texts().len(), corpus.n_read()), (2, 3));
    assert_eq!(
        (origin.hash, origin.source),
        (corpus.hash(), name.to_owned())
    );
    let options = CorpusOptions::default();
    let error = Corpus::from_reader(name, text, &options).unwrap_err();
    assert!(error.to_string().contains("has to be named"), "{error}");
    if cfg!(feature = "parquet") {
        let bytes = fs::read(golden("polars/brotli.parquet")).unwrap();
        let options = options.with_format(Format::Parquet);
        let corpus = Corpus::from_reader(name, bytes.as_slice(), &options).unwrap();
        assert_eq!(corpus.labels().category_names(), ["b", "a"]);
    }
}
