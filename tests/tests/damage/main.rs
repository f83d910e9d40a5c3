//! Every kind of file of a finished scan with a bit flipped, cut and missing, and every command
//! that reads a scan: it refuses and names the file, or its output is that of the undamaged scan.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

/// The commands, and what each gives.
mod commands;
/// The scan, its files by kind, and what is done to them.
mod scan;
/// The table of what was tried.
mod table;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use llm_mri::core::SplitMix64;

use self::commands::{Command, Verdict};
use self::scan::{Damage, Kind};
use self::table::Table;

/// Flipped bits: the first of them, or with `LLM_MRI_WRITE_TABLES` set all, as the table says.
const FLIPS: usize = 44;
const ALL_FLIPS: usize = 200;

/// What is done to which file.
fn cases(scan: &Path) -> Vec<(Kind, Damage)> {
    let mut random = SplitMix64::new(13);
    let files: Vec<(Kind, Vec<String>)> = Kind::ALL
        .into_iter()
        .map(|kind| (kind, kind.files(scan)))
        .collect();
    let mut pick = |n: usize| random.next_below(n as u64) as usize;
    let mut cases = Vec::new();
    let all = std::env::var_os("LLM_MRI_WRITE_TABLES").is_some();
    for i in 0..if all { ALL_FLIPS } else { FLIPS } {
        let (kind, files) = &files[i % files.len()];
        let file = files[pick(files.len())].clone();
        let bits = 8 * std::fs::metadata(scan.join(&file)).unwrap().len() as usize;
        let damage = Damage::Flipped {
            bit: pick(bits),
            file,
        };
        cases.push((*kind, damage));
    }
    for (kind, files) in &files {
        let file = files[pick(files.len())].clone();
        let length = std::fs::metadata(scan.join(&file)).unwrap().len() as usize;
        let cut = Damage::Cut {
            length: pick(length),
            file: file.clone(),
        };
        cases.extend([(*kind, cut), (*kind, Damage::Missing { file })]);
    }
    cases
}

#[test]
fn damage_is_refused_by_name_or_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let scan = home.path().join("scan");
    scan::make(&scan);
    let expected =
        Command::ALL.map(|command| command.run(&scan, &scan, &home.path().join("whole")));
    for (command, given) in Command::ALL.iter().zip(&expected) {
        assert!(given.succeeded, "{command:?}: {}", given.errors);
    }
    let cases = cases(&scan);
    let table = Mutex::new(Table::default());
    let next = AtomicUsize::new(0);
    let work = |thread: usize| {
        while let Some((kind, damage)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            for (command, expected) in Command::ALL.iter().zip(&expected) {
                let place = home.path().join(format!("{thread}"));
                let given = command.run_damaged(&scan, damage, &place);
                let verdict = Verdict::of(&given, expected, damage);
                table.lock().unwrap().add(*kind, damage, *command, verdict);
            }
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        for thread in 0..threads {
            scope.spawn(move || work(thread));
        }
    });
    table.into_inner().unwrap().check();
}
