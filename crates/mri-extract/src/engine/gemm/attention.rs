//! What fused attention computes, and on which rows.

use std::ops::Range;

use super::microkernel::{KC, StridedRows};
use super::tile::level;

/// Fused attention of a block's heads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::engine) struct FlashAttention {
    /// Query heads.
    pub(in crate::engine) heads: usize,
    /// Key and value heads; each serves `heads / kv_heads` query heads.
    pub(in crate::engine) kv_heads: usize,
    /// At most `KC`.
    pub(in crate::engine) head_width: usize,
    /// Factor on the scores.
    pub(in crate::engine) scale: f32,
    /// A query sees no later keys.
    pub(in crate::engine) causal: bool,
    /// A query sees only keys less than this far away.
    pub(in crate::engine) window: Option<usize>,
}

/// Consecutive queries of a text, with all its keys and values.
pub(in crate::engine) struct QueryTile<'a> {
    /// One row per query, all heads side by side.
    pub(in crate::engine) queries: StridedRows<'a>,
    /// The positions of the queries in the text.
    pub(in crate::engine) positions: Range<usize>,
    /// One row per token of the text.
    pub(in crate::engine) keys: StridedRows<'a>,
    /// One row per token of the text.
    pub(in crate::engine) values: StridedRows<'a>,
    /// The tokens of the text.
    pub(in crate::engine) length: usize,
}

impl FlashAttention {
    /// Whether [`attend`](Self::attend) can be used: the processor has wide vectors and the heads
    /// are not too wide.
    pub(in crate::engine) fn supported(&self) -> bool {
        level().is_some() && self.head_width <= KC
    }

    /// The keys that a query sees.
    #[inline(always)]
    pub(super) fn visible_keys(&self, query: usize, length: usize) -> Range<usize> {
        let window = self.window.unwrap_or(length);
        let end = if self.causal {
            query + 1
        } else {
            query.saturating_add(window)
        };
        (query + 1).saturating_sub(window)..end.min(length)
    }
}
