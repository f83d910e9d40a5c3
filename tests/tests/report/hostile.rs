use serde_json::json;

use crate::made_up::Scan;
use crate::opened;

/// Ways to run something from within text, an attribute, a script and a block of data.
const ATTACKS: [&str; 5] = [
    "</script><img src=x onerror=\"window.hostile=1\">",
    "</title></style><script>window.hostile=2</script>",
    "\"><svg onload=window.hostile=3></svg><iframe srcdoc=\"<script>parent.hostile=4</script>\">",
    "{{script}}<!--<script>--><a href=\"javascript:window.hostile=5\">x</a>",
    "<link rel=stylesheet href=//example.invalid/x.css>&lt;b&gt;\u{202e}\u{0}",
];

#[test]
#[ignore = "needs Chromium: cargo xtask test"]
fn texts_and_labels_are_shown_and_never_run() {
    let mut scan = Scan::new(60, &ATTACKS, 3, 4).named(ATTACKS[0]);
    for (i, text) in scan.texts.iter_mut().enumerate() {
        *text = format!("{i} {}", ATTACKS[i % ATTACKS.len()]);
    }
    let mut page = opened(&scan);
    // Show as much as there is to be shown: a region, a text, tooltips, tables.
    page.eval("document.querySelector('#counts canvas').focus()");
    page.key("ArrowRight");
    page.click("#query");
    page.type_in("onerror");
    page.wait_for("document.querySelectorAll('#results li').length > 1");
    page.click("#results button");
    page.wait_for("document.querySelector('#text-panel blockquote')");
    page.hover("#points canvas");
    page.hover("#graph canvas");
    page.eval("document.querySelectorAll('details').forEach((d) => { d.open = true; })");
    page.wait_for("document.querySelectorAll('details table').length > 5");
    assert_eq!(page.words("h1"), ATTACKS[0]);
    let quoted = page.words("#text-panel blockquote");
    assert!(scan.texts.contains(&quoted), "{quoted}");
    assert_eq!(page.eval("typeof window.hostile"), json!("undefined"));
    let alien = "document.querySelectorAll('img, iframe, object, embed, link, base, svg[onload], a[href^=javascript]').length";
    assert_eq!(page.eval(alien), json!(0));
    assert_eq!(
        page.eval("document.querySelectorAll('script, style').length"),
        json!(4)
    );
    page.assert_quiet();
}
