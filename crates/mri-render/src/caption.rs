/// What a picture says about where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caption {
    /// The model's name.
    pub model: String,
    /// The reducer's name, such as `PCA`.
    pub reducer: String,
    /// The grid, such as `10 × 10`.
    pub grid: String,
    /// What the corpus is called.
    pub corpus: String,
}

impl Caption {
    /// The parts that are known, in one line, with `more` at the end.
    pub(crate) fn line(&self, more: &[String]) -> String {
        let known = [
            (&self.model, ""),
            (&self.corpus, ""),
            (&self.reducer, ""),
            (&self.grid, "grid "),
        ];
        let mut parts: Vec<String> = known
            .into_iter()
            .filter(|(value, _)| !value.is_empty())
            .map(|(value, prefix)| format!("{prefix}{value}"))
            .collect();
        parts.extend_from_slice(more);
        parts.join("  ·  ")
    }
}
