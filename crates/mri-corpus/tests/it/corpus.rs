use std::fs;
use std::path::Path;

use mri_corpus::{ColumnProblem, ColumnRole, Corpus, CorpusError, CorpusOptions, RowProblem};

/// Reads `content` as a file of this name.
fn open(name: &str, content: &[u8]) -> Result<Corpus, CorpusError> {
    open_with(name, content, &CorpusOptions::default())
}

fn open_with(name: &str, content: &[u8], options: &CorpusOptions) -> Result<Corpus, CorpusError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    Corpus::open(&path, options)
}

fn message(name: &str, content: &[u8]) -> String {
    open(name, content).unwrap_err().to_string()
}

/// A table whose columns are `content` and `label` is told from one with texts.
fn no_text_column(name: &str, content: &[u8]) {
    let err = open(name, content).unwrap_err();
    let m = err.to_string();
    assert!(
        m.contains("\"text\"") && m.contains("\"content\", \"label\""),
        "{m}"
    );
    let CorpusError::Column { role, problem, .. } = err else {
        panic!("{m}");
    };
    assert!(role == ColumnRole::Text && matches!(problem, ColumnProblem::Missing { .. }));
}

#[test]
fn a_table_keeps_its_order_and_numbers_labels_as_first_seen() {
    let corpus = open(
        "c.csv",
        b"id,label,text\n1,law,\"one, two\"\n2,art,\"a \"\"b\"\"\nc\"\n3,law,x\n",
    )
    .unwrap();
    assert_eq!(corpus.texts(), ["one, two", "a \"b\"\nc", "x"]);
    assert_eq!(corpus.labels().category_names(), ["law", "art"]);
    assert_eq!(corpus.labels().row_categories(), [0, 1, 0]);
}

#[test]
fn tabs_and_a_byte_order_mark_are_understood() {
    let corpus = open(
        "c.tsv",
        b"\xef\xbb\xbftext\tlabel\nHello, world\ta\nBye\tb\n",
    )
    .unwrap();
    assert_eq!(corpus.texts(), ["Hello, world", "Bye"]);
}

