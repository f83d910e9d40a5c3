use std::fs;
use std::path::Path;

#[test]
fn the_first_example_of_the_readme_is_the_quickstart() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let (_, rest) = readme.split_once("```rust\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    let example = fs::read_to_string(root.join("examples/quickstart.rs")).unwrap();
    let code: Vec<&str> = example.lines().filter(|l| !l.starts_with("//!")).collect();
    assert_eq!(shown.trim(), code.join("\n").trim());
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "docs/differences.md",
    ] {
        let path = root.join(name);
        let text = fs::read_to_string(&path).unwrap();
        let targets = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let file = path.parent().unwrap().join(target);
            assert!(
                file.exists(),
                "{name} links to {target}, which is not there"
            );
        }
    }
}
