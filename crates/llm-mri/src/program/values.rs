//! The values of flags: closed lists that `--help` shows, and numbers within bounds.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ValueEnum, builder::ValueParser};
use llm_mri::corpus::{Format, Quotes};
use llm_mri::{Binning, Distance, Dtype, Init, ReducerKind, Scaling, Site, StoreDtype};

/// A name, what it means, and its value.
type Named<T> = (&'static str, &'static str, T);

const REDUCERS: &[Named<ReducerKind>] = &[
    ("pca", "principal components", ReducerKind::Pca),
    (
        "svd",
        "singular vectors, without centering",
        ReducerKind::Svd,
    ),
    (
        "random-projection",
        "Gaussian random directions",
        ReducerKind::RandomProjection,
    ),
    (
        "umap",
        "keeps neighborhoods; optimizes a fuzzy graph",
        ReducerKind::Umap,
    ),
    (
        "tsne",
        "keeps neighborhoods; Barnes-Hut t-SNE",
        ReducerKind::Tsne,
    ),
    (
        "pacmap",
        "keeps neighborhoods and more of the large distances; three kinds of pairs",
        ReducerKind::Pacmap,
    ),
];

const SCALINGS: &[Named<Scaling>] = &[
    ("none", "columns as they are", Scaling::None),
    ("center", "subtract the mean", Scaling::Center),
    (
        "standardize",
        "subtract the mean, divide by the standard deviation",
        Scaling::Standardize,
    ),
    ("min-max", "map the range to 0 … 1", Scaling::MinMax),
];

const METRICS: &[Named<Distance>] = &[
    ("euclidean", "length of the difference", Distance::Euclidean),
    (
        "cosine",
        "angle between rows; best with --scaling none",
        Distance::Cosine,
    ),
];

const INITS: &[Named<Init>] = &[
    ("pca", "principal components", Init::Pca),
    (
        "spectral",
        "eigenvectors of the neighbor graph",
        Init::Spectral,
    ),
];

const SITES: &[Named<Site>] = &[
    ("resid", "the residual stream", Site::Resid),
    (
        "attn_out",
        "what attention adds to the residual stream",
        Site::AttnOut,
    ),
    (
        "mlp_out",
        "what the MLP adds to the residual stream",
        Site::MlpOut,
    ),
    ("mlp_act", "the neurons of the MLP", Site::MlpAct),
];

const DTYPES: &[Named<Dtype>] = &[
    ("f32", "32-bit floats, the reference", Dtype::F32),
    ("bf16", "bfloat16", Dtype::Bf16),
    ("f16", "16-bit floats", Dtype::F16),
];

const STORE_DTYPES: &[Named<StoreDtype>] = &[
    ("f32", "32-bit floats", StoreDtype::F32),
    (
        "f16",
        "16-bit floats: half the size, three decimal digits",
        StoreDtype::F16,
    ),
];

const FORMATS: &[Named<Format>] = &[
    (
        "csv",
        "a table separated by commas or semicolons",
        Format::Csv,
    ),
    ("tsv", "a table separated by tabs", Format::Tsv),
    ("jsonl", "an object per line", Format::JsonLines),
    ("json", "a list of objects", Format::Json),
    ("parquet", "a Parquet table", Format::Parquet),
    (
        "arrow",
        "Arrow's stream or file, also Feather, not compressed",
        Format::Arrow,
    ),
];

const QUOTES: &[Named<Quotes>] = &[
    (
        "auto",
        "as csv; with tabs, letters unless they enclose a field",
        Quotes::Auto,
    ),
    (
        "csv",
        "a quote that starts a field encloses it",
        Quotes::Csv,
    ),
    ("none", "letters", Quotes::None),
];

pub(crate) fn format() -> ValueParser {
    one_of(FORMATS)
}

pub(crate) fn quotes() -> ValueParser {
    one_of(QUOTES)
}

pub(crate) fn reducer() -> ValueParser {
    one_of(REDUCERS)
}

pub(crate) fn scaling() -> ValueParser {
    one_of(SCALINGS)
}

pub(crate) fn metric() -> ValueParser {
    one_of(METRICS)
}

pub(crate) fn init() -> ValueParser {
    one_of(INITS)
}

