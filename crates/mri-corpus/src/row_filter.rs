use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use crate::error::{ColumnRole, CorpusError, RowProblem};
use crate::options::CorpusOptions;
use crate::value::Value;

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
    /// The number of declared classes, if integer labels are indices into them.
    n_declared: Option<usize>,
    n_dropped: usize,
}

impl<'a> RowFilter<'a> {
    /// Categories are numbered in the order in which their names are first seen.
    pub(crate) fn new(options: &CorpusOptions, sink: &'a mut RowSink<'a>) -> Self {
        Self {
            drop_missing: options.drop_missing,
            sink,
            names: Vec::new(),
            categories: HashMap::new(),
            n_declared: None,
            n_dropped: 0,
        }
    }

    /// Numbers the categories in the order of the declared classes.
    pub(crate) fn declare(&mut self, names: &[String]) {
        for name in names {
            self.category(name);
        }
        self.n_declared = Some(names.len());
    }

    /// Takes a row of typed values. An integer label that no declared class has is rejected, or
    /// counts as missing where such rows are dropped.
    pub(crate) fn push_values(
        &mut self,
        path: &Path,
        place: impl Fn() -> String,
        [text, label]: [Value<'_>; 2],
    ) -> Result<(), CorpusError> {
        let label = match (label, self.n_declared) {
            (Value::Integer(label), Some(classes)) => {
                let class = usize::try_from(label).ok().filter(|&class| class < classes);
                match class {
                    Some(class) => Cow::Owned(self.names[class].clone()),
                    None if self.drop_missing => Cow::Borrowed(""),
                    None => {
                        let problem = RowProblem::UnknownLabel { label, classes };
                        return Err(CorpusError::row(path, place(), problem));
                    }
                }
            }
            (label, _) => label.into_text(),
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
        let missing = [(text, ColumnRole::Text), (label, ColumnRole::Label)]
            .into_iter()
            .find(|(value, _)| value.trim().is_empty());
        match missing {
            None => {
                let category = self.category(label);
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

    /// The names of the categories, and the number of dropped rows.
    pub(crate) fn finish(self) -> (Vec<String>, usize) {
        (self.names, self.n_dropped)
    }
}
