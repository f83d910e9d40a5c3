//! Tables of spreadsheets and of writers, and what their quotes mean.

use mri_corpus::{CorpusOptions, Quotes};

use crate::common::{open, open_with, reads, refuses};

#[test]
fn stray_quotes_in_tables_with_tabs_are_letters() {
    reads(
        "c.tsv",
        b"text\tlabel\n\"Seven\" is great\tpos\n\"I was bored\tneg\nsaid \"no\" twice\tneg\nthe \"end\tneg\nlast\tpos\n",
        &[
            ("\"Seven\" is great", "pos"),
            ("\"I was bored", "neg"),
            ("said \"no\" twice", "neg"),
            ("the \"end", "neg"),
            ("last", "pos"),
        ],
    );
    // A quote that opens in one row and one that ends a later one enclose whole rows.
    reads(
        "c.tsv",
        b"label\ttext\nham\t\"Ok lar\nspam\tFree\nham\tso he said \"yes\"\nham\tall right\"\n",
        &[
            ("\"Ok lar", "ham"),
            ("Free", "spam"),
            ("so he said \"yes\"", "ham"),
            ("all right\"", "ham"),
        ],
    );
    // As a writer encloses fields, over lines that are no rows.
    reads(
        "c.tsv",
        b"text\tlabel\n\"two\nlines\"\ta\n\"a \"\"b\"\"\"\tb\n\"a\ttab\"\ta\n\"all of it\"\tb\n",
        &[
            ("two\nlines", "a"),
            ("a \"b\"", "b"),
            ("a\ttab", "a"),
            ("all of it", "b"),
        ],
    );
    let letters = CorpusOptions::default().with_quotes(Quotes::None);
    let corpus = open_with("c.tsv", b"text\tlabel\n\"all\"\ta\n", &letters).unwrap();
    assert_eq!(corpus.texts(), ["\"all\""]);
    let strict = CorpusOptions::default().with_quotes(Quotes::Csv);
    let error = open_with("c.tsv", b"text\tlabel\n\"Seven\" is\ta\n", &strict);
    assert!(error.unwrap_err().to_string().contains("line 2, column 7"));
    refuses(
        "c.tsv",
        b"text\tlabel\nx\ta\n\"never\n",
        &["line 3, column 1", "never closed"],
    );
    refuses(
        "c.tsv",
        b"text\tlabel\n\"a\tb\tc\n",
        &["line 2", "3 fields"],
    );
}

#[test]
fn a_quote_that_encloses_no_field_is_an_error_with_its_place() {
    let rows = "text,label\ngood,pos\n\"never closed,neg\nbad,neg\n";
    refuses(
        "c.csv",
        rows.as_bytes(),
        &["line 3, column 1", "never closed"],
    );
    refuses(
        "c.csv",
        "label,text\nneg,\"Ünd\nso\" on,x\n".as_bytes(),
        &["line 3, column 3", "line 2, column 5"],
    );
    refuses(
        "c.csv",
        b"text,label\r\n\"a\"b,c\r\n",
        &["line 2, column 3"],
    );
    let letters = CorpusOptions::default().with_quotes(Quotes::None);
    let corpus = open_with("c.csv", rows.as_bytes(), &letters).unwrap();
    assert_eq!(corpus.texts(), ["good", "\"never closed", "bad"]);
    // In a field that starts without one, a quote is a letter.
    reads("c.csv", b"text,label\n5\" disk,a\n", &[("5\" disk", "a")]);
}

