use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes of a lock's file that are read.
const MAX_BYTES: usize = 1 << 12;

/// Letters of a command line that are kept.
const MAX_LETTERS: usize = 500;

/// Who holds the lock of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockHolder {
    /// The number of the process.
    pub process: u32,
    /// Its command line.
    pub command: String,
}

impl LockHolder {
    /// This process.
    pub(crate) fn this() -> Self {
        let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
        let mut words: Vec<String> = words.collect();
        if let Some(program) = words.first_mut() {
            let name = Path::new(program.as_str()).file_name();
            *program = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        }
        Self {
            process: std::process::id(),
            command: printable(&words.join(" ")),
        }
    }

    /// What a lock's file says of it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        format!("{}\n{}\n", self.process, self.command).into_bytes()
    }

    /// The holder that signed a lock's file; `None` if it has not yet.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        let file = File::open(path).ok()?;
        file.take(MAX_BYTES as u64).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let (process, command) = text.split_once('\n')?;
        Some(Self {
            process: process.parse().ok()?,
            command: printable(command.trim_end()),
        })
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (process {})", self.command, self.process)
    }
}

/// One line without control characters, of a bounded length.
fn printable(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(clean).take(MAX_LETTERS).collect()
}
