use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use llm_mri::store::{FolderLock, StoreError};
use llm_mri::{
    CompareOptions, Output, ReducerKind, ReducerSpec, Scan, ScanError, Stage, check_output,
};

use crate::common::{builder, bytes, lasting, program};

/// What a command said that must fail with one line.
fn refused<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> String {
    let output = program(args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    said
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The files of a scan but those that say how long it took.
fn without_times(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    without(bytes(folder))
}

fn without(mut files: BTreeMap<PathBuf, Vec<u8>>) -> BTreeMap<PathBuf, Vec<u8>> {
    for name in ["manifest.json", "report.html"] {
        files.remove(Path::new(name)).expect("a scan has it");
    }
    files
}

fn svd() -> ReducerSpec {
    ReducerSpec {
        kind: ReducerKind::Svd,
        ..ReducerSpec::default()
    }
}

#[test]
fn only_one_may_write_and_nobody_reads_meanwhile() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    builder(20).out(&out).run().unwrap();
    let before = bytes(&out);
    let writing = Scan::open_for_writing(&out).unwrap();
    let busy = |outcome: Result<Scan, ScanError>| {
        let error = outcome.err().expect("the folder is locked");
        assert!(
            matches!(error, ScanError::Store(StoreError::Busy { .. })),
            "{error}"
        );
    };
    busy(Scan::open(&out));
    busy(Scan::open_for_writing(&out));
    busy(builder(20).out(&out).run());
    for command in ["reduce", "graph", "metrics", "report"] {
        let said = refused(&[command, text(&out)]);
        let holder = format!("(process {}) is writing", std::process::id());
        assert!(said.contains(&holder), "{said}");
    }
    assert_eq!(bytes(&out).len(), before.len() + 1, "the lock alone is new");
    writing.update(Stage::Grid, &()).unwrap();
    drop(writing);
    assert_eq!(without_times(&out), without(before));
}

#[test]
fn a_scan_is_not_updated_with_what_is_no_longer_in_its_folder() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    let made = builder(20).out(&out).run().unwrap();
    let first = Scan::open(&out).unwrap();
    let second = Scan::open(&out).unwrap().with_maps(&svd(), &()).unwrap();
    second.update(Stage::Maps, &()).unwrap();
    let before = bytes(&out);
    for late in [&first, &made] {
        let refused = late.update(Stage::Grid, &());
        assert!(matches!(refused, Err(ScanError::Changed { .. })));
    }
    assert_eq!(bytes(&out), before);
    // Who wrote last may go on.
    second.update(Stage::Maps, &()).unwrap();
    assert_eq!(lasting(&out), {
        let mut same = before;
        same.remove(Path::new("manifest.json"));
        same
    });
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    builder(20).out(&out).run().unwrap();
    let before = bytes(&out);
    let allow = |mode| fs::set_permissions(&out, fs::Permissions::from_mode(mode)).unwrap();
    allow(0o555);
    let read = Scan::open(&out).map(|scan| scan.labels().len());
    let metrics = program(["metrics", text(&out)]);
    allow(0o755);
    assert_eq!(read.unwrap(), 20);
    assert!(metrics.status.success());
    assert_eq!(bytes(&out), before);
}

#[test]
fn what_a_scan_leaves_that_was_stopped_at_once_is_not_in_the_way() {
    let home = tempfile::tempdir().unwrap();
    let whole = home.path().join("whole");
    builder(20).out(&whole).run().unwrap();
    let begun: [&[&str]; 5] = [
        &["llm-mri.lock"],
        &["activations/"],
        &["activations/lock"],
        &["activations/recording.json.4000000-0.partial"],
        &[
            "manifest.json.4000000-3.partial",
            "graph.4000000-4.partial/",
        ],
    ];
    for (i, left) in begun.into_iter().enumerate() {
        let out = home.path().join(i.to_string());
        for name in left {
            let path = out.join(name);
            if name.ends_with('/') {
                fs::create_dir_all(path).unwrap();
            } else {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
        }
        builder(20).out(&out).run().unwrap();
        assert_eq!(lasting(&out), lasting(&whole), "{left:?}");
    }
    let out = home.path().join("foreign");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("thesis.txt.4000000-0.partial"), "mine").unwrap();
    let refused = builder(20).out(&out).run();
    assert!(matches!(refused, Err(ScanError::OutExists { .. })));
}

