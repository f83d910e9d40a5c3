use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use llm_mri::Scan;

use crate::common::write_tokenizer;

/// A folder with a small decoder whose tokenizer knows some words.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mri-extract/tests/golden");
        let model = home.path().join("model");
        fs::create_dir(&model).unwrap();
        for name in ["config.json", "model.safetensors"] {
            fs::copy(golden.join("families/llama").join(name), model.join(name)).unwrap();
        }
        write_tokenizer(&model);
        Self(home)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Records texts, which are given as a path or as standard input.
    fn extract(&self, data: &Path, stream: &[u8], more: &[&str]) -> Output {
        let mut process = Command::new(env!("CARGO_BIN_EXE_llm-mri"))
            .args(["extract", "--threads", "1", "--force", "--model"])
            .arg(self.at("model"))
            .arg("--data")
            .arg(data)
            .arg("--out")
            .arg(self.at("out"))
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that refuses does not read on.
        let _ = process.stdin.take().unwrap().write_all(stream);
        process.wait_with_output().unwrap()
    }

    /// What the program prints of a file with this content.
    fn reads(&self, name: &str, content: &[u8], more: &[&str]) -> String {
        fs::write(self.at(name), content).unwrap();
        let output = self.extract(&self.at(name), b"", more);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What it answers where it refuses one.
    fn refuses(&self, name: &str, content: &[u8], more: &[&str]) -> String {
        fs::write(self.at(name), content).unwrap();
        let output = self.extract(&self.at(name), b"", more);
        assert_eq!(output.status.code(), Some(1), "{name} is read");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[test]
fn every_error_in_texts_says_what_to_do() {
    let home = Home::new();
    for (name, content, parts) in [
        (
            "c.csv",
            &b"text,label\na,x\n\"b,y\n"[..],
            ["line 3, column 1", "--quotes none"],
        ),
        (
            "c.csv",
            b"text,label\n\"a\" b,x\n",
            ["line 2, column 3", "--quotes none"],
        ),
        (
            "c.csv",
            b"text,label\nna\xefve,x\n",
            ["line 2, column 3", "--encoding windows-1252"],
        ),
        (
            "c.csv",
            b"text,text,label\na,b,x\n",
            ["several columns", "--text"],
        ),
        (
            "c.csv",
            b"text,label\na,\n",
            ["line 2: no label", "--drop-missing"],
        ),
        (
            "c.csv",
            b"text,class\na,x\n",
            ["no column \"label\"", "--label"],
        ),
        ("c.csv", b"", ["c.csv is empty", "--data"]),
        ("c.dat", b"text,label\na,x\n", ["not a corpus", "--format"]),
        ("c.xlsx", b"PK\x03\x04", ["spreadsheet", "CSV UTF-8"]),
        (
            "c.json",
            b"{\"a\": [{\"text\": \"a\"}], \"b\": [{\"text\": \"b\"}]}",
            ["a, b", "--split"],
        ),
        (
            "c.csv.gz",
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
            ["c.csv.gz", "cut off"],
        ),
    ] {
        let said = home.refuses(name, content, &[]);
        for part in parts {
            assert!(said.contains(part), "{part:?} is not in: {said}");
        }
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    }
    let missing = home.extract(&home.at("no.csv"), b"", &[]);
    let said = String::from_utf8(missing.stderr).unwrap();
    assert!(
        said.contains("no.csv") && said.contains("check the path"),
        "{said}"
    );
}

#[test]
fn what_is_noticed_in_texts_is_said() {
    let home = Home::new();
    let table = b"text,label\nlaw court,spam\nsalt ,spam \nheat,Spam\npan,1.0\nproof,1\n,x\n";
    let said = home.reads("c.csv", table, &["--drop-missing"]);
    assert!(
        said.contains("6 rows read, 5 texts (spam 2, Spam 1, 1 2)"),
        "{said}"
    );
    assert!(
        said.contains("warning") && said.contains("\"spam\", \"Spam\""),
        "{said}"
    );
    assert!(
        said.contains("1 of the 5 texts read end in white space"),
        "{said}"
    );
    let said = home.reads("c.csv", table, &["--drop-missing", "--pooling", "mean"]);
    assert!(!said.contains("white space,"), "{said}");
    let line =
        b"{\"text\": \"law \\ud83d\", \"label\": \"a\"}\n{\"text\": \"pan\", \"label\": \"b\"}";
    let said = home.reads("c.jsonl", line, &[]);
    assert!(
        said.contains("1 rows hold half of a surrogate pair"),
        "{said}"
    );
    let said = home.reads(
        "c.txt",
        b"text\tlabel\n\"law\" court\ta\n",
        &["--format", "tsv"],
    );
    assert!(said.contains("1 rows read, 1 texts (a 1)"), "{said}");
}

#[test]
fn standard_input_is_read_in_the_format_that_is_named() {
    let home = Home::new();
    let stream = b"{\"text\": \"law\", \"label\": \"a\"}\n{\"text\": \"pan\", \"label\": \"b\"}\n";
    let read = home.extract(Path::new("-"), stream, &["--format", "jsonl"]);
    let said = String::from_utf8(read.stderr).unwrap();
    assert!(read.status.success(), "{said}");
    let scan = Scan::open(home.at("out")).unwrap();
    assert_eq!(scan.manifest().corpus.source, Path::new("standard input"));
    assert_eq!(scan.labels().category_names(), ["a", "b"]);
    let said = home.extract(Path::new("-"), stream, &[]).stderr;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("--format jsonl"), "{said}");
    let said = home
        .extract(Path::new("-"), b"{\"text\": 1", &["--format", "jsonl"])
        .stderr;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("standard input, line 1"), "{said}");
}
