use std::fs;
use std::path::Path;

use crate::common::takes_all;

/// Replaces a section of `docs/reliability.md`, between two comments with its name, if all cases
/// were taken.
#[allow(
    clippy::print_stdout,
    reason = "what was tried is the result of the harness"
)]
pub(crate) fn write(section: &str, lines: &[String]) {
    for line in lines {
        println!("{line}");
    }
    if !takes_all() {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reliability.md");
    let page = fs::read_to_string(&path).unwrap();
    let [begin, end] = [
        format!("<!-- {section} -->"),
        format!("<!-- end of {section} -->"),
    ];
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    let table = lines.join("\n");
    fs::write(&path, format!("{before}{begin}\n{table}\n{end}{after}")).unwrap();
}
