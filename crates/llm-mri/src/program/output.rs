//! What the program prints: the one place that writes to standard output and standard error.
//!
//! Labels, names of models and files, and texts are somebody else's: whatever of them would move
//! the cursor, color the terminal or turn the direction of writing is shown as an escape.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

/// Why standard output can no longer be written, from the first failure on.
static FAILED: Mutex<Option<io::Error>> = Mutex::new(None);

/// A line of the program's report on standard output.
pub(crate) fn say(line: &str) {
    print(&(printable(line) + "\n"));
}

/// Data on standard output, such as CSV: as they are, unless a terminal shows them.
pub(crate) fn say_data(data: &str) {
    let data = data.trim_end();
    if io::stdout().is_terminal() {
        data.lines().for_each(say);
    } else {
        print(&format!("{data}\n"));
    }
}

/// JSON on standard output, with every character escaped that could do harm, as JSON allows.
pub(crate) fn say_json(json: &str) {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match is_harmful(c) && c != '\n' {
            true => _ = write!(out, "\\u{:04x}", u32::from(c)),
            false => out.push(c),
        }
    }
    print(&(out + "\n"));
}

/// A line on standard error. Nobody is left to tell if that cannot be written.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{}", printable(line));
}

/// A text on one line, with control characters and those that turn the direction of writing as
/// escapes.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_harmful(c) && c.is_ascii() => _ = write!(out, "\\x{:02x}", u32::from(c)),
            c if is_harmful(c) => _ = write!(out, "\\u{{{:x}}}", u32::from(c)),
            c => out.push(c),
        }
    }
    out
}

/// Whether a terminal may take a character for an order: control characters of both sets, line
/// separators, and marks, embeddings, overrides and isolates of the bidirectional algorithm.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether all that was said has been written: an error where it was not, unless the reader of a
/// pipe has closed it, who has seen enough.
pub(crate) fn finish() -> io::Result<()> {
    let flushed = io::stdout().flush();
    let failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner).take();
    match failed.map_or(flushed, Err) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// Writes to standard output until that fails; the work goes on even if nobody listens.
fn print(text: &str) {
    let mut failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
    if failed.is_none() {
        *failed = io::stdout().write_all(text.as_bytes()).err();
    }
}

/// Standard error for lines of a log: never fails, and shows foreign text as [`printable`] does.
pub(crate) struct LogLines;

impl Write for LogLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        text.lines().for_each(complain);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_printed() {
        let hostile = "a\x1b[31mred\x07\u{9b}2J\u{202e}gnp.exe\r\nline\t\u{7f}";
        let shown = r"a\x1b[31mred\x07\u{9b}2J\u{202e}gnp.exe\r\nline\t\x7f";
        assert_eq!(printable(hostile), shown);
        assert_eq!(
            printable("Право 日本語 é – “quoted”"),
            "Право 日本語 é – “quoted”"
        );
        assert_eq!(printable(&printable(hostile)), printable(hostile));
    }
}