#[test]
fn files_of_somebody_else_survive_every_command_that_writes_into_a_scan() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    builder(20).out(&out).run().unwrap();
    let mut theirs = vec!["notes.txt".to_owned()];
    for folder in ["activations", "embedding", "grid", "graph", "figures"] {
        theirs.push(format!("{folder}/mine.txt"));
        theirs.push(format!("{folder}/deeper/mine.txt"));
    }
    for name in &theirs {
        let path = out.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "mine").unwrap();
    }
    let survive = |what: &str| {
        for name in &theirs {
            let kept = fs::read(out.join(name)).ok();
            assert_eq!(kept.as_deref(), Some(&b"mine"[..]), "{name} after {what}");
        }
        Scan::open(&out).unwrap();
    };
    for args in [
        &["graph", "--permutations", "10"][..],
        &["reduce", "--reducer", "svd", "--no-quality"],
        &["reduce", "--components", "3", "--no-quality"],
        &["graph", "--permutations", "10"],
    ] {
        let (command, more) = args.split_first().unwrap();
        let args: Vec<&str> = [*command, text(&out)]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        let output = program(&args);
        assert!(output.status.success(), "{output:?}");
        survive(command);
    }
    builder(20).out(&out).run().unwrap();
    survive("scan");
    let output = program(["report", text(&out)]);
    assert!(output.status.success(), "{output:?}");
    survive("report");
    builder(22).out(&out).replace(true).run().unwrap();
    survive("scan --force");
    let names = |folder: &str| fs::read_dir(out.join(folder)).unwrap().count();
    assert_eq!(names("grid"), 3 + 2, "what is ours is not doubled");
}

#[test]
fn a_folder_of_somebody_else_is_not_replaced() {
    let home = tempfile::tempdir().unwrap();
    for name in [
        "figures/photo.png",
        "manifest.json",
        "corpus.csv",
        "report.html",
        "activations/a",
    ] {
        let out = home.path().join(name.replace('/', "-"));
        let path = out.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "{\"name\": \"mine\"}").unwrap();
        let before = bytes(&out);
        for replace in [false, true] {
            let refused = builder(20).out(&out).replace(replace).run().err().unwrap();
            match refused {
                ScanError::NotOurs { .. } if replace => {}
                ScanError::OutExists { .. } if !replace => {}
                other => panic!("{name}: {other}"),
            }
            assert_eq!(bytes(&out), before, "{name}");
        }
    }
    // A damaged scan may be replaced, and so may one whose removal was interrupted.
    let out = home.path().join("damaged");
    builder(20).out(&out).run().unwrap();
    fs::write(out.join("manifest.json"), "{\n  \"format\": 1, cut").unwrap();
    assert!(builder(20).out(&out).run().is_err());
    builder(20).out(&out).replace(true).run().unwrap();
    fs::remove_file(out.join("manifest.json")).unwrap();
    builder(20).out(&out).replace(true).run().unwrap();
    Scan::open(&out).unwrap();
}

#[test]
fn a_comparison_replaces_its_own_tables_and_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    for name in ["a", "b"] {
        builder(20).out(at(name)).run().unwrap();
    }
    let [a, b] = ["a", "b"].map(|name| fs::canonicalize(at(name)).unwrap());
    let diff = |out: &Path, force: bool| {
        let mut args = vec!["diff", text(&a), text(&b), "-o", text(out), "--texts", "0"];
        args.extend(force.then_some("--force"));
        program(&args)
    };
    let before = (bytes(&a), bytes(&b));
    for out in [
        a.clone(),
        home.path().to_owned(),
        b.join("what"),
        a.join("figures/.."),
    ] {
        for force in [false, true] {
            let output = diff(&out, force);
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(said.contains("has to stay"), "{}: {said}", out.display());
        }
    }
    assert_eq!((bytes(&a), bytes(&b)), before);
    let out = at("tables");
    assert!(diff(&out, false).status.success());
    let tables = bytes(&out);
    assert_eq!(tables.len(), 2);
    assert!(!diff(&out, false).status.success());
    assert!(diff(&out, true).status.success());
    assert_eq!(bytes(&out), tables);
    fs::write(out.join("thesis.txt"), "mine").unwrap();
    let said = String::from_utf8(diff(&out, true).stderr).unwrap();
    assert!(said.contains("thesis.txt"), "{said}");
    assert_eq!(bytes(&out).len(), 3);
    // The library keeps the rule without the program.
    let [a, b] = [&a, &b].map(|folder| Scan::open(folder).unwrap());
    let comparison = a.compare(&b, &CompareOptions::default()).unwrap();
    assert!(matches!(
        comparison.save(&out, true),
        Err(ScanError::NotOurs { .. })
    ));
    assert_eq!(bytes(&out).len(), 3);
}

