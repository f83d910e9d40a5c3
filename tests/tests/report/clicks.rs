use mri_grid::Cell;
use serde_json::json;

use crate::browser::Browser;
use crate::made_up::Scan;
use crate::opened;

const NAMES: [&str; 3] = ["law", "music", "astronomy"];

/// Every element of a list of words.
fn list(page: &mut Browser, selector: &str) -> Vec<String> {
    let all = format!(
        "Array.from(document.querySelectorAll({}), (e) => e.innerText.trim())",
        json!(selector)
    );
    let value = page.eval(&all);
    let words = value.as_array().unwrap().iter();
    words
        .map(|word| word.as_str().unwrap().to_owned())
        .collect()
}

#[test]
#[ignore = "needs Chromium: cargo xtask test"]
fn every_view_answers_and_says_what_the_library_says() {
    let scan = Scan::new(300, &NAMES, 5, 6);
    let mut page = opened(&scan);
    let check = page.eval("({ ...document.querySelector('#self-check').dataset })");
    let graph = scan.graph.graph();
    assert_eq!(check["regions"], json!(graph.node_count().to_string()));
    assert_eq!(check["edges"], json!(graph.edge_count().to_string()));

    layers(&mut page);
    categories(&mut page, &scan);
    region(&mut page, &scan);
    search_and_path(&mut page, &scan);
    contrasts(&mut page, &scan);
    graph_view(&mut page);
    tables(&mut page, &scan);
    themes_sizes_and_print(&mut page);
    page.assert_quiet();
}

fn layers(page: &mut Browser) {
    assert_eq!(page.words("#layer-name"), "Layer 4");
    page.click("#layer-back");
    page.wait_for("document.querySelector('#layer-name').innerText === 'Layer 3'");
    page.eval("document.querySelector('#layer').focus()");
    page.key("ArrowLeft");
    page.wait_for("document.querySelector('#layer-name').innerText === 'Layer 2'");
    page.click("#strip .thumb:first-child");
    page.wait_for("document.querySelector('#layer-name').innerText === 'Embedding'");
    assert!(page.words("#points .note").contains("one point"));
    page.eval("document.activeElement.blur()");
    page.key("ArrowRight");
    page.wait_for("document.querySelector('#layer-name').innerText === 'Layer 1'");
    page.click("#layer-play");
    page.wait_for("document.querySelector('#layer-name').innerText === 'Layer 4'");
    page.wait_for("document.querySelector('#layer-play').getAttribute('aria-pressed') === 'false'");
}

fn categories(page: &mut Browser, scan: &Scan) {
    let counts = scan.grids.labels().category_counts();
    let note =
        |n: usize, of: &str| format!("Layer 4: {n} texts of {of}. One scale for all layers.");
    assert_eq!(page.words("#counts .note"), note(300, "all categories"));
    page.click(".chip:nth-child(2)");
    page.wait_for("document.querySelector('.chip').getAttribute('aria-pressed') === 'false'");
    assert_eq!(page.words("#counts .note"), note(counts[1], "music"));
    page.click(".chip:nth-child(3)");
    let both = note(counts[1] + counts[2], "music, astronomy");
    page.wait_for(&format!(
        "document.querySelector('#counts .note').innerText === {}",
        json!(both)
    ));
    page.click(".chip-all");
    page.wait_for("document.querySelector('.chip').getAttribute('aria-pressed') === 'true'");
}

