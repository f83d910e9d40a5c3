//! A model in one GGUF file or several.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::error::GgufError;
use super::field::{Field, Number};
use super::header::{Header, TensorInfo};
use super::tensor_type::{TensorType, supported_types, type_name};

/// A model in one GGUF file or several, memory-mapped.
pub(crate) struct Gguf {
    /// The first has the metadata.
    parts: Vec<Part>,
    /// The index in `parts` of each tensor.
    part_of: HashMap<String, usize>,
}

struct Part {
    path: PathBuf,
    bytes: Box<dyn AsRef<[u8]> + Send + Sync>,
    header: Header,
}

/// A tensor as it is stored.
pub(crate) struct GgufTensor<'a> {
    /// The outermost dimension first.
    pub(crate) shape: &'a [usize],
    pub(crate) kind: TensorType,
    pub(crate) bytes: &'a [u8],
}

impl Gguf {
    /// Whether a path names a GGUF file.
    pub(crate) fn is_path(path: &Path) -> bool {
        let extension = path.extension();
        extension.is_some_and(|e| e.eq_ignore_ascii_case("gguf")) && !path.is_dir()
    }

    /// Opens a file, and if it is one of several of a model, such as
    /// `name-00001-of-00003.gguf`, all of them.
    pub(crate) fn open(path: &Path) -> Result<Self, GgufError> {
        let paths = part_paths(path);
        let count = paths.len();
        let mut parts = Vec::new();
        for (index, path) in paths.into_iter().enumerate() {
            if count > 1 && !path.exists() {
                return Err(GgufError::MissingPart {
                    path,
                    number: index + 1,
                    count,
                });
            }
            parts.push(Part::open(path)?);
        }
        Self::of_parts(parts)
    }

    /// Reads a file that is in memory already.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, GgufError> {
        Self::of_parts(vec![Part::parse(path.to_owned(), Box::new(bytes))?])
    }

    fn of_parts(parts: Vec<Part>) -> Result<Self, GgufError> {
        let mut part_of = HashMap::new();
        for (number, part) in parts.iter().enumerate() {
            for name in part.header.tensors.keys() {
                if part_of.insert(name.clone(), number).is_some() {
                    return Err(part.broken(format!("tensor {name:?} is in another part, too")));
                }
            }
        }
        let gguf = Self { parts, part_of };
        let claimed = gguf.whole("split.count")?.unwrap_or(1).max(1);
        if usize::try_from(claimed) != Ok(gguf.parts.len()) {
            let found = gguf.parts.len();
            return Err(gguf.bad(
                "split.count",
                format!(
                    "the model has {claimed} parts, and {found} were found by the file's name; \
                     it has to end with -00001-of-{claimed:05}.gguf"
                ),
            ));
        }
        match gguf.whole("split.tensors.count")? {
            Some(tensors) if usize::try_from(tensors) != Ok(gguf.part_of.len()) => {
                let found = gguf.part_of.len();
                let problem = format!("{tensors} tensors, but the parts have {found}");
                Err(gguf.bad("split.tensors.count", problem))
            }
            _ => Ok(gguf),
        }
    }

    /// The first file.
    pub(crate) fn path(&self) -> &Path {
        &self.parts[0].path
    }

    /// All files, in order.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.parts.iter().map(|part| part.path.as_path())
    }

    pub(crate) fn contains(&self, tensor: &str) -> bool {
        self.part_of.contains_key(tensor)
    }

    /// The names of all tensors, in no order.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.part_of.keys().map(String::as_str)
    }

    /// The keys of all metadata, in no order.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.parts[0].header.fields.keys().map(String::as_str)
    }

    /// The shape of a tensor, the outermost dimension first.
    pub(crate) fn shape(&self, tensor: &str) -> Option<&[usize]> {
        Some(&self.info(tensor)?.1.shape)
    }

    fn info(&self, tensor: &str) -> Option<(&Part, &TensorInfo)> {
        let part = &self.parts[*self.part_of.get(tensor)?];
        Some((part, part.header.tensors.get(tensor)?))
    }

    /// A tensor, if there is one of this name.
    ///
    /// # Errors
    /// [`GgufError::UnsupportedType`].
    pub(crate) fn tensor(&self, name: &str) -> Result<Option<GgufTensor<'_>>, GgufError> {
        let Some((part, info)) = self.info(name) else {
            return Ok(None);
        };
        let Some(kind) = TensorType::of(info.kind) else {
            return Err(GgufError::UnsupportedType {
                path: part.path.clone(),
                tensor: name.to_owned(),
                kind: type_name(info.kind),
                supported: supported_types(),
            });
        };
        Ok(part
            .bytes()
            .get(info.start..info.end)
            .map(|bytes| GgufTensor {
                shape: &info.shape,
                kind,
                bytes,
            }))
    }

    /// The error for an entry of the metadata.
    pub(crate) fn bad(&self, key: &str, problem: impl Into<String>) -> GgufError {
        GgufError::BadValue {
            path: self.path().to_owned(),
            key: key.to_owned(),
            problem: problem.into(),
        }
    }

    /// The value of an entry, or the error for its absence.
    pub(crate) fn required<T>(&self, key: &str, value: Option<T>) -> Result<T, GgufError> {
        value.ok_or_else(|| GgufError::MissingKey {
            path: self.path().to_owned(),
            key: key.to_owned(),
        })
    }

    fn field(&self, key: &str) -> Option<(&Field, &[u8])> {
        let part = &self.parts[0];
        Some((part.header.fields.get(key)?, part.bytes()))
    }

    /// A string of the metadata.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&str>, GgufError> {
        let Some((field, bytes)) = self.field(key) else {
            return Ok(None);
        };
        match field.texts(bytes).next() {
            Some(text) if field.array_len().is_none() => Ok(Some(text)),
            _ => Err(self.bad(key, "is not a string")),
        }
    }

    /// A list of strings of the metadata.
    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<&str>>, GgufError> {
        let Some((field, bytes)) = self.field(key) else {
            return Ok(None);
        };
        if field.array_len().is_none() || !field.is_text() {
            return Err(self.bad(key, "is not a list of strings"));
        }
        Ok(Some(field.texts(bytes).collect()))
    }

    /// A list of numbers of the metadata; one number is a list of one.
    pub(crate) fn numbers(&self, key: &str) -> Result<Option<Vec<f64>>, GgufError> {
        let Some((field, bytes)) = self.field(key) else {
            return Ok(None);
        };
        if field.is_text() {
            return Err(self.bad(key, "is not a list of numbers"));
        }
        Ok(Some(field.numbers(bytes).map(Number::float).collect()))
    }

    /// The keys with a prefix and their values as they are stored, by key.
    pub(crate) fn stored(&self, prefix: &str) -> BTreeMap<&str, &[u8]> {
        let part = &self.parts[0];
        let fields = part.header.fields.iter();
        let fields = fields.filter(|(key, _)| key.starts_with(prefix));
        let stored = |field: &Field| field.stored(part.bytes());
        fields
            .map(|(key, field)| (key.as_str(), stored(field)))
            .collect()
    }

    fn number(&self, key: &str) -> Result<Option<Number>, GgufError> {
        let Some((field, bytes)) = self.field(key) else {
            return Ok(None);
        };
        match field.numbers(bytes).next() {
            Some(number) if field.array_len().is_none() => Ok(Some(number)),
            _ => Err(self.bad(key, "is not a number")),
        }
    }

    /// A whole number of the metadata, 0 or more.
    pub(crate) fn whole(&self, key: &str) -> Result<Option<u64>, GgufError> {
        match self.number(key)? {
            None => Ok(None),
            Some(Number::Whole(n)) if u64::try_from(n).is_ok() => Ok(u64::try_from(n).ok()),
            Some(_) => Err(self.bad(key, "is not a whole number of 0 or more")),
        }
    }

    /// A finite number of the metadata.
    pub(crate) fn float(&self, key: &str) -> Result<Option<f64>, GgufError> {
        match self.number(key)?.map(Number::float) {
            Some(x) if !x.is_finite() => Err(self.bad(key, format!("{x} is not finite"))),
            found => Ok(found),
        }
    }

    /// A flag of the metadata.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, GgufError> {
        Ok(self.whole(key)?.map(|n| n != 0))
    }
}

