use std::env;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::browser::Browser;
use crate::made_up::Scan;

const TEN: [&str; 10] = [
    "law",
    "music",
    "astronomy",
    "cooking",
    "football",
    "finance",
    "medicine",
    "botany",
    "sailing",
    "chess",
];
const WORLD: [&str; 10] = [
    "law",
    "Μουσική",
    "日本語の天文学",
    "кулинария",
    "كرة القدم",
    "finance",
    "การแพทย์",
    "ボタニカル",
    "segeln & Wind",
    "शतरंज",
];
const LONG: [&str; 3] = [
    "Texts that were taken from the proceedings of the second chamber of the appellate court",
    "日本語の天文学に関する文章",
    "نصوص عن الموسيقى والغناء",
];

/// A picture of a whole page.
fn photograph(page: &mut Browser, path: &Path) {
    page.call("Emulation.setScrollbarsHidden", json!({ "hidden": true }));
    let height = page
        .eval("document.documentElement.scrollHeight")
        .as_u64()
        .unwrap();
    let width = page.eval("document.documentElement.clientWidth");
    let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
    let shot = page.call(
        "Page.captureScreenshot",
        json!({ "format": "png", "captureBeyondViewport": true, "clip": clip }),
    );
    let path = json!(path.display().to_string());
    // Decoded by the shell: base64 is of no other use here.
    let file = format!("{}.base64", path.as_str().unwrap());
    fs::write(&file, shot["data"].as_str().unwrap()).unwrap();
    let decoded = std::process::Command::new("base64")
        .args(["-d", &file])
        .output()
        .unwrap();
    fs::write(path.as_str().unwrap(), decoded.stdout).unwrap();
    fs::remove_file(file).unwrap();
}

#[test]
#[ignore = "makes pictures to look at; set REPORT_SCREENSHOTS to a folder"]
fn screenshots_by_hand() {
    let folder = env::var_os("REPORT_SCREENSHOTS").expect("REPORT_SCREENSHOTS names a folder");
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).unwrap();
    let only = env::var("REPORT_ONLY").unwrap_or_default();
    let kinds: [(&str, usize, &[&str], usize, usize); 7] = [
        ("two", 1200, &TEN[..2], 7, 10),
        ("three", 12, &TEN[..3], 7, 10),
        ("ten", 5000, &TEN, 7, 10),
        ("deep", 5000, &TEN[..3], 31, 10),
        ("deep-ten", 5000, &WORLD, 31, 10),
        ("one-layer", 240, &TEN[..4], 1, 8),
        ("long", 400, &LONG, 4, 12),
    ];
    for (name, texts, names, layers, side) in kinds {
        if !only.is_empty() && !only.split(',').any(|wanted| wanted == name) {
            continue;
        }
        let scan = Scan::new(texts, names, layers, side);
        let path = folder.join(format!("{name}.html"));
        crate::save(&scan.report(), &path);
        let mut page = Browser::start(tempfile::tempdir().unwrap());
        page.open(&path);
        page.click("#query");
        page.type_in("comet");
        page.eval("new Promise((done) => setTimeout(done, 500))");
        page.eval("document.querySelector('#results button')?.click()");
        for (width, scheme) in [
            (1280, "light"),
            (1280, "dark"),
            (400, "light"),
            (780, "print"),
        ] {
            if scheme == "print" {
                let print = json!({ "media": "print", "features": [] });
                page.call("Emulation.setEmulatedMedia", print);
            } else {
                page.prefer(scheme);
            }
            page.size(width, 900);
            page.eval("new Promise((done) => setTimeout(done, 900))");
            page.eval("window.scrollTo({ top: 0, behavior: 'instant' })");
            photograph(
                &mut page,
                &folder.join(format!("{name}-{width}-{scheme}.png")),
            );
        }
    }
}

#[test]
#[ignore = "times a large page; run by hand on a quiet machine"]
fn sixty_thousand_texts_by_hand() {
    let scan = Scan::new(60_000, &TEN[..4], 7, 10);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let started = std::time::Instant::now();
    crate::save(&scan.report(), &path);
    let written = started.elapsed().as_secs_f64();
    let bytes = fs::metadata(&path).unwrap().len();
    let mut page = Browser::start(folder);
    for run in 1..=5 {
        page.open(&path);
        let check = page.eval("({ ...document.querySelector('#self-check').dataset })");
        assert_eq!(check["ok"], json!("true"));
        eprintln!(
            "60,000 texts x 7 layers, run {run}: {:.1} MB, written in {written:.1} s, pictures drawn after \
             {} ms, everything read and checked after {} ms",
            bytes as f64 / 1e6,
            check["drawnMs"].as_str().unwrap(),
            check["openedMs"].as_str().unwrap(),
        );
        page.eval("document.querySelector('#self-check').dataset.ok = ''");
    }
}
