//! What readers hand on: rows with a text and a label, the label as a number.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use crate::error::{ColumnRole, CorpusError, RowProblem};
use crate::options::CorpusOptions;

/// A value of a typed column.
pub(crate) enum Value<'a> {
    Missing,
    Text(&'a str),
    Number(i128),
    Flag(bool),
}

impl<'a> Value<'a> {
    /// The bytes of a text, 0 for other values.
    #[cfg(feature = "parquet")]
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            _ => 0,
        }
    }

    /// The value as a text; empty where there is none.
    fn text(self) -> Cow<'a, str> {
        match self {
            Self::Missing => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Flag(flag) => Cow::Owned(flag.to_string()),
        }
    }
}

/// Takes the text and the number of the label of a row.
pub(crate) type Take<'a> = dyn FnMut(&str, u32) -> Result<(), CorpusError> + 'a;

/// Refuses or drops rows without text or label, numbers labels, and hands all other rows on. No text
/// is kept.
pub(crate) struct Rows<'a> {
    drop_missing: bool,
    take: &'a mut Take<'a>,
    names: Vec<String>,
    /// The place of a name in `names`.
    places: HashMap<String, u32>,
    /// Whether numbers as labels are numbers of declared names, and how many of those there are.
    declared: Option<usize>,
    dropped: usize,
}

impl<'a> Rows<'a> {
    /// Categories are numbered as their names are first seen.
    pub(crate) fn new(options: &CorpusOptions, take: &'a mut Take<'a>) -> Self {
        Self {
            drop_missing: options.drop_missing,
            take,
            names: Vec::new(),
            places: HashMap::new(),
            declared: None,
            dropped: 0,
        }
    }

    /// Gives the names that are declared for categories their numbers.
    pub(crate) fn declare(&mut self, names: &[String]) {
        for name in names {
            self.category(name);
        }
        self.declared = Some(names.len());
    }

    /// Takes a row of typed values. A number that none of the declared categories has is refused,
    /// or counts as no label where such rows are dropped.
    pub(crate) fn push_values(
        &mut self,
        path: &Path,
        place: impl Fn() -> String,
        [text, label]: [Value<'_>; 2],
    ) -> Result<(), CorpusError> {
        let label = match (label, self.declared) {
            (Value::Number(number), Some(classes)) => {
                let id = usize::try_from(number).ok().filter(|&id| id < classes);
                match id {
                    Some(id) => Cow::Owned(self.names[id].clone()),
                    None if self.drop_missing => Cow::Borrowed(""),
                    None => {
                        let label = number;
                        let problem = RowProblem::UnknownLabel { label, classes };
                        return Err(CorpusError::row(path, place(), problem));
                    }
                }
            }
            (label, _) => label.text(),
        };
        self.push(path, place, &text.text(), &label)
    }

    /// Takes a row, or drops or refuses it where text or label are empty or only spaces.
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
                let label = self.category(label);
                (self.take)(text, label)
            }
            Some(_) if self.drop_missing => {
                self.dropped += 1;
                Ok(())
            }
            Some((_, role)) => Err(CorpusError::row(path, place(), RowProblem::Missing(role))),
        }
    }

    fn category(&mut self, name: &str) -> u32 {
        if let Some(&place) = self.places.get(name) {
            return place;
        }
        let place = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        place
    }

    /// The names of the labels, and how many rows were dropped.
    pub(crate) fn finish(self) -> (Vec<String>, usize) {
        (self.names, self.dropped)
    }
}