/// Walks with the arrow keys to the fullest cell of the last layer and reads what is said of it.
fn region(page: &mut Browser, scan: &Scan) {
    let (layer, grid) = scan.grids.iter().last().unwrap();
    let all = grid.counts(scan.grids.labels());
    let texts = |cell: Cell| -> u32 {
        (0..NAMES.len())
            .map(|c| all[(c, usize::from(cell.x), usize::from(cell.y))])
            .sum()
    };
    let cells = (0..6).flat_map(|x| (0..6).map(move |y| Cell { x, y }));
    let cell = cells.max_by_key(|&cell| texts(cell)).unwrap();
    page.eval("document.querySelector('#counts canvas').focus()");
    page.key("ArrowUp");
    // The first key selects the middle of the grid.
    for (now, wanted, less, more) in [
        (3, cell.x, "ArrowLeft", "ArrowRight"),
        (3, cell.y, "ArrowDown", "ArrowUp"),
    ] {
        for _ in 0..wanted.abs_diff(now) {
            page.key(if wanted < now { less } else { more });
        }
    }
    let title = json!(format!("Region 4_{cell}"));
    page.wait_for(&format!(
        "document.querySelector('#region-title').innerText === {title}"
    ));
    let n = texts(cell);
    let note = page.words("#region-note");
    assert!(note.contains(&format!(": {n} texts")), "{note}");

    let mut expected: Vec<String> = (0..NAMES.len())
        .map(|c| all[(c, usize::from(cell.x), usize::from(cell.y))])
        .filter(|&n| n > 0)
        .map(|n| n.to_string())
        .collect();
    let mut shown = list(page, "#region-body .counts td.number:not(.muted)");
    expected.sort();
    shown.sort();
    assert_eq!(shown, expected);

    let words = &grid.words(&scan.texts, 10)[&cell];
    let expected: Vec<String> = words.iter().map(|word| word.word.clone()).collect();
    assert_eq!(list(page, "#region-body .words li"), expected);

    let points = scan.embedding.get(layer).unwrap().coordinates.view();
    let typical = grid.typical_rows(cell, points);
    let first: Vec<String> = typical
        .iter()
        .take(8)
        .map(|row| format!("row {row}"))
        .collect();
    assert_eq!(list(page, "#region-body .text-head .muted"), first);
    if typical.len() > 8 {
        page.click("#region-body .more");
        let shown = typical.len().min(32);
        page.wait_for(&format!(
            "document.querySelectorAll('#region-body .texts li').length === {shown}"
        ));
    }
    page.click("#region-body .texts li:nth-child(2) button");
    let chosen = json!(format!("Row {}", typical[1]));
    page.wait_for(&format!(
        "document.querySelector('#text-panel h3')?.innerText === {chosen}"
    ));
}

fn search_and_path(page: &mut Browser, scan: &Scan) {
    page.click("#query");
    page.type_in("no such words");
    page.wait_for("document.querySelector('#search-note').innerText.startsWith('No text')");
    page.eval("document.querySelector('#query').value = ''");
    page.type_in("about LAW: the comet");
    let has = |text: &&String| {
        let lower = text.to_lowercase();
        ["about", "law:", "the", "comet"]
            .iter()
            .all(|word| lower.contains(word))
    };
    let found = scan.texts.iter().filter(has).count();
    assert!(found > 0 && found <= 50);
    page.wait_for(&format!(
        "document.querySelectorAll('#results li').length === {found}"
    ));
    assert_eq!(
        page.eval("document.querySelectorAll('#results mark').length"),
        json!(found)
    );

    page.eval("document.querySelector('#query').value = ''");
    page.click("#query");
    page.type_in("#42");
    page.wait_for("document.querySelector('#results .muted')?.innerText.trim() === 'row 42'");
    page.click("#results button");
    page.wait_for("document.querySelector('#text-panel h3')?.innerText === 'Row 42'");
    assert_eq!(page.words("#text-panel blockquote"), scan.texts[42]);
    let path = scan.graph.path(&scan.grids, 42).unwrap();
    let expected: Vec<String> = path
        .iter()
        .map(|&node| scan.graph.graph()[node].label())
        .collect();
    assert_eq!(list(page, "#text-panel tbody td:nth-child(2)"), expected);
    // The text takes its region along from layer to layer.
    page.click("#layer-back");
    let title = json!(format!("Region {}", expected[3]));
    page.wait_for(&format!(
        "document.querySelector('#region-title').innerText === {title}"
    ));
    page.click("#layer-next");
}

fn contrasts(page: &mut Browser, scan: &Scan) {
    let names = list(page, "#difference option");
    assert_eq!(
        names,
        [
            "law against rest",
            "music against rest",
            "astronomy against rest"
        ]
    );
    page.eval(
        "(() => { const choice = document.querySelector('#difference select');
            choice.value = 2; choice.dispatchEvent(new Event('change')); })()",
    );
    page.wait_for(
        "document.querySelector('#layers-note').innerText.startsWith('astronomy against rest')",
    );
    let report = scan.report();
    let (_, verdicts) = &report.contrasts[2];
    let path = scan.graph.path(&scan.grids, 42).unwrap();
    let cell = scan.graph.graph()[path[4]].cell;
    let item = verdicts[4]
        .items
        .iter()
        .find(|item| item.item == cell)
        .unwrap();
    let said = page.words("#region-body dl");
    let points = format!("{:.1}", 100.0 * item.effect.abs());
    assert!(said.contains(&points), "{said} has no {points}");
    let p = match item.p {
        p if p < 0.0001 => "< 0.0001".to_owned(),
        p if p < 0.01 => format!("{p:.4}"),
        p => format!("{p:.3}"),
    };
    assert!(said.contains(&p), "{said} has no {p}");
    assert!(
        page.words("#difference .note")
            .contains("Benjamini–Hochberg")
    );
}

