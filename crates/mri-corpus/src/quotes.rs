/// What quotes mean in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Quotes {
    /// As in [`Quotes::Csv`], but for tables separated by tabs: there a quote is a letter unless
    /// it begins or ends a field that is quoted as a whole, every quote in it doubled. A quoted
    /// field may span lines only where these lines are no rows of their own.
    #[default]
    Auto,
    /// A field that starts with a quote ends at the next quote that is not doubled, and may hold
    /// separators and line breaks (RFC 4180). Another quote in such a field is an error.
    Csv,
    /// Quotes are letters.
    None,
}

mri_core::enum_names! {
    Quotes, "way to read quotes";
    Auto => "auto",
    Csv => "csv",
    None => "none",
}
