use std::fmt;

use thiserror::Error;

/// A name that an enum does not have, with the names that it has.
///
/// The error of `FromStr` for every enum whose names are given by
/// [`enum_names!`](crate::enum_names), and for the few with a number in a name, such as
/// `position:3`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is not a {kind}; expected {}", one_of(.expected))]
pub struct UnknownName {
    /// What the enum is, such as `"site"`.
    pub kind: &'static str,
    /// What was given.
    pub text: String,
    /// The valid names, or their patterns, such as `"position:N"`.
    pub expected: &'static [&'static str],
}

/// Lists names as a sentence does: `a`, `a or b`, `a, b or c`.
fn one_of(names: &[&str]) -> impl fmt::Display {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}

/// Gives the variants of a field-less enum their names, in one place.
///
/// Adds to the enum the constants `ALL` and `NAMES` (both in the order listed), the method `name`,
/// `Display`, and `FromStr` with the error [`UnknownName`](crate::UnknownName). A variant that is
/// left out does not compile, so that `ALL` is complete. Further spellings that are parsed but
/// never printed follow the name after a bar: `MinMax => "min-max" | "min_max"`.
///
/// ```
/// #[derive(Debug, Clone, Copy, PartialEq)]
/// enum Direction {
///     Left,
///     Right,
/// }
///
/// mri_core::enum_names! {
///     Direction, "direction";
///     Left => "left",
///     Right => "right",
/// }
///
/// assert_eq!("right".parse(), Ok(Direction::Right));
/// assert_eq!(Direction::Left.to_string(), "left");
/// assert_eq!(Direction::NAMES, ["left", "right"]);
/// let error = "up".parse::<Direction>().unwrap_err();
/// assert_eq!(error.to_string(), r#""up" is not a direction; expected left or right"#);
/// ```
#[macro_export]
macro_rules! enum_names {
    ($enum:ident, $kind:literal; $($variant:ident => $name:literal $(| $alias:literal)*),+ $(,)?) => {
        #[allow(unreachable_pub, reason = "the enum may be private")]
        impl $enum {
            /// Every variant, in the order in which they are listed.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The names of all variants, in the order of `ALL`.
            pub const NAMES: [&'static str; [$($name),+].len()] = [$($name),+];

            /// The name, as it is printed and parsed.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        impl ::std::fmt::Display for $enum {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl ::std::str::FromStr for $enum {
            type Err = $crate::UnknownName;

            fn from_str(text: &str) -> ::std::result::Result<Self, $crate::UnknownName> {
                match text {
                    $($name $(| $alias)* => ::std::result::Result::Ok(Self::$variant),)+
                    _ => ::std::result::Result::Err($crate::UnknownName {
                        kind: $kind,
                        text: ::std::string::ToString::to_string(text),
                        expected: &Self::NAMES,
                    }),
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Size {
        Small,
        Medium,
        Large,
    }

    crate::enum_names! {
        Size, "size";
        Small => "s",
        Medium => "m",
        Large => "l" | "large",
    }

    #[test]
    fn names_go_there_and_back() {
        for (size, name) in Size::ALL.into_iter().zip(Size::NAMES) {
            assert_eq!(size.to_string(), name);
            assert_eq!(name.parse(), Ok(size));
        }
        assert_eq!("large".parse(), Ok(Size::Large));
        assert_eq!(format!("{:>3}", Size::Small), "  s");
    }

    #[test]
    fn another_name_is_answered_with_those_there_are() {
        let error = "S".parse::<Size>().unwrap_err();
        assert_eq!(
            error.to_string(),
            r#""S" is not a size; expected s, m or l"#
        );
        let words: Vec<String> = [&["a", "b"][..], &["a"], &[]]
            .map(|names| one_of(names).to_string())
            .into();
        assert_eq!(words, ["a or b", "a", ""]);
    }
}
