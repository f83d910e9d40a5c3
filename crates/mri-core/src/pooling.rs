use std::fmt;
use std::str::FromStr;

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::model::ModelKind;
use crate::names::UnknownName;

/// How the token states of a text become one row.
///
/// Pools run over the real tokens of the text, special tokens included, padding never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum Pooling {
    /// The first token: `[CLS]` for encoders.
    First,
    /// The last token: the only one of a causal decoder that has seen the whole text.
    Last,
    /// The mean over the tokens, summed in `f32` or better.
    Mean,
    /// The maximum over the tokens, per column.
    Max,
    /// The token at this position, counted from 0. A text that is too short is an error.
    Position(usize),
    /// No pooling: every token is a row.
    Tokens,
}

impl Pooling {
    /// What suits a model: [`Pooling::First`] for encoders, [`Pooling::Last`] for decoders.
    ///
    /// The first token of a decoder has seen nothing of the text; where it is a fixed
    /// beginning-of-text token, its states are the same for every text.
    #[must_use]
    pub fn default_for(kind: ModelKind) -> Self {
        match kind {
            ModelKind::Encoder => Self::First,
            ModelKind::Decoder => Self::Last,
        }
    }

    /// The row (counted from 0) of the one token that is picked from a text of `length` tokens.
    /// `None` where pooling takes more than one token, or where the position is past the end.
    #[must_use]
    pub fn picks(self, length: usize) -> Option<usize> {
        match self {
            Self::First => (length > 0).then_some(0),
            Self::Last => length.checked_sub(1),
            Self::Position(i) => (i < length).then_some(i),
            Self::Mean | Self::Max | Self::Tokens => None,
        }
    }

    /// The rows that this pooling makes of the states of one text, for engines whose states lie in
    /// ordinary memory.
    ///
    /// `states` has shape (tokens, width). The result has shape (1, width), or that of `states` for
    /// [`Pooling::Tokens`]; it is `None` where there is no such token
    /// ([`TokenBatch::check`](crate::TokenBatch::check) refuses such a text).
    ///
    /// ```
    /// # use mri_core::Pooling;
    /// # use ndarray::array;
    /// let states = array![[1.0, 5.0], [3.0, 4.0]];
    /// assert_eq!(Pooling::Last.pool(states.view()), Some(array![[3.0, 4.0]]));
    /// assert_eq!(Pooling::Mean.pool(states.view()), Some(array![[2.0, 4.5]]));
    /// assert_eq!(Pooling::Max.pool(states.view()), Some(array![[3.0, 5.0]]));
    /// assert_eq!(Pooling::Position(2).pool(states.view()), None);
    /// ```
    #[must_use]
    pub fn pool(self, states: ArrayView2<'_, f32>) -> Option<Array2<f32>> {
        let tokens = states.nrows();
        if tokens == 0 {
            return None;
        }
        let row = match self {
            Self::Tokens => return Some(states.to_owned()),
            Self::Mean => {
                let sums = states.mapv(f64::from).sum_axis(Axis(0));
                sums.mapv(|sum| (sum / tokens as f64) as f32)
            }
            Self::Max => states.fold_axis(Axis(0), f32::NEG_INFINITY, |m, &x| m.max(x)),
            Self::First | Self::Last | Self::Position(_) => {
                states.row(self.picks(tokens)?).to_owned()
            }
        };
        Some(row.insert_axis(Axis(0)))
    }
}

impl fmt::Display for Pooling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::Last => f.write_str("last"),
            Self::Mean => f.write_str("mean"),
            Self::Max => f.write_str("max"),
            Self::Position(i) => write!(f, "position:{i}"),
            Self::Tokens => f.write_str("tokens"),
        }
    }
}

impl FromStr for Pooling {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let bad = || UnknownName {
            kind: "pooling",
            text: text.to_owned(),
            expected: &["first", "last", "mean", "max", "tokens", "position:N"],
        };
        Ok(match text {
            "first" => Self::First,
            "last" => Self::Last,
            "mean" => Self::Mean,
            "max" => Self::Max,
            "tokens" => Self::Tokens,
            _ => {
                let index = text.strip_prefix("position:").ok_or_else(bad)?;
                Self::Position(index.parse().map_err(|_| bad())?)
            }
        })
    }
}

impl From<Pooling> for String {
    fn from(pooling: Pooling) -> Self {
        pooling.to_string()
    }
}

impl TryFrom<String> for Pooling {
    type Error = UnknownName;

    fn try_from(text: String) -> Result<Self, UnknownName> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pooling_names_go_there_and_back() {
        use Pooling::*;
        for pooling in [First, Last, Mean, Max, Position(4), Tokens] {
            assert_eq!(pooling.to_string().parse::<Pooling>().unwrap(), pooling);
        }
        for text in ["cls", "position:", "position:-1", "First"] {
            assert!(text.parse::<Pooling>().is_err());
        }
    }
}
