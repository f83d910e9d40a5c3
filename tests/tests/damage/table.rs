use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::commands::{Command, Verdict};
use crate::scan::{Damage, Kind};

/// What was tried, by the kind of the file: how often, and what each command did.
#[derive(Default)]
pub(crate) struct Table {
    tried: BTreeMap<Kind, [usize; 3]>,
    /// Refusals and unharmed outputs.
    did: BTreeMap<(Kind, Command), [usize; 2]>,
    wrong: Vec<String>,
}

/// What the section begins and ends with in the document.
const MARKS: [&str; 2] = ["<!-- damage -->\n", "<!-- end of damage -->\n"];

impl Table {
    pub(crate) fn add(&mut self, kind: Kind, damage: &Damage, command: Command, verdict: Verdict) {
        if command == Command::ALL[0] {
            let column = match damage {
                Damage::Flipped { .. } => 0,
                Damage::Cut { .. } => 1,
                Damage::Missing { .. } => 2,
            };
            self.tried.entry(kind).or_default()[column] += 1;
        }
        let did = self.did.entry((kind, command)).or_default();
        match verdict {
            Verdict::Refused => did[0] += 1,
            Verdict::Unharmed => did[1] += 1,
            Verdict::Wrong(how) => self
                .wrong
                .push(format!("{command:?} with {damage:?}: {how}")),
        }
    }

    /// Fails unless every command refused or was unharmed and `verify` found every damage. With
    /// `LLM_MRI_WRITE_TABLES` set, the document gets the table.
    pub(crate) fn check(&self) {
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
        for ((kind, command), [_, unharmed]) in &self.did {
            let missed = *command == Command::Verify && *unharmed > 0;
            assert!(!missed, "{kind:?}: {unharmed} not found by verify");
        }
        if std::env::var_os("LLM_MRI_WRITE_TABLES").is_none() {
            return;
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reliability.md");
        let text = fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once(MARKS[0]).unwrap();
        let (_, after) = rest.split_once(MARKS[1]).unwrap();
        let section = self.section();
        fs::write(
            &path,
            [before, MARKS[0], &section, MARKS[1], after].concat(),
        )
        .unwrap();
    }

    /// The table as Markdown.
    fn section(&self) -> String {
        let commands = Command::ALL.map(|command| format!("`{}`", command.name()));
        let mut text = format!(
            "| File | flipped | cut | missing | {} |\n|---|--:|--:|--:|{}\n",
            commands.join(" | "),
            "---|".repeat(commands.len())
        );
        for (kind, [flipped, cut, missing]) in &self.tried {
            let cells = Command::ALL.map(|command| match self.did.get(&(*kind, command)) {
                Some([refused, 0]) => format!("{refused} refused"),
                Some([0, unharmed]) => format!("{unharmed} unharmed"),
                Some([refused, unharmed]) => format!("{refused} refused, {unharmed} unharmed"),
                None => String::new(),
            });
            let (name, cells) = (kind.name(), cells.join(" | "));
            let _ = writeln!(
                text,
                "| `{name}` | {flipped} | {cut} | {missing} | {cells} |"
            );
        }
        text
    }
}
