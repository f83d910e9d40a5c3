//! A brain scanner for language models.
