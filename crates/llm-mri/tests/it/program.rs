use std::fs;
use std::path::Path;

use llm_mri::Scan;

use crate::common::{model, program, write_table};

/// Runs a command that must fail with one line, and gives the line.
fn refused(args: &[&str]) -> String {
    let output = program(args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{args:?} succeeds");
    assert!(
        output
            .status
            .code()
            .is_some_and(|code| code == 1 || code == 2)
    );
    assert!(said.starts_with("error: "), "{args:?}: {said}");
    assert!(!said.contains("panicked"), "{said}");
    if output.status.code() == Some(1) {
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    }
    said
}

#[test]
#[ignore = "needs all-MiniLM-L6-v2: cargo xtask test"]
fn a_scan_writes_what_the_readme_lists_and_a_second_one_reuses_the_recording() {
    let home = tempfile::tempdir().unwrap();
    let (data, out) = (home.path().join("t.csv"), home.path().join("out"));
    write_table(&data, 16);
    let model = model();
    let scan = |more: &[&str]| {
        let mut args = vec!["scan", "--threads", "1", "--model", model.to_str().unwrap()];
        args.extend([
            "--data",
            data.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
            // The model's own pooling is the mean; the first token is the same in all of layer 0.
            "--pooling",
            "first",
        ]);
        args.extend(more);
        let output = program(&args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    };
    let said = scan(&["--grid", "5"]);
    assert!(said.contains("16 texts"), "{said}");
    assert!(said.contains("resid.00: all rows are equal"), "{said}");
    for name in [
        "manifest.json",
        "corpus.csv",
        "activations/resid.00.npy",
        "activations/resid.06.npy",
        "embedding/resid.06.npy",
        "grid/cells.csv",
        "graph/edges.csv",
        "graph/graph.json",
        "graph/graph.graphml",
        "figures/heatmaps.all.svg",
        "figures/heatmaps.all.png",
        "figures/graph.all.svg",
        "figures/contact-sheet.svg",
        "figures/metrics.svg",
        "figures/through-layers.gif",
        "report.html",
    ] {
        assert!(out.join(name).is_file(), "{name} is missing");
    }
    let cells = fs::read_to_string(out.join("grid/cells.csv")).unwrap();
    assert_eq!(cells.lines().next(), Some("row,label,layer,x,y,cell"));
    assert_eq!(cells.lines().count(), 1 + 16 * 7);
    let edges = fs::read_to_string(out.join("graph/edges.csv")).unwrap();
    assert!(edges.starts_with("source,target,layer,"), "{edges}");

    let recorded = fs::metadata(out.join("activations/resid.03.npy")).unwrap();
    scan(&["--reducer", "svd", "--components", "3"]);
    let now = fs::metadata(out.join("activations/resid.03.npy")).unwrap();
    assert_eq!(recorded.modified().unwrap(), now.modified().unwrap());
    let opened = Scan::open(&out).unwrap();
    assert_eq!(opened.maps().unwrap().components(), 3);
    assert!(!out.join("grid").exists());
}

/// A folder with a good table, and scans of it that are refused.
struct Refusals {
    home: tempfile::TempDir,
    model: String,
}

impl Refusals {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        write_table(&home.path().join("good.csv"), 6);
        let model = model().to_str().unwrap().to_owned();
        Self { home, model }
    }

    fn at(&self, name: &str) -> String {
        self.home.path().join(name).to_str().unwrap().to_owned()
    }

    /// What a scan says that is refused and writes nothing.
    fn scan(&self, model: &str, data: &str, more: &[&str]) -> String {
        let out = self.at("out");
        let mut args = vec!["scan", "--model", model, "--data", data, "--out", &out];
        args.extend(more);
        let said = refused(&args);
        assert!(!Path::new(&out).exists(), "{args:?} leaves something");
        said
    }

    /// The same for a file of texts with this content.
    fn data(&self, name: &str, content: &[u8]) -> String {
        fs::write(self.at(name), content).unwrap();
        self.scan(&self.model, &self.at(name), &[])
    }
}

#[test]
#[ignore = "needs all-MiniLM-L6-v2: cargo xtask test"]
fn a_wrong_model_gives_one_clear_line_and_writes_nothing() {
    let wrong = Refusals::new();
    let good = wrong.at("good.csv");
    let scan = |model: &str| wrong.scan(model, &good, &[]);
    assert!(scan(&wrong.at("nowhere")).contains("nowhere"));
    let cut = wrong.at("cut");
    fs::create_dir(&cut).unwrap();
    let whole = Path::new(&wrong.model);
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        fs::copy(whole.join(file), Path::new(&cut).join(file)).unwrap();
    }
    let weights = Path::new(&cut).join("model.safetensors");
    let file = fs::OpenOptions::new().write(true).open(&weights).unwrap();
    file.set_len(1 << 20).unwrap();
    assert!(scan(&cut).contains("model.safetensors"));
    fs::copy(whole.join("model.safetensors"), &weights).unwrap();
    let config = Path::new(&cut).join("config.json");
    let known = fs::read_to_string(&config).unwrap();
    fs::write(&config, known.replace("\"bert\"", "\"mamba\"")).unwrap();
    let said = scan(&cut);
    assert!(said.contains("mamba") && said.contains("llama"), "{said}");
    fs::write(&config, known.replace("30522", "1000")).unwrap();
    scan(&cut);
    fs::write(&config, "{").unwrap();
    assert!(scan(&cut).contains("config.json"));
    fs::write(&config, &known).unwrap();
    let tokenizer = Path::new(&cut).join("tokenizer.json");
    let own = fs::read_to_string(&tokenizer).unwrap();
    // A text with a token that the model lacks; tokens that no text has do not matter.
    let foreign = own.replacen("\"the\":1996", "\"the\":99999", 1);
    assert_ne!(foreign, own, "the vocabulary is written as expected");
    fs::write(&tokenizer, foreign).unwrap();
    assert!(scan(&cut).contains("99999"));
    fs::write(&tokenizer, "{}").unwrap();
    scan(&cut);
}

