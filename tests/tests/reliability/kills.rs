use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{
    Arguments, Home, Tree, copy, difference, in_parallel, program, random, run, takes_all, tree,
};
use crate::table;

/// Calls at which a command is killed where not all are taken.
const PART: usize = 12;

/// A command that writes.
struct Case {
    /// As the table has it.
    name: &'static str,
    /// What is copied to the place it writes to before it runs.
    before: Option<&'static str>,
    /// The arguments, given the name of the place it writes to.
    args: fn(&Home, &str) -> Arguments,
}

const CASES: [Case; 11] = [
    Case {
        name: "scan",
        before: None,
        args: |home, out| home.recording("scan", "a.csv", out, &["--grid", "4"]),
    },
    Case {
        name: "scan --force on another scan",
        before: Some("other"),
        args: |home, out| home.recording("scan", "a.csv", out, &["--grid", "4", "--force"]),
    },
    Case {
        name: "extract",
        before: None,
        args: |home, out| home.recording("extract", "a.csv", out, &["--sites", "resid,mlp_act"]),
    },
    Case {
        name: "merge",
        before: None,
        args: |home, out| home.command("merge", &[out, "part1", "part2"], &["--quiet"]),
    },
    Case {
        name: "reduce",
        before: Some("scan"),
        args: |home, out| home.command("reduce", &[out], &["--reducer", "svd", "--quiet"]),
    },
    Case {
        name: "reduce to 3 components",
        before: Some("scan"),
        args: |home, out| home.command("reduce", &[out], &["--components", "3", "--quiet"]),
    },
    Case {
        name: "graph",
        before: Some("scan"),
        args: |home, out| home.command("graph", &[out], &["--permutations", "20", "--quiet"]),
    },
    Case {
        name: "report",
        before: Some("scan"),
        args: |home, out| home.command("report", &[out], &["--quiet"]),
    },
    Case {
        name: "report --out FILE",
        before: None,
        args: |home, out| {
            let page = home.at(out).to_str().unwrap().to_owned();
            home.command("report", &["scan"], &["--quiet", "--out", &page])
        },
    },
    Case {
        name: "diff -o DIR",
        before: None,
        args: |home, out| diff(home, out, &[]),
    },
    Case {
        name: "diff --force -o DIR",
        before: Some("tables"),
        args: |home, out| diff(home, out, &["--force"]),
    },
];

fn diff(home: &Home, out: &str, more: &[&str]) -> Arguments {
    let out = home.at(out).to_str().unwrap().to_owned();
    let mut words = vec!["--quiet", "--quality-neighbors", "4", "-o", &out];
    words.extend(more);
    home.command("diff", &["scan", "maps"], &words)
}

/// All that the commands read.
fn prepare() -> Home {
    let home = Home::new();
    run(&home.recording("scan", "a.csv", "scan", &["--grid", "4"]));
    run(&home.recording("scan", "b.csv", "other", &["--reducer", "svd"]));
    copy(&home.at("scan"), &home.at("maps"));
    run(&home.command("reduce", &["maps"], &["--reducer", "svd", "--quiet"]));
    for shard in ["1", "2"] {
        let more = ["--shard", &format!("{shard}/2"), "--sites", "resid,mlp_act"];
        run(&home.recording("extract", "a.csv", &format!("part{shard}"), &more));
    }
    let tables = home.at("tables").to_str().unwrap().to_owned();
    run(&home.command("diff", &["scan", "maps"], &["--quiet", "-o", &tables]));
    home
}

/// The library that counts calls, compiled.
fn shim(home: &Home) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reliability/shim.c");
    let library = home.at("shim.so");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(source)
        .arg("-ldl");
    assert!(cc.status().unwrap().success());
    library
}

/// The program with the library, for a place that it writes to.
fn watched(shim: &Path, place: &Path, args: &Arguments) -> Command {
    let mut command = program();
    command
        .args(args)
        .env("LD_PRELOAD", shim)
        .env("MRI_SHIM_ROOT", place);
    command
}

/// Puts what was there before the command to its place.
fn begin(home: &Home, case: &Case, place: &Path) {
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    if let Some(before) = case.before {
        copy(&home.at(before), place);
    }
}

/// Sends a command a signal at one of its calls, runs it again, and says what is not as it should
/// be; or whether it stopped.
fn stop(
    home: &Home,
    shim: &Path,
    case: &Case,
    (at, signal): (usize, i32),
    expected: &Tree,
) -> Result<bool, String> {
    let out = format!("work/{}-{at}-{signal}/out", case.name.replace(' ', "-"));
    let place = home.at(&out);
    begin(home, case, &place);
    let args = (case.args)(home, &out);
    let mut command = watched(shim, &place, &args);
    command.env("MRI_SHIM_AT", at.to_string());
    let stopped = command
        .env("MRI_SHIM_SIGNAL", signal.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&stopped.stderr).into_owned();
    let in_time = stopped.status.code() == Some(128 + signal);
    if in_time && !(said.lines().count() == 1 && said.contains("run the same command again")) {
        return Err(format!("says {said:?}"));
    }
    if !in_time && !stopped.status.success() {
        return Err(format!("{}: {said}", stopped.status));
    }
    let again = program().args(&args).output().unwrap();
    if !again.status.success() {
        let said = String::from_utf8_lossy(&again.stderr).into_owned();
        return Err(format!("cannot be run again: {}", said.trim()));
    }
    difference(&tree(&place), expected).map_or(Ok(in_time), Err)
}