#[test]
fn tables_of_spreadsheets_are_read() {
    let expected = [("a", "x"), ("b", "y")];
    for table in [
        "sep=;\r\ntext;label\r\na;x\r\nb;y\r\n",
        "\"sep=,\"\ntext,label\na,x\nb,y\n",
        "sep=\t\ntext\tlabel\na\tx\nb\ty\n",
        "\u{feff}label;text\nx;a\ny;b\n",
        "\u{feff}\"text\";\"label\"\n\"a\";\"x\"\n\"b\";\"y\"\n",
        "text,label,,\na,x,,\nb,y,,,\n",
        "text,label\na,x,\nb,y\n",
        "text,label,\na,x\nb,y\n",
        "text\tlabel\na\tx\nb\ty\n",
        // Line ends of an older Macintosh.
        "text,label\ra,x\rb,y\r",
        "\n\ntext,label\n\na,x\n\n\nb,y",
    ] {
        reads("c.csv", table.as_bytes(), &expected);
        let wide: Vec<u8> = table.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let wide_be: Vec<u8> = table.encode_utf16().flat_map(u16::to_be_bytes).collect();
        if table.starts_with('\u{feff}') || !table.starts_with('\n') {
            reads("c.csv", &wide, &expected);
            reads("c.csv", &wide_be, &expected);
        }
    }
    let options = CorpusOptions::default().with_encoding("shift_jis".parse().ok());
    let corpus = open_with("c.csv", b"text,label\n\x93\xfa\x96{,a\n", &options).unwrap();
    assert_eq!(corpus.texts(), ["日本"]);
    let error = open_with("c.csv", b"text,label\nab\xff\xff,a\n", &options).unwrap_err();
    assert!(
        error.to_string().contains("no character of Shift_JIS"),
        "{error}"
    );
}

#[test]
fn what_a_header_may_not_be_is_said() {
    refuses(
        "c.csv",
        b"text,label,text\na,b,c\n",
        &["several columns are named \"text\""],
    );
    reads("c.csv", b"id,text,label,id\n1,a,x,2\n", &[("a", "x")]);
    refuses(
        "c.csv",
        b";;\n1;2;3\n",
        &["no column \"text\"", "nor any other"],
    );
    refuses(
        "c.csv",
        b"Titel;label\na;x\n",
        &["columns are \"Titel\", \"label\""],
    );
    refuses(
        "c.csv",
        b"\xc9t\xe9,label\na,x\n",
        &["line 1, column 1", "0xC9"],
    );
    refuses(
        "c.csv",
        b"text;label\na;x;y\n",
        &["line 2", "3 fields where the header has 2"],
    );
}

/// Tables that a writer made are read as the crate `csv` reads them.
mod any_table {
    use super::*;
    use proptest::prelude::*;

    fn field() -> impl Strategy<Value = String> {
        let letter = prop_oneof![
            Just('"'),
            Just(','),
            Just('\t'),
            Just('\n'),
            Just('\r'),
            Just(';'),
            Just('é'),
            Just(' '),
            Just('a')
        ];
        let letters = prop::collection::vec(letter, 0..8);
        letters.prop_map(|letters| format!("{}.", String::from_iter(letters)))
    }

    proptest! {
        #[test]
        fn of_a_writer_is_read_as_written(
            rows in prop::collection::vec((field(), field(), field()), 1..12),
            tabs in any::<bool>(),
            always in any::<bool>(),
            crlf in any::<bool>(),
        ) {
            let style = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
            let mut writer = csv::WriterBuilder::new()
                .delimiter(if tabs { b'\t' } else { b',' })
                .quote_style(style)
                .terminator(if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
                .from_writer(Vec::new());
            writer.write_record(["text", "id", "label"]).unwrap();
            for (text, id, label) in &rows {
                writer.write_record([text, id, label]).unwrap();
            }
            let table = writer.into_inner().unwrap();
            let options = CorpusOptions::default().with_quotes(Quotes::Csv);
            let corpus = open_with(if tabs { "c.tsv" } else { "c.csv" }, &table, &options).unwrap();
            let texts: Vec<&String> = rows.iter().map(|(text, ..)| text).collect();
            prop_assert_eq!(corpus.texts().iter().collect::<Vec<_>>(), texts);
            if !tabs {
                let auto = open("c.csv", &table).unwrap();
                prop_assert_eq!(auto.texts(), corpus.texts());
            }
        }

        #[test]
        fn of_letters_is_read_line_by_line(
            rows in prop::collection::vec(("[a\", ]{0,6}\\.", "[a\"]{0,3}\\."), 1..12),
        ) {
            let mut table = "text\tlabel\n".to_owned();
            for (text, label) in &rows {
                table.push_str(&format!("{text}\t{label}\n"));
            }
            let corpus = open("c.tsv", table.as_bytes()).unwrap();
            let texts: Vec<&str> = rows.iter().map(|(text, _)| text.as_str()).collect();
            prop_assert_eq!(corpus.texts(), texts);
        }
    }
}