#[test]
#[ignore = "needs all-MiniLM-L6-v2: cargo xtask test"]
fn wrong_texts_give_one_clear_line_and_write_nothing() {
    let wrong = Refusals::new();
    let said = wrong.data("cols.csv", b"text,topic\na,b\n");
    assert!(
        said.contains("label") && said.contains("topic") && said.contains("--label"),
        "{said}"
    );
    let said = wrong.data("empty.csv", b"text,label\n");
    assert!(said.contains("empty.csv"), "{said}");
    wrong.data("nothing.csv", b"");
    let said = wrong.data("latin.csv", b"text,label\nna\xefve,b\n");
    assert!(said.contains("line 2") && said.contains("UTF-8"), "{said}");
    let said = wrong.data("space.csv", b"text,label\na,b\n   ,b\n");
    assert!(
        said.contains("line 3") && said.contains("--drop-missing"),
        "{said}"
    );
    wrong.data("odd.xyz", b"text,label\na,b\n");
    let said = wrong.scan(&wrong.model, &wrong.at("missing.csv"), &[]);
    assert!(said.contains("missing.csv"), "{said}");
    // The decoder panics on this one, which is nobody's business.
    let damaged = "../mri-corpus/tests/golden/damaged/levels.parquet";
    let damaged = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(damaged)).unwrap();
    let said = wrong.data("levels.parquet", &damaged);
    assert!(
        said.contains("levels.parquet") && said.contains("gave up"),
        "{said}"
    );
}

#[test]
#[ignore = "needs all-MiniLM-L6-v2: cargo xtask test"]
fn wrong_options_give_one_clear_line_and_write_nothing() {
    let wrong = Refusals::new();
    let good = wrong.at("good.csv");
    let scan = |more: &[&str]| wrong.scan(&wrong.model, &good, more);
    assert!(scan(&["--components", "7"]).contains("7 components"));
    scan(&["--components", "0"]);
    assert!(scan(&["--grid", "0"]).contains("grid"));
    assert!(scan(&["--reducer", "tsne9"]).contains("pca"));
    scan(&["--pooling", "middle"]);
    scan(&["--device", "cuda:99"]);
    scan(&["--threads", "0"]);
    scan(&["--max-length", "2"]);
    scan(&["--max-length", "100000"]);

    // What is in the way, and what cannot be written.
    let full = wrong.at("full");
    fs::create_dir(&full).unwrap();
    fs::write(Path::new(&full).join("x"), "y").unwrap();
    let into = |out: &str| {
        let model = wrong.model.as_str();
        refused(&["scan", "--model", model, "--data", &good, "--out", out])
    };
    let said = into(&full);
    assert!(said.contains("--force"), "{said}");
    into(&format!("{good}/out"));
    refused(&["scan", "--model", &wrong.model, "--data", &good]);
    refused(&["scam"]);
}

#[test]
fn help_names_every_command_and_an_example() {
    let help = String::from_utf8(program(["--help"]).stdout).unwrap();
    for command in ["scan", "extract"] {
        assert!(help.contains(command), "{help}");
        let own = String::from_utf8(program([command, "--help"]).stdout).unwrap();
        assert!(own.contains("--out"), "{own}");
    }
    assert!(
        String::from_utf8(program(["--version"]).stdout)
            .unwrap()
            .starts_with("llm-mri ")
    );
}
