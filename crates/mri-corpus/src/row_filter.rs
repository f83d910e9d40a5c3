use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::error::{ColumnRole, CorpusError, RowProblem};
use crate::notes::{CorpusNotes, similar};
use crate::options::CorpusOptions;
use crate::value::{Value, label_name};

/// Consumes the text and the category of a row.
pub(crate) type RowSink<'a> = dyn FnMut(&str, u32) -> Result<(), CorpusError> + 'a;

/// What all readers end in: rejects or drops rows without text or label, numbers the labels, and
/// passes all other rows to a sink. It keeps no text.
pub(crate) struct RowFilter<'a> {
    drop_missing: bool,
    sink: &'a mut RowSink<'a>,
    names: Vec<String>,
    /// The category of a name: its index in `names`.
    categories: HashMap<String, u32>,
    /// The declared classes, if integer labels are indices into them.
    declared: Option<Vec<String>>,
    /// Whether the declared classes are among the categories, as they are once a label is such an
    /// index.
    has_classes: bool,
    n_dropped: usize,
    notes: CorpusNotes,
}

/// What all rows were.
pub(crate) struct Filtered {
    /// The names of the categories.
    pub(crate) names: Vec<String>,
    /// The rows that were dropped because they lack a text or a label.
    pub(crate) n_dropped: usize,
    pub(crate) notes: CorpusNotes,
}

impl<'a> RowFilter<'a> {
    /// Categories are numbered in the order in which their names are first seen.
    pub(crate) fn new(options: &CorpusOptions, sink: &'a mut RowSink<'a>) -> Self {
        Self {
            drop_missing: options.drop_missing,
            sink,
            names: Vec::new(),
            categories: HashMap::new(),
            declared: None,
            has_classes: false,
            n_dropped: 0,
            notes: CorpusNotes::default(),
        }
    }

    /// Declares the classes that integer labels are indices into, unless two have one name and
    /// could not be told apart. Categories are then numbered in their order.
    pub(crate) fn declare(&mut self, names: &[String]) {
        if names.iter().collect::<HashSet<_>>().len() == names.len() {
            self.declared = Some(names.to_vec());
            self.has_classes = false;
        }
    }

    /// The name of the declared class that an integer label stands for, and the number of classes.
    /// The outer `None` means that no classes are declared.
    fn class(&mut self, label: i128) -> Option<(Option<String>, usize)> {
        let declared = self.declared.take()?;
        if !self.has_classes {
            self.has_classes = true;
            for name in &declared {
                self.category(name);
            }
        }
        let class = usize::try_from(label).ok();
        let name = class.and_then(|class| declared.get(class)).cloned();
        let n_classes = declared.len();
        self.declared = Some(declared);
        Some((name, n_classes))
    }

    /// Counts a row in which what is no character was replaced.
    pub(crate) fn note_replaced(&mut self) {
        self.notes.n_replaced += 1;
    }

    /// Takes a row of typed values. An integer label that no declared class has is rejected, or
    /// counts as missing where such rows are dropped.
    pub(crate) fn push_values(
        &mut self,
        path: &Path,
        place: impl Fn() -> String,
        [text, label]: [Value<'_>; 2],
    ) -> Result<(), CorpusError> {
        let class = label.integer().and_then(|label| self.class(label));
        let label = match class {
            None => label.into_text(),
            Some((Some(name), _)) => Cow::Owned(name),
            Some((None, _)) if self.drop_missing => Cow::Borrowed(""),
            Some((None, classes)) => {
                let label = label.integer().unwrap_or_default();
                let problem = RowProblem::UnknownLabel { label, classes };
                return Err(CorpusError::row(path, place(), problem));
            }
        };
        self.push(path, place, &text.into_text(), &label)
    }

    /// Takes a row, or drops or rejects it if text or label are empty or only white space.
    pub(crate) fn push(
        &mut self,
        path: &Path,
        place: impl Fn() -> String,
        text: &str,
        label: &str,
    ) -> Result<(), CorpusError> {
        // A byte order mark is never part of a text, wherever its writer put one.
        let [text, label] =
            [text, label].map(|value| value.strip_prefix('\u{feff}').unwrap_or(value));
        let missing = [(text, ColumnRole::Text), (label, ColumnRole::Label)]
            .into_iter()
            .find(|(value, _)| value.trim().is_empty());
        match missing {
            None => {
                let category = match self.categories.get(label) {
                    Some(&category) => category,
                    None => self.category(label_name(label)),
                };
                self.notes.n_trailing_space += usize::from(text.ends_with(char::is_whitespace));
                (self.sink)(text, category)
            }
            Some(_) if self.drop_missing => {
                self.n_dropped += 1;
                Ok(())
            }
            Some((_, role)) => Err(CorpusError::row(path, place(), RowProblem::Missing(role))),
        }
    }

    fn category(&mut self, name: &str) -> u32 {
        if let Some(&category) = self.categories.get(name) {
            return category;
        }
        let category = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.categories.insert(name.to_owned(), category);
        category
    }

    /// The names of the categories, the number of dropped rows, and what was noticed.
    pub(crate) fn finish(mut self) -> Filtered {
        self.notes.similar_labels = similar(&self.names);
        Filtered {
            names: self.names,
            n_dropped: self.n_dropped,
            notes: self.notes,
        }
    }
}
