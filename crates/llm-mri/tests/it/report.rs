use std::fs;

use llm_mri::{Progress, QualityOptions, ReducerSpec, Scan, ScanError};

use crate::common::{builder, forget_checksums, program};

#[test]
fn a_report_is_written_with_the_scan_and_can_be_made_anew() {
    let home = tempfile::tempdir().unwrap();
    let (out, copy) = (home.path().join("out"), home.path().join("copy.html"));
    let scan = builder(40).out(&out).run().unwrap();
    let written = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(written == scan.report(&()).unwrap());
    let made = program([
        "report".as_ref(),
        out.as_os_str(),
        "--out".as_ref(),
        copy.as_os_str(),
    ]);
    assert!(made.status.success(), "{made:?}");
    assert!(written == fs::read_to_string(&copy).unwrap());
    fs::remove_file(out.join("report.html")).unwrap();
    let made = program(["report".as_ref(), out.as_os_str()]);
    assert!(made.status.success(), "{made:?}");
    assert!(written == fs::read_to_string(out.join("report.html")).unwrap());
    let measured = scan.with_quality(&QualityOptions::default(), &()).unwrap();
    assert!(
        written != measured.report(&()).unwrap(),
        "what was measured is shown"
    );
}

#[test]
fn what_cannot_be_reported_on_is_said() {
    let home = tempfile::tempdir().unwrap();
    let (line, bare) = (home.path().join("line"), home.path().join("bare"));
    let one = ReducerSpec {
        components: 1,
        ..ReducerSpec::default()
    };
    let scan = builder(20).reduce(&one).out(&line).run().unwrap();
    let error = scan.report(&()).unwrap_err();
    assert!(matches!(error, ScanError::NotPlanar { components: 1 }));
    assert!(!line.join("report.html").exists());

    builder(20).out(&bare).run().unwrap();
    let impatient = |_: Progress<'_>| false;
    let stopped = Scan::open(&bare).unwrap().report(&impatient);
    assert!(matches!(stopped, Err(ScanError::Cancelled(_))));
    fs::remove_file(bare.join("corpus.csv")).unwrap();
    let missing = Scan::open(&bare).err().unwrap().to_string();
    assert!(
        missing.contains("corpus.csv: damaged: it is missing"),
        "{missing}"
    );
    forget_checksums(&bare);
    let error = Scan::open(&bare).unwrap().report(&()).unwrap_err();
    assert!(matches!(error, ScanError::NoTexts));
}
