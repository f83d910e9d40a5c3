use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::names::UnknownName;

/// A place inside a transformer block whose output can be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Site {
    /// The residual stream: index 0 is the embedding output, index `i` the output of block `i`.
    /// These are the `hidden_states` of Hugging Face transformers.
    Resid,
    /// What the attention of block `i` (counted from 1) adds to the residual stream.
    AttnOut,
    /// What the feed-forward part of block `i` adds to the residual stream.
    MlpOut,
    /// The neurons of block `i`: the input of the down projection.
    MlpAct,
}

impl Site {
    /// The index of the site's first layer: the residual stream starts before the first block.
    #[must_use]
    pub fn first_index(self) -> usize {
        match self {
            Self::Resid => 0,
            Self::AttnOut | Self::MlpOut | Self::MlpAct => 1,
        }
    }
}

crate::enum_names! {
    Site, "site";
    Resid => "resid",
    AttnOut => "attn_out",
    MlpOut => "mlp_out",
    MlpAct => "mlp_act",
}

/// One recorded layer: a site and the number of the block it follows.
///
/// Written `resid.03`, which is also the stem of its file. Layers order by site, then by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Layer {
    /// Where in the block.
    pub site: Site,
    /// After how many blocks; 0 is the embedding output (for [`Site::Resid`] only).
    pub index: usize,
}

impl Layer {
    /// The residual stream after `index` blocks.
    #[must_use]
    pub fn resid(index: usize) -> Self {
        Self {
            site: Site::Resid,
            index,
        }
    }

    /// The layer in words, for titles: `Embedding`, `Layer 3`, `attn_out 3`.
    #[must_use]
    pub fn title(self) -> String {
        match self.site {
            Site::Resid if self.index == 0 => "Embedding".to_owned(),
            Site::Resid => format!("Layer {}", self.index),
            site => format!("{site} {}", self.index),
        }
    }

    /// The title for where there is little room: `Emb`, `3`, `A3`, `M3`, `N3` (a site's letter,
    /// with N for the neurons of [`Site::MlpAct`]).
    #[must_use]
    pub fn abbreviation(self) -> String {
        match self.site {
            Site::Resid if self.index == 0 => "Emb".to_owned(),
            Site::Resid => self.index.to_string(),
            Site::AttnOut => format!("A{}", self.index),
            Site::MlpOut => format!("M{}", self.index),
            Site::MlpAct => format!("N{}", self.index),
        }
    }

    /// The layer in the names of regions and in tables of the residual stream, as LLM-MRI writes
    /// it: `3`, preceded by the site where that is another, `attn_out.3`.
    #[must_use]
    pub fn short_name(self) -> String {
        match self.site {
            Site::Resid => self.index.to_string(),
            site => format!("{site}.{}", self.index),
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.site, self.index)
    }
}

impl FromStr for Layer {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let bad = || UnknownName {
            kind: "layer",
            text: text.to_owned(),
            expected: &["resid.NN", "attn_out.NN", "mlp_out.NN", "mlp_act.NN"],
        };
        let (site, index) = text.split_once('.').ok_or_else(bad)?;
        let site: Site = site.parse().map_err(|_| bad())?;
        if index.is_empty() || !index.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        Ok(Self {
            site,
            index: index.parse().map_err(|_| bad())?,
        })
    }
}

impl From<Layer> for String {
    fn from(layer: Layer) -> Self {
        layer.to_string()
    }
}

impl TryFrom<String> for Layer {
    type Error = UnknownName;

    fn try_from(text: String) -> Result<Self, UnknownName> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for site in Site::ALL {
            for index in [0, 7, 12, 123] {
                let layer = Layer { site, index };
                assert_eq!(layer.to_string().parse::<Layer>().unwrap(), layer);
            }
        }
        assert_eq!(Layer::resid(3).to_string(), "resid.03");
    }

    #[test]
    fn every_way_to_write_a_layer_keeps_layers_apart() {
        let layers = || {
            let of_site = |site: Site| [0, 1, 3].map(|index| Layer { site, index });
            Site::ALL.into_iter().flat_map(of_site)
        };
        for write in [Layer::title, Layer::abbreviation, Layer::short_name] {
            let names: HashSet<String> = layers().map(write).collect();
            assert_eq!(names.len(), layers().count());
        }
        let write = |layer: Layer| [layer.title(), layer.abbreviation(), layer.short_name()];
        assert_eq!(write(Layer::resid(0)), ["Embedding", "Emb", "0"]);
        assert_eq!(write(Layer::resid(3)), ["Layer 3", "3", "3"]);
        let neurons = Layer {
            site: Site::MlpAct,
            index: 3,
        };
        assert_eq!(write(neurons), ["mlp_act 3", "N3", "mlp_act.3"]);
    }

    #[test]
    fn rejects_what_is_not_a_layer() {
        for text in [
            "",
            "resid",
            "resid.",
            "resid.-1",
            "resid.+1",
            "block.1",
            ".1",
            "resid.1.2",
        ] {
            assert!(text.parse::<Layer>().is_err(), "{text:?} was taken");
        }
    }
}
