use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use mri_extract::{ExtractError, FakeBackend};
use mri_store::{StoreError, open_store, remove_store};

use crate::store::{Counting, bytes, eager, store};

/// The process that the tests below start and kill: this very test, told by variables what to do.
const FOLDER: &str = "MRI_EXTRACT_TEST_FOLDER";
/// The variable with the milliseconds that a child waits before every batch.
const PAUSE: &str = "MRI_TEST_PAUSE";

#[test]
#[ignore = "started by the tests that kill it"]
fn child_process() {
    let folder = std::env::var_os(FOLDER).expect("started without a folder");
    let mut slow = Counting::new(usize::MAX);
    let pause = std::env::var(PAUSE).ok();
    slow.pause = Duration::from_millis(pause.map_or(3, |pause| pause.parse().unwrap()));
    let result = store(Path::new(&folder), &mut slow, &eager());
    println!(
        "outcome: {}",
        result.err().map_or("whole".into(), |e| e.to_string())
    );
}

fn child_command(folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--ignored",
            "--exact",
            "kills::child_process",
            "--nocapture",
        ])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

#[test]
fn twenty_kills_do_not_change_a_byte() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let batches = store(&whole, &mut FakeBackend::default(), &eager())
        .unwrap()
        .manifest
        .stats
        .batches as u64;
    let expected = bytes(&whole);
    let (mut kills, mut while_recording, mut round) = (0, 0, 0_u64);
    while kills < 20 {
        round += 1;
        let out = folder.path().join(round.to_string());
        let journal = out.join("activations/journal");
        let length = || fs::metadata(&journal).map_or(0, |m| m.len() / 16);
        // One recording is killed until it is whole; where, the seed says: at a time after its
        // start, or once some more batches are in the journal.
        let mut random = 0x9e37_79b9_u64.wrapping_mul(round);
        loop {
            let mut running = child_command(&out).spawn().unwrap();
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let goal = length() + (random >> 33) % (batches / 3);
            while length() < goal && running.try_wait().unwrap().is_none() {
                sleep(Duration::from_micros(200));
            }
            sleep(Duration::from_micros((random >> 40) % 8_000));
            running.kill().unwrap();
            running.wait().unwrap();
            kills += 1;
            if journal.exists() && length() > 0 {
                while_recording += 1;
            }
            match open_store(&out) {
                Ok(_) => break,
                Err(StoreError::Unfinished { .. } | StoreError::NoRecording { .. }) => {}
                Err(e) => panic!("after kill {kills}: {e}"),
            }
        }
        store(&out, &mut FakeBackend::default(), &eager()).unwrap();
        let found = bytes(&out);
        assert!(found.keys().eq(expected.keys()), "{:?}", found.keys());
        assert!(found == expected, "other bytes after {kills} kills");
    }
    assert!(
        while_recording >= 5,
        "only {while_recording} kills hit a recording under way"
    );
}

#[test]
fn two_processes_do_not_record_into_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    // So slow that it is at work for as long as two others wait for its lock.
    let mut running = child_command(out).env(PAUSE, "100").spawn().unwrap();
    while fs::metadata(out.join("activations/journal")).map_or(0, |m| m.len()) == 0 {
        assert!(running.try_wait().unwrap().is_none());
        sleep(Duration::from_micros(200));
    }
    let second = store(out, &mut FakeBackend::default(), &eager()).err();
    let third = remove_store(out).err();
    running.kill().unwrap();
    running.wait().unwrap();
    assert!(matches!(
        second,
        Some(ExtractError::Store(StoreError::Busy { .. }))
    ));
    assert!(matches!(third, Some(StoreError::Busy { .. })));
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs a user namespace that may mount: cargo xtask test"]
fn a_full_disk_is_an_error_and_leaves_nothing_whole() {
    // A user's own namespace may mount a file system of 32 kB, which goes with the process.
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let exe = std::env::current_exe().unwrap();
    let script = r#"mount -t tmpfs -o size=32k none "$1" || exit 77
"$2" --ignored --exact kills::child_process --nocapture
test ! -e "$1/out/manifest.json""#;
    let output = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
        ])
        .arg(out)
        .arg(exe)
        .env(FOLDER, out.join("out"))
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("No space left"), "{said}");
}
