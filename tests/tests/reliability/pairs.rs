use std::collections::BTreeMap;
use std::process::{Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::common::{
    Arguments, Home, Tree, copy, difference, in_parallel, program, random, run, takes_all, tree,
};
use crate::table;

/// Delays of the second command of every pair.
const DELAYS: usize = 20;
/// The same where not all cases are taken.
const PART: usize = 2;

/// The arguments of a command, given the name of a scan.
type Command = fn(&Home, &str) -> Arguments;

/// Commands that write into a finished scan.
const WRITERS: [(&str, Command); 6] = [
    ("scan", |home, out| {
        home.recording("scan", "a.csv", out, &["--grid", "5"])
    }),
    ("extract", |home, out| {
        home.recording("extract", "a.csv", out, &[])
    }),
    ("reduce", |home, out| {
        home.command("reduce", &[out], &["--reducer", "svd", "--quiet"])
    }),
    ("reduce --align", |home, out| {
        home.command("reduce", &[out], &["--align", "--quiet"])
    }),
    ("graph", |home, out| {
        home.command("graph", &[out], &["--permutations", "20", "--quiet"])
    }),
    ("report", |home, out| {
        home.command("report", &[out], &["--quiet"])
    }),
];

/// What commands give that run alone, and one after the other.
struct Alone {
    one: Vec<Tree>,
    both: BTreeMap<(usize, usize), Tree>,
    /// How long the slowest takes.
    time: Duration,
}

fn alone(home: &Home) -> Alone {
    let n = WRITERS.len();
    let runs: Vec<Vec<usize>> = (0..n)
        .map(|a| vec![a])
        .chain((0..n).flat_map(|a| (0..n).map(move |b| vec![a, b])))
        .collect();
    let results = in_parallel(&runs, |run_of| {
        let out = format!("alone/{run_of:?}");
        copy(&home.at("scan"), &home.at(&out));
        let start = Instant::now();
        for &writer in run_of {
            run(&WRITERS[writer].1(home, &out));
        }
        (tree(&home.at(&out)), start.elapsed() / run_of.len() as u32)
    });
    let time = results
        .iter()
        .map(|(_, time)| *time)
        .max()
        .unwrap_or_default();
    let mut trees = results.into_iter().map(|(tree, _)| tree);
    let one = trees.by_ref().take(n).collect();
    let both = (0..n)
        .flat_map(|a| (0..n).map(move |b| (a, b)))
        .zip(trees)
        .collect();
    Alone { one, both, time }
}

/// How a pair ended.
enum Outcome {
    OneAfterTheOther,
    OneRefused,
    Problem(String),
}

fn was_refused(output: &Output) -> bool {
    let said = String::from_utf8_lossy(&output.stderr);
    output.status.code() == Some(1) && said.contains("is writing into this folder")
}

fn pair(home: &Home, alone: &Alone, a: usize, b: usize, delay: Duration) -> Outcome {
    let out = format!("pairs/{a}-{b}-{}", delay.as_micros());
    copy(&home.at("scan"), &home.at(&out));
    let start = |writer: usize| {
        let mut command = program();
        command.args(WRITERS[writer].1(home, &out));
        command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let first = start(a);
    sleep(delay);
    let second = start(b);
    let [first, second] = [first, second].map(|child| child.wait_with_output().unwrap());
    let found = tree(&home.at(&out));
    let expected = match (first.status.success(), second.status.success()) {
        (true, true) => vec![&alone.both[&(a, b)], &alone.both[&(b, a)]],
        (true, false) if was_refused(&second) => vec![&alone.one[a]],
        (false, true) if was_refused(&first) => vec![&alone.one[b]],
        _ => {
            let said = [&first, &second].map(|o| String::from_utf8_lossy(&o.stderr).into_owned());
            return Outcome::Problem(said.concat());
        }
    };
    let differences = expected.iter().map(|expected| difference(&found, expected));
    let differences: Option<Vec<String>> = differences.collect();
    match differences {
        Some(names) => Outcome::Problem(format!("a mix: {}", names.join(" / "))),
        None if expected.len() == 2 => Outcome::OneAfterTheOther,
        None => Outcome::OneRefused,
    }
}

#[test]
#[ignore = "a step of its own: cargo xtask ci reliability"]
fn reliability_of_two_commands_at_once() {
    let home = Home::new();
    run(&home.recording("scan", "a.csv", "scan", &["--grid", "4"]));
    let alone = alone(&home);
    let delays = if takes_all() { DELAYS } else { PART };
    let mut seed = 17;
    let mut runs = Vec::new();
    for a in 0..WRITERS.len() {
        for b in a..WRITERS.len() {
            for i in 0..delays {
                let share = (i * 1000 + random(&mut seed, 1000)) as u32;
                runs.push((a, b, alone.time * share / (delays as u32 * 1000)));
            }
        }
    }
    let outcomes = in_parallel(&runs, |&(a, b, delay)| pair(&home, &alone, a, b, delay));
    let mut lines = vec![
        "| Pair | Tried | One after the other | One refused | A mix |".to_owned(),
        "|---|---:|---:|---:|---:|".to_owned(),
    ];
    let mut problems = Vec::new();
    for ((a, b), found) in by_pair(&runs, &outcomes) {
        let [a, b] = [a, b].map(|writer| WRITERS[writer].0);
        let count = |wanted: fn(&Outcome) -> bool| found.iter().filter(|o| wanted(o)).count();
        let mixed = count(|o| matches!(o, Outcome::Problem(_)));
        lines.push(format!(
            "| `{a}`, `{b}` | {} | {} | {} | {mixed} |",
            found.len(),
            count(|o| matches!(o, Outcome::OneAfterTheOther)),
            count(|o| matches!(o, Outcome::OneRefused)),
        ));
        problems.extend(found.iter().filter_map(|outcome| match outcome {
            Outcome::Problem(problem) => Some(format!("{a}, {b}: {problem}")),
            _ => None,
        }));
    }
    table::write("pairs", &lines);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn by_pair<'a>(
    runs: &[(usize, usize, Duration)],
    outcomes: &'a [Outcome],
) -> BTreeMap<(usize, usize), Vec<&'a Outcome>> {
    let mut pairs = BTreeMap::<_, Vec<_>>::new();
    for (&(a, b, _), outcome) in runs.iter().zip(outcomes) {
        pairs.entry((a, b)).or_default().push(outcome);
    }
    pairs
}
