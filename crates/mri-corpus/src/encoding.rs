use std::fmt;
use std::str::FromStr;

use encoding_rs::Encoding;
use mri_core::UnknownName;

/// The encoding of texts that are not in UTF-8, by its name in the WHATWG Encoding Standard.
///
/// ```
/// use mri_corpus::TextEncoding;
///
/// let encoding: TextEncoding = "latin-1".parse()?;
/// // The standard reads Latin-1 as what is written under that name.
/// assert_eq!(encoding.to_string(), "windows-1252");
/// assert!("klingon".parse::<TextEncoding>().is_err());
/// # Ok::<(), mri_core::UnknownName>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextEncoding(pub(crate) &'static Encoding);

impl fmt::Display for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.name().to_ascii_lowercase())
    }
}

impl FromStr for TextEncoding {
    type Err = UnknownName;

    /// Takes the labels of the standard, and names as Python spells them (`latin_1`, `utf_8_sig`).
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let name = text.trim().to_ascii_lowercase().replace('_', "-");
        let name = name.strip_suffix("-sig").unwrap_or(&name);
        Encoding::for_label(name.as_bytes())
            .or_else(|| Encoding::for_label(name.replace('-', "").as_bytes()))
            .map(Self)
            .ok_or_else(|| UnknownName {
                kind: "text encoding",
                text: text.to_owned(),
                expected: &[
                    "utf-8",
                    "utf-16le",
                    "windows-1252",
                    "iso-8859-15",
                    "shift_jis",
                    "gb18030",
                    "another name of the WHATWG Encoding Standard",
                ],
            })
    }
}
