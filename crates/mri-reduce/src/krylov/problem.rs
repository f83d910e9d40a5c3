/// An eigenvalue problem.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Problem {
    /// Rows of the matrix.
    pub(crate) width: usize,
    /// The number of eigenvectors wanted.
    pub(crate) components: usize,
    /// The sum of all eigenvalues.
    pub(crate) trace: f64,
    /// Multiplications that one product with a vector takes.
    pub(crate) work: usize,
    /// Blocks of vectors to multiply with before giving up.
    pub(crate) steps: usize,
}