pub(crate) fn site() -> ValueParser {
    one_of(SITES)
}

pub(crate) fn dtype() -> ValueParser {
    one_of(DTYPES)
}

pub(crate) fn store_dtype() -> ValueParser {
    one_of(STORE_DTYPES)
}

/// A parser for a closed list, which `--help` shows and a wrong value is answered with.
fn one_of<T: Copy + Send + Sync + 'static>(values: &'static [Named<T>]) -> ValueParser {
    let possible = values
        .iter()
        .map(|&(name, help, _)| PossibleValue::new(name).help(help));
    let find = |name: String| {
        let mut values = values.iter();
        let found = values.find(|(known, _, _)| *known == name);
        found.map(|&(_, _, value)| value).ok_or("not in the list")
    };
    ValueParser::new(PossibleValuesParser::new(possible).try_map(find))
}

/// How axes are cut into cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bins {
    /// Cells of equal width
    Uniform,
    /// Cells of equal counts
    Quantile,
}

impl Bins {
    pub(crate) fn of(binning: Binning) -> Self {
        match binning {
            Binning::Quantile { .. } => Self::Quantile,
            _ => Self::Uniform,
        }
    }

    pub(crate) fn binning(self, side: usize) -> Binning {
        match self {
            Self::Uniform => Binning::Uniform { side },
            Self::Quantile => Binning::Quantile { side },
        }
    }
}

/// A count of at least 1.
pub(crate) fn positive(text: &str) -> Result<usize, String> {
    at_least(1, text)
}

/// A count of neighbors that includes the text itself, so at least 2.
pub(crate) fn neighborhood(text: &str) -> Result<usize, String> {
    at_least(2, text)
}

fn at_least(least: usize, text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number >= least => Ok(number),
        Ok(_) => Err(format!("at least {least} is needed")),
        Err(_) => Err("expected a whole number".to_owned()),
    }
}

/// Cells per side of a grid.
pub(crate) fn side(text: &str) -> Result<usize, String> {
    let side = text.parse().map_err(|_| "expected a whole number")?;
    let checked = Binning::Uniform { side }.check();
    checked.map_err(|error| error.to_string())?;
    Ok(side)
}

/// A share or rate from 0 to 1.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

/// A range of layer numbers, both ends included: `2..5`, `2..=5`, or one number.
pub(crate) fn layers(text: &str) -> Result<(usize, usize), String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let number = |text: &str| text.trim_start_matches('=').trim().parse::<usize>();
    match (number(first), number(last)) {
        (Ok(first), Ok(last)) => Ok((first, last)),
        _ => Err("expected A..B, such as 2..5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_complete_and_spelled_as_the_library_spells_them() {
        let reducers: Vec<_> = REDUCERS
            .iter()
            .map(|&(name, _, kind)| (name, kind))
            .collect();
        assert_eq!(reducers, ReducerKind::ALL.map(|kind| (kind.name(), kind)));
        let sites: Vec<_> = SITES.iter().map(|&(name, _, site)| (name, site)).collect();
        assert_eq!(sites, Site::ALL.map(|site| (site.name(), site)));
        for &(name, _, scaling) in SCALINGS {
            assert_eq!(name.parse().ok(), Some(scaling));
        }
        for &(name, _, metric) in METRICS {
            assert_eq!(name, metric.to_string());
        }
        for &(name, _, init) in INITS {
            assert_eq!(name, init.to_string());
        }
        for &(name, _, dtype) in DTYPES {
            assert_eq!(name, dtype.to_string());
        }
    }

    #[test]
    fn numbers_are_within_bounds() {
        assert_eq!(positive("3"), Ok(3));
        assert!(positive("0").is_err() && positive("x").is_err());
        assert!(neighborhood("1").is_err() && neighborhood("2").is_ok());
        assert!(side("0").is_err() && side("70000").is_err() && side("10").is_ok());
        assert!(share("1.5").is_err() && share("NaN").is_err() && share("0.5").is_ok());
        for (text, range) in [("2..5", (2, 5)), ("2..=5", (2, 5)), ("3", (3, 3))] {
            assert_eq!(layers(text), Ok(range));
        }
        assert!(layers("a..b").is_err());
    }
}
