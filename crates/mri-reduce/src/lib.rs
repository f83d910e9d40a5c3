//! Matrices in, few columns out: PCA, SVD and neighbour embeddings of llm-mri.
