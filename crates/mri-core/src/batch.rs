/// Texts as token ids, without padding: text `i` is `tokens[offsets[i]..offsets[i + 1]]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenBatch {
    tokens: Vec<u32>,
    ends: Vec<usize>,
}

impl TokenBatch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text after the others.
    pub fn push(&mut self, tokens: &[u32]) {
        self.tokens.extend_from_slice(tokens);
        self.ends.push(self.tokens.len());
    }

    /// The number of texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The number of tokens of all texts together.
    #[must_use]
    pub fn n_tokens(&self) -> usize {
        self.tokens.len()
    }

    /// The length of the longest text, 0 for an empty batch.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.iter().map(<[u32]>::len).max().unwrap_or(0)
    }

    /// The tokens of one text, `None` past the last.
    #[must_use]
    pub fn get(&self, text: usize) -> Option<&[u32]> {
        let end = *self.ends.get(text)?;
        let start = if text == 0 { 0 } else { self.ends[text - 1] };
        Some(&self.tokens[start..end])
    }

    /// The texts in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u32]> + '_ {
        (0..self.len()).map(|text| self.get(text).unwrap_or_default())
    }
}

impl<'a> FromIterator<&'a [u32]> for TokenBatch {
    fn from_iter<T: IntoIterator<Item = &'a [u32]>>(texts: T) -> Self {
        let mut batch = Self::new();
        for text in texts {
            batch.push(text);
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_their_texts() {
        let texts: [&[u32]; 3] = [&[1, 2, 3], &[4], &[5, 6]];
        let batch: TokenBatch = texts.into_iter().collect();
        assert_eq!(batch.iter().collect::<Vec<_>>(), texts);
        assert_eq!((batch.len(), batch.n_tokens(), batch.longest()), (3, 6, 3));
    }
}