#[test]
fn a_report_replaces_reports_only() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    for name in ["a", "b"] {
        builder(20).out(at(name)).run().unwrap();
    }
    let out = at("a");
    let before = (bytes(&out), bytes(&at("b")));
    for place in [
        "a/manifest.json",
        "a/corpus.csv",
        "a/new.html",
        "a/figures/report.html",
        "a/../a/labels.html",
        "a",
        "b/report.html",
        "b/new.html",
    ] {
        refused(&["report", text(&out), "--out", text(&at(place))]);
        assert_eq!((bytes(&out), bytes(&at("b"))), before, "{place}");
    }
    fs::write(at("thesis.html"), "<!doctype html>\n").unwrap();
    let said = refused(&["report", text(&out), "--out", text(&at("thesis.html"))]);
    assert!(said.contains("thesis.html"), "{said}");
    assert_eq!(fs::read(at("thesis.html")).unwrap(), b"<!doctype html>\n");
    for place in ["page.html", "page.html", "a/report.html"] {
        let output = program(["report", text(&out), "--out", text(&at(place))]);
        assert!(output.status.success(), "{output:?}");
    }
    let page = fs::read(at("page.html")).unwrap();
    assert_eq!(page, fs::read(out.join("report.html")).unwrap());
    assert_eq!(without_times(&out), without(before.0));
    assert_eq!(bytes(&at("b")), before.1);
    FolderLock::check(&out).unwrap();
}

#[test]
fn what_is_read_is_not_written() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    fs::create_dir_all(at("texts/law")).unwrap();
    fs::write(at("texts/law/a.txt"), "court").unwrap();
    fs::write(at("t.csv"), "text,label\nlaw court,law\n").unwrap();
    let before = bytes(home.path());
    for (out, data) in [
        (at("texts"), at("texts")),
        (at("texts/out"), at("texts")),
        (at("texts/law/../out"), at("texts")),
        (home.path().to_owned(), at("texts")),
        (home.path().to_owned(), at("t.csv")),
        (at("t.csv"), at("t.csv")),
        (at("nowhere/../texts"), at("texts")),
    ] {
        let refused = builder(20).data(&data).out(&out).replace(true).run().err();
        assert!(
            matches!(refused, Some(ScanError::OutIsInput { .. })),
            "{}: {refused:?}",
            out.display()
        );
        assert_eq!(bytes(home.path()), before);
    }
    fs::create_dir_all(at("m")).unwrap();
    let [table, model] = ["t.csv", "m"].map(at);
    for out in ["m", "m/out", "."] {
        let out = at(out);
        let places = [
            "--data",
            text(&table),
            "--model",
            text(&model),
            "--out",
            text(&out),
        ];
        let args = [&["extract", "--force"][..], &places].concat();
        assert!(refused(&args).contains("has to stay"));
    }
    let part = at("part");
    builder(20).out(&part).activations_only().run().unwrap();
    for out in [part.clone(), part.join("out"), home.path().to_owned()] {
        assert!(refused(&["merge", text(&out), text(&part)]).contains("has to stay"));
    }
    let thesis = at("theses");
    fs::create_dir(&thesis).unwrap();
    fs::write(thesis.join("thesis.txt"), "mine").unwrap();
    refused(&["merge", text(&thesis), text(&part)]);
    assert_eq!(bytes(&thesis).len(), 1);
    let new = check_output(&at("new"), Output::Scan, false, &[&at("t.csv")]);
    new.expect("a folder beside the texts is the usual place");
}
