use std::fs;
use std::path::Path;

use llm_mri::store::read_npy;

use crate::common::{bytes, model, program, write_table};

/// Runs the program, which has to succeed, and gives what it printed.
fn run(args: &[&str]) -> String {
    let output = program(args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that the argument parser refuses, and gives what it says.
fn misused(args: &[&str]) -> String {
    let output = program(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Runs the program, which has to refuse, and gives the line it says so in.
fn refused(args: &[&str]) -> String {
    let output = program(args);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    said
}

/// The arguments that record `data` with the small model in one thread.
fn extract<'a>(model: &'a str, data: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["extract", "--threads", "1", "--model", model];
    args.extend(["--data", data, "--out", out]);
    args.extend(more);
    args
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
#[ignore = "needs all-MiniLM-L6-v2: cargo xtask test"]
fn shards_recorded_on_their_own_and_merged_are_a_recording_that_a_scan_goes_on_from() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    let (model, data) = (model(), at("t.csv"));
    write_table(&data, 10);
    let record = |out: &Path, more: &[&str]| {
        run(&extract(text(&model), text(&data), text(out), more));
    };
    let (whole, first, second, merged) = (at("whole"), at("first"), at("second"), at("merged"));
    record(&whole, &[]);
    record(&first, &["--shard", "1/2"]);
    record(&second, &["--shard", "2/2"]);

    let said = refused(&["merge", text(&merged), text(&first)]);
    assert!(said.contains("2/2"), "{said}");
    assert!(!merged.join("manifest.json").exists());

    let said = run(&["merge", text(&merged), text(&second), text(&first)]);
    assert!(said.contains("2 shards, 10 texts, 7 layers"), "{said}");
    for layer in 0..7 {
        let name = format!("activations/resid.{layer:02}.npy");
        let [a, b] = [&whole, &merged].map(|out| read_npy(&out.join(&name)).unwrap());
        assert_eq!(a.dim(), (10, 384));
        // Texts run beside others round differently.
        let largest = a.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() <= 2e-5 * largest, "{name}: {a} and {b}");
        }
    }

    let recorded = fs::metadata(merged.join("activations/resid.03.npy")).unwrap();
    let mut args = extract(text(&model), text(&data), text(&merged), &["--grid", "4"]);
    args[0] = "scan";
    run(&args);
    let now = fs::metadata(merged.join("activations/resid.03.npy")).unwrap();
    assert_eq!(recorded.modified().unwrap(), now.modified().unwrap());
    assert!(merged.join("report.html").is_file());
}

#[test]
#[ignore = "needs all-MiniLM-L6-v2: cargo xtask test"]
fn sites_and_the_number_format_of_the_files_are_those_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    let (model, data, out) = (model(), at("t.csv"), at("out"));
    write_table(&data, 4);
    let sites = ["--sites", "attn_out,mlp_act,mlp_out", "--store", "f16"];
    run(&extract(text(&model), text(&data), text(&out), &sites));
    let files = bytes(&out.join("activations"));
    let mut names: Vec<_> = files.keys().map(|name| text(name).to_owned()).collect();
    names.retain(|name| name.starts_with("attn_out") || name.starts_with("mlp_"));
    assert_eq!(names.len(), 18, "{names:?}");
    for (name, width) in [
        ("attn_out.01", 384),
        ("mlp_act.06", 1536),
        ("mlp_out.03", 384),
    ] {
        let header = &files[Path::new(&format!("{name}.npy"))][..128];
        let header = String::from_utf8_lossy(header);
        assert!(header.contains("'<f2'"), "{header}");
        assert!(header.contains(&format!("(4, {width})")), "{header}");
    }

    // What lies there is another recording than this asks for.
    let said = refused(&extract(text(&model), text(&data), text(&out), &[]));
    assert!(
        said.contains("--force") && said.contains("layers"),
        "{said}"
    );
}

#[test]
#[ignore = "needs all-MiniLM-L6-v2: cargo xtask test"]
fn recordings_that_cannot_be_are_refused_with_what_would_be_right() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    let (model, data, out) = (model(), at("t.csv"), at("out"));
    write_table(&data, 4);
    for (more, expected) in [
        (["--shard", "3/2"], "2/4"),
        (["--sites", "resid,attention"], "attn_out"),
        (["--store", "f64"], "f32, f16"),
    ] {
        let said = misused(&extract(text(&model), text(&data), text(&out), &more));
        assert!(said.contains(expected), "{said}");
        assert!(said.contains(more[0]), "{said}");
        assert!(!out.exists());
    }
}
