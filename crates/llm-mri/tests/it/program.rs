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

#[test]
#[ignore = "needs all-MiniLM-L6-v2: cargo xtask test"]
fn wrong_input_gives_one_clear_line_and_writes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    write_table(Path::new(&at("good.csv")), 6);
    let model = model();
    let model = model.to_str().unwrap();
    let (good, out) = (at("good.csv"), at("out"));
    let scan = |model: &str, data: &str, more: &[&str]| {
        let mut args = vec!["scan", "--model", model, "--data", data, "--out", &out];
        args.extend(more);
        let said = refused(&args);
        assert!(!Path::new(&out).exists(), "{args:?} leaves something");
        said
    };
    let data = |name: &str, content: &[u8]| {
        fs::write(at(name), content).unwrap();
        at(name)
    };

    // The model.
    assert!(scan(&at("nowhere"), &good, &[]).contains("nowhere"));
    let copy = |name: &str| {
        fs::create_dir(at(name)).unwrap();
        for file in ["config.json", "tokenizer.json", "model.safetensors"] {
            fs::copy(Path::new(model).join(file), Path::new(&at(name)).join(file)).unwrap();
        }
        at(name)
    };
    let cut = copy("cut");
    let weights = Path::new(&cut).join("model.safetensors");
    let file = fs::OpenOptions::new().write(true).open(&weights).unwrap();
    file.set_len(1 << 20).unwrap();
    assert!(scan(&cut, &good, &[]).contains("model.safetensors"));
    fs::copy(Path::new(model).join("model.safetensors"), &weights).unwrap();
    let config = Path::new(&cut).join("config.json");
    let known = fs::read_to_string(&config).unwrap();
    fs::write(&config, known.replace("\"bert\"", "\"mamba\"")).unwrap();
    let said = scan(&cut, &good, &[]);
    assert!(said.contains("mamba") && said.contains("llama"), "{said}");
    fs::write(&config, known.replace("30522", "1000")).unwrap();
    scan(&cut, &good, &[]);
    fs::write(&config, "{").unwrap();
    assert!(scan(&cut, &good, &[]).contains("config.json"));
    fs::write(&config, &known).unwrap();
    let tokenizer = Path::new(&cut).join("tokenizer.json");
    let own = fs::read_to_string(&tokenizer).unwrap();
    let foreign = own.replacen("\"[PAD]\":0", "\"[PAD]\":99999", 1);
    assert_ne!(foreign, own, "the vocabulary is written as expected");
    fs::write(&tokenizer, foreign).unwrap();
    assert!(scan(&cut, &good, &[]).contains("another model"));
    fs::write(&tokenizer, "{}").unwrap();
    scan(&cut, &good, &[]);

    // The texts.
    let said = scan(model, &data("cols.csv", b"text,topic\na,b\n"), &[]);
    assert!(
        said.contains("label") && said.contains("topic") && said.contains("--label"),
        "{said}"
    );
    assert!(scan(model, &data("empty.csv", b"text,label\n"), &[]).contains("empty.csv"));
    scan(model, &data("nothing.csv", b""), &[]);
    let said = scan(model, &data("latin.csv", b"text,label\nna\xefve,b\n"), &[]);
    assert!(said.contains("line 2") && said.contains("UTF-8"), "{said}");
    let said = scan(model, &data("space.csv", b"text,label\na,b\n   ,b\n"), &[]);
    assert!(
        said.contains("line 3") && said.contains("--drop-missing"),
        "{said}"
    );
    scan(model, &data("odd.xyz", b"text,label\na,b\n"), &[]);
    assert!(scan(model, &at("missing.csv"), &[]).contains("missing.csv"));
    // The decoder panics on this one, which is nobody's business.
    let damaged = "../mri-corpus/tests/golden/damaged/levels.parquet";
    let damaged = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(damaged)).unwrap();
    let said = scan(model, &data("levels.parquet", &damaged), &[]);
    assert!(
        said.contains("levels.parquet") && said.contains("gave up"),
        "{said}"
    );

    // The options.
    assert!(scan(model, &good, &["--components", "7"]).contains("7 components"));
    scan(model, &good, &["--components", "0"]);
    assert!(scan(model, &good, &["--grid", "0"]).contains("grid"));
    assert!(scan(model, &good, &["--reducer", "tsne9"]).contains("pca"));
    scan(model, &good, &["--pooling", "middle"]);
    scan(model, &good, &["--device", "cuda:99"]);
    scan(model, &good, &["--threads", "0"]);
    scan(model, &good, &["--max-length", "2"]);
    scan(model, &good, &["--max-length", "100000"]);

    // What is in the way, and what cannot be written.
    fs::create_dir(at("full")).unwrap();
    fs::write(Path::new(&at("full")).join("x"), "y").unwrap();
    let said = refused(&[
        "scan",
        "--model",
        model,
        "--data",
        &good,
        "--out",
        &at("full"),
    ]);
    assert!(said.contains("--force"), "{said}");
    refused(&[
        "scan",
        "--model",
        model,
        "--data",
        &good,
        "--out",
        &format!("{good}/out"),
    ]);
    refused(&["scan", "--model", model, "--data", &good]);
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
