//! Limits of width and length that rustfmt and clippy do not set.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::shell::{output, root, source_files};

/// Columns of a comment line; rustfmt breaks code at the same width but leaves comments alone.
const MAX_COMMENT_COLUMNS: usize = 100;
/// Lines of a source file.
const MAX_FILE_LINES: usize = 500;

/// Fails if a comment is too wide or a file too long. Functions have a limit in `clippy.toml`.
pub(crate) fn check_style() -> Result<()> {
    let listed = output(&mut source_files("*.rs"))?;
    let mut found = Vec::new();
    for name in listed.lines() {
        let path = root().join(name);
        // A file that is deleted but not staged yet is listed all the same.
        if !path.exists() {
            continue;
        }
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        found.extend(offenses(&text).map(|offense| format!("{name}{offense}")));
    }
    if found.is_empty() {
        println!("comments and files keep their limits");
        return Ok(());
    }
    for line in &found {
        println!("{line}");
    }
    bail!("{} limits exceeded", found.len())
}

fn offenses(text: &str) -> impl Iterator<Item = String> {
    let n_lines = text.lines().count();
    let long = (n_lines > MAX_FILE_LINES)
        .then(|| format!(": {n_lines} lines; split it, the limit is {MAX_FILE_LINES}"));
    let wide = text.lines().enumerate().filter_map(|(i, line)| {
        let columns = line.chars().count();
        let is_comment = line.trim_start().starts_with("//");
        (is_comment && columns > MAX_COMMENT_COLUMNS).then(|| {
            format!(
                ":{}: a comment of {columns} columns, the limit is {MAX_COMMENT_COLUMNS}",
                i + 1
            )
        })
    });
    long.into_iter().chain(wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        offenses(text).count()
    }

    #[test]
    fn comments_are_measured_in_letters() {
        let fits = format!("    // {}", "ü".repeat(93));
        assert_eq!(fits.chars().count(), 100);
        assert_eq!(count(&fits), 0);
        assert_eq!(count(&format!("{fits}.")), 1);
        assert_eq!(count(&format!("/// {}", "x".repeat(97))), 1);
    }

    #[test]
    fn long_strings_are_no_comments() {
        assert_eq!(
            count(&format!("let url = \"https://{}\";", "x".repeat(99))),
            0
        );
    }

    #[test]
    fn files_have_a_limit() {
        assert_eq!(count(&"x\n".repeat(500)), 0);
        assert_eq!(count(&"x\n".repeat(501)), 1);
    }
}