fn graph_view(page: &mut Browser) {
    page.eval("document.querySelector('#graph canvas').focus()");
    page.key("Escape");
    page.wait_for("document.querySelector('#region-title').innerText === 'Region'");
    page.key("ArrowDown");
    page.wait_for("document.querySelector('#region-title').innerText.startsWith('Region 4_')");
    page.key("ArrowLeft");
    page.wait_for("document.querySelector('#region-title').innerText.startsWith('Region 3_')");
    // Where everything is in one circle, the layer's, the pointer finds it.
    let before = page.words("#graph output");
    assert!(before.contains("edge"), "{before}");
    page.click("#graph [aria-label='Zoom in']");
    page.hover("#graph canvas");
    page.click("#graph [aria-label='Show all']");
    page.eval(
        "(() => { const budget = document.querySelector('#graph input[type=range]');
            budget.value = 0; budget.dispatchEvent(new Event('input')); })()",
    );
    page.wait_for("/^50 of [\\d,]+ edges, \\d+ % of the texts’ transitions$/.test(document.querySelector('#graph output').innerText)");
    page.hover("#difference canvas");
    page.hover("#points canvas");
    page.hover("#distance canvas");
    page.wait_for("!document.querySelector('#tip').hidden");
    page.click("#distance canvas");
    page.wait_for("document.querySelector('#layer-name').innerText === 'Layer 2'");
}

fn tables(page: &mut Browser, scan: &Scan) {
    let behind = page.eval("document.querySelectorAll('.behind').length");
    assert_eq!(behind, json!(5), "there is a table behind every canvas");
    for i in 0..5 {
        let summary = format!("document.querySelectorAll('.behind summary')[{i}]");
        page.eval(&format!("{summary}.id = 'opened'"));
        page.click("#opened");
        page.wait_for(&format!(
            "{summary}.parentElement.querySelectorAll('tbody tr').length > 0"
        ));
        page.eval(&format!("{summary}.id = ''"));
    }
    let regions = scan
        .graph
        .graph()
        .node_weights()
        .filter(|node| node.position == 2)
        .count();
    page.wait_for(&format!(
        "document.querySelectorAll('#counts tbody tr').length === {regions}"
    ));
    let headings = list(page, "#numbers summary");
    assert_eq!(headings[0], "Metrics of the graphs");
    assert_eq!(headings.len(), 3);
    page.click("#numbers details:last-child summary");
    page.wait_for("document.querySelector('#numbers details:last-child').open");
    assert_eq!(list(page, "#numbers details:last-child tbody tr").len(), 5);
    assert!(page.words("#made").contains("all-MiniLM-L6-v2"));
}

fn themes_sizes_and_print(page: &mut Browser) {
    page.prefer("dark");
    page.wait_for("document.documentElement.dataset.theme === 'dark'");
    page.prefer("light");
    page.wait_for("document.documentElement.dataset.theme === 'light'");
    for width in [400, 800, 1280] {
        page.size(width, 900);
        page.wait_for(&format!("document.documentElement.scrollWidth <= {width}"));
    }
    let pdf = page.call("Page.printToPDF", json!({ "printBackground": true }));
    // "%PDF" in base64.
    assert!(pdf["data"].as_str().unwrap().starts_with("JVBERi"));
}

#[test]
#[ignore = "needs Chromium: cargo xtask test"]
fn what_is_not_there_is_said() {
    let scan = Scan::new(12, &["only"], 1, 3);
    let mut page = opened(&scan);
    assert!(page.words("#difference").contains("nothing to compare"));
    assert!(page.words("#graph").contains("nowhere to move"));
    assert_eq!(
        page.eval("document.querySelector('#layer').disabled"),
        json!(true)
    );
    page.assert_quiet();
}
