/// A category of a scan, by its name or by its index.
///
/// Methods that take a category take `impl Into<CategoryRef>`: `"law"` or `0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CategoryRef {
    /// By its place among the names of the labels, counted from 0.
    Index(usize),
    /// By its name.
    Name(String),
}

impl From<usize> for CategoryRef {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl From<&usize> for CategoryRef {
    fn from(index: &usize) -> Self {
        Self::Index(*index)
    }
}

impl From<&str> for CategoryRef {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<&&str> for CategoryRef {
    fn from(name: &&str) -> Self {
        Self::Name((*name).to_owned())
    }
}

impl From<String> for CategoryRef {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl From<&String> for CategoryRef {
    fn from(name: &String) -> Self {
        Self::Name(name.clone())
    }
}
