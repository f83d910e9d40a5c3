use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use mri_store::{FolderLock, StoreError, StoreOptions, StoreWriter, is_barely_begun};

use crate::common::{begin, bytes, eager, incomplete, labels, manifest, texts};

const F32: mri_store::StoreDtype = mri_store::StoreDtype::F32;

/// The folder that the process below locks.
const FOLDER: &str = "MRI_STORE_TEST_FOLDER";

#[test]
#[ignore = "started by a test that kills it"]
fn child_process() {
    let folder = std::env::var_os(FOLDER).expect("started without a folder");
    let _lock = FolderLock::acquire(folder.as_ref()).unwrap();
    thread::sleep(Duration::from_secs(600));
}

#[test]
fn the_holder_is_named_and_a_killed_one_leaves_the_folder_free() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("a/b");
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "lock::child_process"])
        .env(FOLDER, &folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let signed = || fs::read_to_string(folder.join("llm-mri.lock")).is_ok_and(|s| s.contains('\n'));
    while !signed() {
        assert!(holder.try_wait().unwrap().is_none());
        thread::sleep(Duration::from_millis(1));
    }
    for refused in [
        FolderLock::acquire(&folder).err(),
        FolderLock::check(&folder).err(),
    ] {
        let said = refused.unwrap().to_string();
        let process = format!("(process {}) is writing into this folder", holder.id());
        assert!(said.contains(&process), "{said}");
        assert!(said.contains("--exact lock::child_process`"), "{said}");
    }
    assert!(matches!(
        begin(&folder, None, F32),
        Err(StoreError::Busy { .. })
    ));
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(signed(), "a killed holder cannot take its file away");
    FolderLock::check(&folder).unwrap();
    assert_eq!(bytes(&folder).len(), 1, "who only looks changes nothing");
    drop(FolderLock::acquire(&folder).unwrap());
    assert!(bytes(&folder).is_empty());
}

#[test]
fn a_folder_that_was_made_for_the_lock_goes_with_it_unless_it_was_used() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("out");
    let lock = FolderLock::acquire(&folder).unwrap();
    let clone = lock.clone();
    drop(lock);
    assert!(FolderLock::acquire(&folder).is_err(), "a clone holds it");
    drop(clone);
    assert!(!folder.exists());
    let lock = FolderLock::acquire(&folder).unwrap();
    fs::write(folder.join("a"), "").unwrap();
    drop(lock);
    drop(FolderLock::acquire(&folder).unwrap());
    assert_eq!(bytes(&folder).len(), 1);
}

/// Two threads that take turns never have the lock at once, though its file goes with every turn.
#[test]
fn a_removed_lock_file_lets_nobody_in_twice() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut turns = 0;
                while turns < 50 {
                    let Ok(lock) = FolderLock::acquire(folder) else {
                        continue;
                    };
                    let token = folder.join("inside");
                    fs::File::create_new(&token).expect("somebody else is inside");
                    fs::remove_file(&token).unwrap();
                    drop(lock);
                    turns += 1;
                }
            });
        }
    });
}

#[test]
fn a_writer_uses_the_lock_that_its_caller_has() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    let lock = FolderLock::acquire(folder).unwrap();
    assert!(matches!(
        begin(folder, None, F32),
        Err(StoreError::Busy { .. })
    ));
    let labels = labels(&texts(None));
    let options: StoreOptions = eager().with_lock(lock.clone());
    let session = StoreWriter::begin(folder, manifest(None, F32), &labels, &options);
    drop(incomplete(session));
    drop(options);
    assert!(
        FolderLock::check(folder).is_err(),
        "the caller still has it"
    );
    drop(lock);
    FolderLock::check(folder).unwrap();
}

#[test]
fn first_moments_are_told_from_recordings_and_from_files_of_others() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    let inside = folder.join("activations");
    assert!(is_barely_begun(folder));
    fs::create_dir(&inside).unwrap();
    for left in ["lock", "recording.json.4000000-1.partial"] {
        fs::write(inside.join(left), "").unwrap();
        assert!(is_barely_begun(folder), "{left}");
    }
    drop(incomplete(begin(folder, None, F32)));
    assert!(!is_barely_begun(folder));
    let other = tempfile::tempdir().unwrap();
    fs::create_dir(other.path().join("activations")).unwrap();
    fs::write(other.path().join("activations/notes.partial"), "mine").unwrap();
    assert!(!is_barely_begun(other.path()));
}
