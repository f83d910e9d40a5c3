/// An eigenvalue problem.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Problem {
    /// Rows of the matrix.
    pub(crate) width: usize,
    /// The number of eigenvectors wanted.
    pub(crate) components: usize,
    /// The sum of all eigenvalues.
    pub(crate) trace: f64,
    /// Multiplications per product with a vector.
    pub(crate) work: usize,
    /// The limit of block products.
    pub(crate) steps: usize,
}