#[test]
fn a_folder_per_label_is_read_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("b/2.txt", "b two"),
        ("b/1.txt", "b one"),
        ("a/x.TXT", "a x"),
        ("a/notes.md", "no"),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let corpus = Corpus::open(folder.path(), &CorpusOptions::default()).unwrap();
    assert_eq!(corpus.texts(), ["a x", "b one", "b two"]);
    assert_eq!(corpus.labels().category_names(), ["a", "b"]);
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    // Whatever ends a line, and whether or not empty lines come before.
    for (table, line) in [
        ("text,label\r\nx,a\r\n   ,b\r\n", 3),
        ("text,label\r\nx,a\r\nx,a,z\r\n", 3),
        ("text,label\r\n\r\n\r\nx,a\r\n\r\n,b\r\n", 6),
        ("text,label\nx,a\n\n\n,b\n", 5),
        ("text,label\r\n\"two\r\nlines\",a\r\n,b", 4),
    ] {
        let m = message("c.csv", table.as_bytes());
        assert!(m.contains(&format!("line {line}:")), "{table:?}: {m}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    no_text_column("c.csv", b"content,label\nx,a\n");
    let m = message("c.csv", b"text,label\nx,a\n   ,b\n");
    assert!(m.contains("line 3") && m.contains("no text"), "{m}");
    let err = open("c.csv", b"text,label\nx,a\ny,\n").unwrap_err();
    let missing = RowProblem::Missing(ColumnRole::Label);
    assert!(matches!(&err, CorpusError::Row { problem, .. } if *problem == missing));
    let m = err.to_string();
    assert!(m.contains("line 3") && m.contains("no label"), "{m}");
    let m = message("c.csv", b"text,label\nx,a\n\xff\xfe,b\n");
    assert!(m.contains("line 3") && m.contains("UTF-8"), "{m}");
    let m = message("c.csv", b"text,label\nx,a,z\n");
    assert!(m.contains("line 2") && m.contains("3 fields"), "{m}");
    assert!(message("c.csv", b"text,label\n").contains("no labeled texts"));
    assert!(message("c.csv", b"").ends_with("c.csv is empty"));
    assert!(message("c.doc", b"x").contains(".csv or .tsv"));
    let missing = Corpus::open(Path::new("no/such.csv"), &CorpusOptions::default());
    assert!(matches!(missing, Err(CorpusError::Io { .. })));
    let one = open("c.csv", b"text,label\nx,a\ny,a\n").unwrap();
    assert!(
        one.require_two_categories()
            .unwrap_err()
            .to_string()
            .contains("\"a\"")
    );
}

#[test]
fn json_lines_are_objects_with_any_order_of_keys() {
    let corpus = open(
        "c.jsonl",
        "\u{feff}{\"label\": 1, \"text\": \"a\\nb\"}\r\n\n{\"text\": \"é\", \"label\": true, \"x\": [1]}".as_bytes(),
    )
    .unwrap();
    assert_eq!(corpus.texts(), ["a\nb", "é"]);
    assert_eq!(corpus.labels().category_names(), ["1", "true"]);
}

#[test]
fn what_is_wrong_in_json_lines_is_named_with_its_line() {
    no_text_column("c.jsonl", b"{\"content\": \"x\", \"label\": \"a\"}\n");
    let full = "{\"text\": \"x\", \"label\": \"a\"}\n";
    for (line, found) in [
        ("{\"label\": \"a\"}", "no text"),
        ("{\"text\": null, \"label\": \"a\"}", "no text"),
        ("{\"text\": \"x\", \"label\": \" \"}", "no label"),
        ("{\"text\": [1], \"label\": \"a\"}", "a list or an object"),
        ("[1]", "not a JSON object"),
        ("{\"text\": \"x\"", "not a JSON object"),
    ] {
        let m = message("c.jsonl", format!("{full}{line}\n{full}").as_bytes());
        assert!(m.contains("line 2") && m.contains(found), "{line}: {m}");
        // The first line tells as much, though what others hold is not known yet.
        let m = message("c.jsonl", format!("{line}\n{full}").as_bytes());
        assert!(m.contains("line 1") && m.contains(found), "{line}: {m}");
    }
    let m = message(
        "c.jsonl",
        b"{\"text\": \"x\", \"label\": \"a\"}\n{\"text\": \"\xff\"}\n",
    );
    assert!(m.contains("line 2") && m.contains("UTF-8"), "{m}");
    assert!(message("c.jsonl", b"").ends_with("c.jsonl is empty"));
}

#[test]
fn missing_rows_are_dropped_only_when_asked_and_counted() {
    let options = CorpusOptions::default().with_drop_missing(true);
    let corpus = open_with("c.csv", b"text,label\nx,a\n ,a\ny,\nz,b\n", &options).unwrap();
    assert_eq!((corpus.texts().len(), corpus.n_dropped()), (2, 2));
}

#[test]
fn the_hash_is_that_of_the_texts_and_not_of_the_file() {
    let a = open("c.csv", b"text,label\nx,a\ny,b\n").unwrap();
    let b = open("c.tsv", b"label\tother\ttext\na\t1\tx\nb\t2\ty\n").unwrap();
    assert_eq!(a.hash(), b.hash());
    let c = open("c.csv", b"text,label\nxy,a\n,b\n");
    assert!(c.is_err());
    for other in [
        &b"text,label\nx,b\ny,a\n"[..],
        b"text,label\ny,a\nx,b\n",
        b"text,label\nx,a\n",
    ] {
        assert_ne!(open("c.csv", other).unwrap().hash(), a.hash());
    }
}

mod any_bytes {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_panic(
            body in prop::collection::vec(
                prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            header in any::<bool>(),
        ) {
            let mut content = if header { b"text,label\n".to_vec() } else { Vec::new() };
            content.extend(body);
            let _ = open("c.jsonl", &content);
            if let Ok(corpus) = open("c.csv", &content) {
                prop_assert_eq!(corpus.texts().len(), corpus.labels().len());
                prop_assert!(corpus.texts().iter().all(|text| !text.trim().is_empty()));
            }
        }
    }
}
