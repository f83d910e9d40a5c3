//! Text in, matrices out: corpora, tokenising, batching, pooling and the libtorch engine of llm-mri.
