use std::path::Path;
use std::sync::Arc;

use mri_core::{Labels, Shard};

use crate::error::{CorpusError, ShardError};

/// The labels of a corpus, which must not be empty.
pub(crate) fn some_labels(
    path: &Path,
    names: Vec<String>,
    categories: Vec<u32>,
    n_dropped: usize,
) -> Result<Arc<Labels>, CorpusError> {
    if categories.is_empty() {
        return Err(CorpusError::Empty {
            path: path.to_owned(),
            n_dropped,
        });
    }
    Ok(Arc::new(Labels::new(names, categories)?))
}

/// The labels of a shard; shards of shards are rejected.
pub(crate) fn shard_labels(
    labels: &Labels,
    shard: Shard,
    of_shard: bool,
) -> Result<Arc<Labels>, CorpusError> {
    if of_shard {
        return Err(ShardError::Nested.into());
    }
    let texts = labels.len();
    let rows: Vec<usize> = shard.rows(texts).collect();
    if rows.is_empty() {
        return Err(ShardError::Empty { shard, texts }.into());
    }
    Ok(Arc::new(labels.select(&rows)?))
}