#[test]
#[ignore = "a step of its own: cargo xtask ci reliability"]
fn reliability_of_stopped_commands() {
    let home = prepare();
    let shim = shim(&home);
    let mut lines = vec![
        "| Command | Signals sent | Stopped, and told how to go on | Done before | Same bytes after \
         a second run |"
            .to_owned(),
        "|---|---:|---:|---:|---:|".to_owned(),
    ];
    let mut problems = Vec::new();
    let with_steps = ["scan", "extract", "reduce", "graph", "report"];
    for case in CASES.iter().filter(|case| with_steps.contains(&case.name)) {
        let (expected, calls) = undisturbed(&home, &shim, case);
        let n = calls.lines().count();
        let tried = if takes_all() { n.min(40) } else { 4 };
        // SIGINT and SIGTERM in turn, at even distances.
        let points: Vec<(usize, i32)> = (0..tried)
            .map(|i| (1 + i * n / tried, [2, 15][i % 2]))
            .collect();
        let found = in_parallel(&points, |&point| stop(&home, &shim, case, point, &expected));
        let stopped = found.iter().filter(|found| **found == Ok(true)).count();
        let held = found.iter().filter(|found| found.is_ok()).count();
        lines.push(format!(
            "| `{}` | {tried} | {stopped} | {} | {held} |",
            case.name,
            held - stopped
        ));
        if stopped == 0 {
            problems.push(format!("{} never stops", case.name));
        }
        problems.extend(points.iter().zip(found).filter_map(|((at, _), found)| {
            let problem = found.err()?;
            Some(format!("{} stopped at call {at}: {problem}", case.name))
        }));
    }
    table::write("signals", &lines);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Kills a command at one of its calls, runs it again, and says what is not as it should be.
fn kill(home: &Home, shim: &Path, case: &Case, at: usize, expected: &Tree) -> Option<String> {
    let out = format!("work/{}-{at}/out", case.name.replace(' ', "-"));
    let place = home.at(&out);
    begin(home, case, &place);
    let args = (case.args)(home, &out);
    let killed = watched(shim, &place, &args)
        .env("MRI_SHIM_AT", at.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&killed.stderr).into_owned();
    if killed.status.signal() != Some(9) {
        return Some(format!("not killed: {} {said}", killed.status));
    }
    let again = program().args(&args).output().unwrap();
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    if !again.status.success() {
        return Some(format!("cannot be run again: {}", said.trim()));
    }
    let beside = fs::read_dir(place.parent().unwrap()).unwrap().count();
    let problem = difference(&tree(&place), expected).or((beside != 1).then(|| "leftovers".into()));
    let _ = fs::remove_dir_all(place.parent().unwrap());
    problem
}

#[test]
#[ignore = "a step of its own: cargo xtask ci reliability"]
fn reliability_of_killed_commands() {
    let home = prepare();
    let shim = shim(&home);
    let mut lines = vec![
        "| Command | Calls | of these | Killed at | Same bytes after a second run |".to_owned(),
        "|---|---:|---|---:|---:|".to_owned(),
    ];
    let mut problems = Vec::new();
    let mut seed = 13;
    for case in &CASES {
        let (expected, calls) = undisturbed(&home, &shim, case);
        let kinds = kinds(&calls);
        let n = calls.lines().count();
        let points: Vec<usize> = if takes_all() || n <= PART {
            (1..=n).collect()
        } else {
            (0..PART)
                .map(|i| 1 + i * n / PART + random(&mut seed, n / PART))
                .collect()
        };
        let found = in_parallel(&points, |&at| {
            let problem = kill(&home, &shim, case, at, &expected)?;
            let call = calls.lines().nth(at - 1).unwrap_or_default();
            Some(format!(
                "{} killed at call {at} ({call}): {problem}",
                case.name
            ))
        });
        let bad: Vec<String> = found.into_iter().flatten().collect();
        lines.push(format!(
            "| `{}` | {n} | {kinds} | {} | {} |",
            case.name,
            points.len(),
            points.len() - bad.len()
        ));
        problems.extend(bad);
    }
    table::write("kills", &lines);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What a command writes that nobody disturbs, and its calls.
fn undisturbed(home: &Home, shim: &Path, case: &Case) -> (Tree, String) {
    let out = format!("whole/{}/out", case.name.replace(' ', "-"));
    let place = home.at(&out);
    begin(home, case, &place);
    let log = home.at("log");
    let args = (case.args)(home, &out);
    let whole = watched(shim, &place, &args)
        .env("MRI_SHIM_LOG", &log)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&whole.stderr);
    assert!(whole.status.success(), "{}: {said}", case.name);
    let calls = fs::read_to_string(&log).unwrap();
    fs::remove_file(&log).unwrap();
    (tree(&place), calls)
}

/// How many calls of each kind there are.
fn kinds(calls: &str) -> String {
    let mut counts = BTreeMap::<&str, usize>::new();
    for line in calls.lines() {
        let (call, _) = line.split_once(' ').unwrap_or((line, ""));
        *counts.entry(call).or_default() += 1;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(call, n)| format!("{n} {call}"))
        .collect();
    counts.join(", ")
}
