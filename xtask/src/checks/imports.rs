//! No two files of a crate import each other, not even by way of others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::checks::paths::{Import, imports};
use crate::shell::{output, root, source_files};

/// A module by its path from the root of its crate; the root itself is empty.
type Module = Vec<String>;

/// Re-exports of re-exports that are followed; none of ours is deeper than three.
const MAX_REEXPORTS: usize = 8;

/// The modules of one crate with what each imports.
#[derive(Default)]
struct Crate {
    modules: BTreeMap<Module, Vec<Import>>,
}

/// Fails on a cycle of imports between files, and on an import through the root of its own crate.
pub(crate) fn check_imports() -> Result<()> {
    let listed = output(&mut source_files("crates/*.rs"))?;
    let mut crates: BTreeMap<String, Crate> = BTreeMap::new();
    for name in listed.lines() {
        let Some((package, file)) = name.split_once("/src/") else {
            continue;
        };
        let path = root().join(name);
        if !path.exists() {
            continue;
        }
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        let module = module_of(file);
        let found = imports(&text, &module);
        let of_crate = crates.entry(package.to_owned()).or_default();
        of_crate.modules.entry(module).or_default().extend(found);
    }
    let problems: Vec<String> = crates
        .iter()
        .flat_map(|(package, of_crate)| {
            let problems = of_crate.problems();
            problems
                .into_iter()
                .map(move |text| format!("{package}: {text}"))
        })
        .collect();
    if problems.is_empty() {
        println!("no file imports itself by way of others");
        return Ok(());
    }
    for problem in &problems {
        println!("{problem}");
    }
    bail!(
        "{} cycles or imports through a crate's root",
        problems.len()
    )
}

/// `a/b.rs` and `a/b/mod.rs` are both `[a, b]`.
fn module_of(file: &str) -> Module {
    let file = Path::new(file).with_extension("");
    let mut module: Module = file
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let is_front = |last: &String| ["lib", "main", "mod"].contains(&last.as_str());
    module.pop_if(|last| is_front(last));
    module
}

impl Crate {
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut graph: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
        for (module, imports) in &self.modules {
            let targets = graph.entry(module).or_default();
            for import in imports.iter().filter(|import| !import.is_reexport) {
                // The root may import everything.
                if module.is_empty() {
                    continue;
                }
                let holder = self.holder(&import.path);
                if holder.is_some_and(|(found, _)| found.is_empty()) {
                    let name = import.path.join("::");
                    problems.push(format!("{} imports crate::{name}", show(module)));
                    continue;
                }
                let target = self.resolve(&import.path, MAX_REEXPORTS);
                targets.extend(target.filter(|target| *target != module));
            }
        }
        problems.extend(cycles(&graph));
        problems
    }

    /// The innermost module on a path.
    fn holder(&self, path: &[String]) -> Option<(&Module, &Vec<Import>)> {
        let mut lengths = (0..=path.len()).rev();
        lengths.find_map(|n| self.modules.get_key_value(&path[..n]))
    }

    /// The module whose file has the item at a path, followed through re-exports.
    fn resolve(&self, path: &[String], depth: usize) -> Option<&Module> {
        let (module, imports) = self.holder(path)?;
        let Some(name) = path.get(module.len()) else {
            return Some(module);
        };
        let reexport = imports
            .iter()
            .find(|import| import.is_reexport && import.name() == Some(name.as_str()));
        match reexport {
            Some(import) if depth > 0 => self.resolve(&import.path, depth - 1),
            _ => Some(module),
        }
    }
}

/// One cycle for each module that is on any and on none named before.
fn cycles(graph: &BTreeMap<&Module, BTreeSet<&Module>>) -> Vec<String> {
    let mut named: BTreeSet<&Module> = BTreeSet::new();
    let mut found = Vec::new();
    for &start in graph.keys() {
        if named.contains(start) {
            continue;
        }
        if let Some(cycle) = way_back(graph, start) {
            let words: Vec<String> = cycle.iter().map(|module| show(module)).collect();
            found.push(words.join(" → "));
            named.extend(cycle);
        }
    }
    found
}

/// The shortest way from a module back to itself.
fn way_back<'a>(
    graph: &BTreeMap<&'a Module, BTreeSet<&'a Module>>,
    start: &'a Module,
) -> Option<Vec<&'a Module>> {
    let mut ways = vec![vec![start]];
    let mut seen = BTreeSet::new();
    let mut at = 0;
    while let Some(way) = ways.get(at).cloned() {
        at += 1;
        let &last = way.last()?;
        for &next in &graph[last] {
            let mut longer = way.clone();
            longer.push(next);
            if next == start {
                return Some(longer);
            }
            if graph.contains_key(next) && seen.insert(next) {
                ways.push(longer);
            }
        }
    }
    None
}

fn show(module: &Module) -> String {
    if module.is_empty() {
        return "crate".to_owned();
    }
    module.join("::")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_files(files: &[(&str, &str)]) -> Vec<String> {
        let mut of_crate = Crate::default();
        for (file, text) in files {
            let module = module_of(file);
            let found = imports(text, &module);
            of_crate.modules.insert(module, found);
        }
        of_crate.problems()
    }

    #[test]
    fn a_cycle_is_named_once() {
        let problems = of_files(&[
            ("lib.rs", "mod a; mod b; mod c; pub use a::A;"),
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "use crate::c::{self, C};"),
            ("c.rs", "fn f() { crate::a::g() }"),
        ]);
        assert_eq!(problems, ["a → b → c → a"]);
    }

    #[test]
    fn reexports_lead_to_the_file_that_defines() {
        let files = [
            ("lib.rs", "mod a;"),
            (
                "a/mod.rs",
                "mod x; mod y; pub(crate) use x::{X, X2 as Other};",
            ),
            ("a/x.rs", "pub(crate) struct X;"),
            ("a/y.rs", "use super::X;"),
        ];
        assert_eq!(of_files(&files), Vec::<String>::new());
        let mut cyclic = files;
        cyclic[2].1 = "use super::y::Y;";
        assert_eq!(of_files(&cyclic), ["a::x → a::y → a::x"]);
    }

    #[test]
    fn the_root_is_no_thoroughfare() {
        let problems = of_files(&[
            ("lib.rs", "mod a; mod b; pub use a::A;"),
            ("a.rs", "pub struct A;"),
            ("b.rs", "use crate::A; use crate::a::A as B; use super::a;"),
        ]);
        assert_eq!(problems, ["b imports crate::A"]);
    }
}
