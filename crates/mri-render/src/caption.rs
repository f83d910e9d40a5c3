/// The provenance that a figure states in its subtitle. Empty fields are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caption {
    /// Name of the model.
    pub model: String,
    /// Name of the reducer, such as `PCA`.
    pub reducer: String,
    /// The grid, such as `10 × 10`.
    pub grid: String,
    /// Name of the corpus.
    pub corpus: String,
}

impl Caption {
    /// The non-empty fields and `more` in one line.
    pub(crate) fn line(&self, more: &[String]) -> String {
        let fields = [
            (&self.model, ""),
            (&self.corpus, ""),
            (&self.reducer, ""),
            (&self.grid, "grid "),
        ];
        let mut parts: Vec<String> = fields
            .into_iter()
            .filter(|(value, _)| !value.is_empty())
            .map(|(value, prefix)| format!("{prefix}{value}"))
            .collect();
        parts.extend_from_slice(more);
        parts.join("  ·  ")
    }
}
