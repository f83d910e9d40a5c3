use std::path::Path;
use std::process::{Command, Output};

use crate::common::{Arguments, Home, difference, in_parallel, program, run, tree};
use crate::table;

/// Runs a command on a file system of a size, then again on a larger one, and copies what it wrote.
const SCRIPT: &str = r#"
disk=$1 size=$2 copy=$3; shift 3
mount -t tmpfs -o size=$size none "$disk" || exit 77
"$@"; echo "status $?"
mount -o remount,size=256m "$disk" || exit 77
"$@" || exit 78
cp -r "$disk/." "$copy"
"#;

/// The sizes: every power of two from 4 kB to 64 MB.
const SIZES: std::ops::RangeInclusive<u32> = 12..=26;

fn in_namespace(script: &str, words: &[&Path]) -> Command {
    let mut command = Command::new("unshare");
    command.args([
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        script,
        "sh",
    ]);
    command.args(words);
    command
}

/// Whether a user's own namespace may mount a file system.
fn can_mount(home: &Home) -> bool {
    let disk = home.at("probe");
    std::fs::create_dir(&disk).unwrap();
    let script = r#"mount -t tmpfs -o size=32k none "$1""#;
    in_namespace(script, &[&disk])
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Whether the command had room, or a problem.
fn fill(home: &Home, name: &str, args: &Arguments, out: &str, bits: u32) -> Result<bool, String> {
    let copy = home.at(&format!("{name}-{bits}"));
    std::fs::create_dir(&copy).unwrap();
    let size = (1_u64 << bits).to_string();
    let mut command = in_namespace(SCRIPT, &[home.at("disk").as_path(), size.as_ref(), &copy]);
    command
        .arg(program().get_program())
        .args(args)
        .env("RAYON_NUM_THREADS", "1");
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let said = String::from_utf8_lossy(&stderr).into_owned();
    if !status.success() {
        return Err(format!("{status}: {said}"));
    }
    let stdout = String::from_utf8_lossy(&stdout);
    let had_room = stdout.contains("status 0");
    let says_full = stdout.contains("status 1") && said.contains("No space left");
    if !had_room && !says_full {
        return Err(format!("not told that the disk is full: {said}"));
    }
    let expected = tree(&home.at(out));
    difference(&tree(&copy.join("out")), &expected).map_or(Ok(had_room), Err)
}

#[test]
#[ignore = "a step of its own: cargo xtask ci reliability"]
fn reliability_on_a_full_disk() {
    let home = Home::new();
    if !can_mount(&home) {
        println!("no file system can be mounted here, so that no disk is filled");
        return;
    }
    std::fs::create_dir(home.at("disk")).unwrap();
    let mut lines = vec![
        "| Command | Sizes | Full | Had room | Same bytes with more room |".to_owned(),
        "|---|---|---:|---:|---:|".to_owned(),
    ];
    let mut problems = Vec::new();
    for name in ["scan", "extract"] {
        run(&home.recording(name, "a.csv", name, &[]));
        let args = home.recording(name, "a.csv", "disk/out", &[]);
        let sizes: Vec<u32> = SIZES.collect();
        let found = in_parallel(&sizes, |&bits| fill(&home, name, &args, name, bits));
        let room = found.iter().filter(|f| **f == Ok(true)).count();
        let held = found.iter().filter(|f| f.is_ok()).count();
        lines.push(format!(
            "| `{name}` | 4 kB to 64 MB | {} | {room} | {held} |",
            sizes.len() - room
        ));
        problems.extend(sizes.iter().zip(found).filter_map(|(bits, found)| {
            let problem = found.err()?;
            Some(format!("{name} on {} bytes: {problem}", 1_u64 << bits))
        }));
    }
    table::write("disk", &lines);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
