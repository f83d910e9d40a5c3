use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::shard::Shard;

/// Identifies a corpus: what its texts are and where they were read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorpusOrigin {
    /// The SHA-256 of texts and labels in corpus order, as 64 hexadecimal digits. Two corpora with
    /// the same hash hold the same texts, whatever file format they come from.
    pub hash: String,
    /// The file or folder that the corpus was read from.
    pub source: PathBuf,
    /// The number of rows that were dropped because they lack a text or a label.
    pub n_dropped: usize,
    /// The number of labeled texts that were read; a sample keeps fewer.
    pub n_read: usize,
    /// The whole corpus that this one is a shard of; `None` for a whole corpus.
    pub shard: Option<ShardOrigin>,
}

/// Identifies the whole corpus that a shard was taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardOrigin {
    /// Which shard it is.
    pub shard: Shard,
    /// The hash of the whole corpus, as in [`CorpusOrigin::hash`].
    pub corpus: String,
    /// The number of texts of the whole corpus.
    pub texts: usize,
}
