use std::borrow::Cow;

/// A value of a typed column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Missing,
    Text(&'a str),
    Integer(i128),
    Float(f64),
    Bool(bool),
}

impl<'a> Value<'a> {
    /// A number of 32 bits as it is written in them: 0.1, not 0.10000000149.
    pub(crate) fn single(number: f32) -> Self {
        Self::Float(number.to_string().parse().unwrap_or(f64::from(number)))
    }

    /// The bytes of a text, 0 for other values.
    #[cfg(feature = "parquet")]
    pub(crate) fn n_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            _ => 0,
        }
    }

    /// The value as a whole number, if it is one, whether or not it is stored as a float.
    pub(crate) fn integer(&self) -> Option<i128> {
        match *self {
            Self::Integer(integer) => Some(integer),
            // Floats are exact whole numbers far beyond those that stand for classes.
            Self::Float(float) if float.fract() == 0.0 && float.abs() < 1e18 => Some(float as i128),
            _ => None,
        }
    }

    /// The value as text, whole numbers without a point; empty if it is missing or not a number.
    pub(crate) fn into_text(self) -> Cow<'a, str> {
        match (self.integer(), self) {
            (Some(integer), _) => Cow::Owned(integer.to_string()),
            (_, Self::Text(text)) => Cow::Borrowed(text),
            (_, Self::Float(float)) if !float.is_nan() => Cow::Owned(float.to_string()),
            (_, Self::Bool(value)) => Cow::Owned(value.to_string()),
            _ => Cow::Borrowed(""),
        }
    }
}

/// The name of a label: `1.0` is `1`, as tables write whole numbers in columns with gaps.
pub(crate) fn label_name(label: &str) -> &str {
    let label = label.trim();
    let Some((whole, fraction)) = label.split_once('.') else {
        return label;
    };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let plain = digits == "0" || (!digits.starts_with('0') && !digits.is_empty());
    let is_whole = plain
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !fraction.is_empty()
        && fraction.bytes().all(|b| b == b'0');
    match is_whole {
        true if digits == "0" => digits,
        true => whole,
        false => label,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_one_name() {
        for (label, name) in [
            (" spam\t", "spam"),
            ("1.0", "1"),
            ("-3.00", "-3"),
            ("-0.0", "0"),
            ("1.5", "1.5"),
            ("v1.0", "v1.0"),
            ("1.", "1."),
            (".0", ".0"),
            ("01.0", "01.0"),
            ("1.0.0", "1.0.0"),
        ] {
            assert_eq!(label_name(label), name, "{label}");
        }
        for (value, text) in [
            (Value::Float(1.0), "1"),
            (Value::Float(-0.0), "0"),
            (Value::single(0.1), "0.1"),
            (Value::Float(f64::NAN), ""),
            (Value::Float(f64::INFINITY), "inf"),
            (Value::Integer(7), "7"),
        ] {
            assert_eq!(value.into_text(), text);
        }
    }
}