impl Part {
    fn open(path: PathBuf) -> Result<Self, GgufError> {
        let read = |source| GgufError::Read {
            path: path.clone(),
            source,
        };
        let file = File::open(&path).map_err(read)?;
        // SAFETY: the map is read as plain bytes, and what is kept of them is copied. As with every
        // map, another process that truncates the file meanwhile ends this one with a signal;
        // model files are not written in place.
        let map = unsafe { Mmap::map(&file) }.map_err(read)?;
        Self::parse(path, Box::new(map))
    }

    fn parse(path: PathBuf, bytes: Box<dyn AsRef<[u8]> + Send + Sync>) -> Result<Self, GgufError> {
        match Header::parse((*bytes).as_ref()) {
            Ok(header) => Ok(Self {
                path,
                bytes,
                header,
            }),
            Err(problem) => Err(GgufError::Broken { path, problem }),
        }
    }

    fn bytes(&self) -> &[u8] {
        (*self.bytes).as_ref()
    }

    fn broken(&self, problem: String) -> GgufError {
        GgufError::Broken {
            path: self.path.clone(),
            problem,
        }
    }
}

/// The files of the model that a file belongs to, by its name.
fn part_paths(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().and_then(|name| name.to_str());
    let parts = name.and_then(|name| {
        let (rest, extension) = name.rsplit_once('.')?;
        let (rest, count) = rest.rsplit_once("-of-")?;
        let (stem, number) = rest.rsplit_once('-')?;
        let digits = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(number) || !digits(count) {
            return None;
        }
        let n: usize = count.parse().ok().filter(|&n| n > 0)?;
        let part = |i: usize| path.with_file_name(format!("{stem}-{i:05}-of-{count}.{extension}"));
        Some((1..=n).map(part).collect())
    });
    parts.unwrap_or_else(|| vec![path.to_owned()])
}
